//! The pre-tokenizers by name, as data: which splits cut a text into words, and what else a name
//! decides in llama.cpp.
//!
//! A new one is a row here, and a new way to split is a variant of [`Split`]. A name that has no row
//! is refused: a wrong splitter gives plausible ids that are not the model's.

use super::characters::Class;
use super::splits::Split;

/// What a value of `tokenizer.ggml.pre` stands for.
pub(super) struct PreTokenizer {
    names: &'static [&'static str],
    /// Applied in order, each within the pieces that the ones before it left.
    pub(super) splits: &'static [Split],
    /// A word that is a token is taken as it is; the merges might build it from other parts.
    pub(super) ignore_merges: bool,
    /// Whether a BOS token is added if the file does not say.
    pub(super) adds_bos: bool,
    /// Whether a BOS id is assumed if the file does not name one.
    pub(super) assumes_bos: bool,
}

const PLAIN: PreTokenizer = PreTokenizer {
    names: &[],
    splits: &[],
    ignore_merges: false,
    adds_bos: false,
    assumes_bos: true,
};

const ONE_NUMBER: Split = Split::Isolate {
    member: |_, class| class == Class::Number,
    least: 1,
    most: 1,
};
const NUMBERS: Split = Split::Isolate {
    member: |_, class| class == Class::Number,
    least: 1,
    most: usize::MAX,
};
const THREE_DIGITS: Split = Split::Isolate {
    member: |code, _| matches!(code, 0x30..=0x39),
    least: 3,
    most: 3,
};
// `$+<=>^~|` are symbols, not punctuation. The grave accent is one too, and only Falcon has it here.
const PUNCTUATION: Split = Split::Isolate {
    member: |code, class| class == Class::Punctuation || is_one_of(code, "$+<=>^~|"),
    least: 1,
    most: usize::MAX,
};
const PUNCTUATION_AND_GRAVE: Split = Split::Isolate {
    member: |code, class| class == Class::Punctuation || is_one_of(code, "$+<=>^~|`"),
    least: 1,
    most: usize::MAX,
};

const PRE_TOKENIZERS: &[PreTokenizer] = &[
    PreTokenizer {
        names: &["default"],
        splits: &[PUNCTUATION, Split::Gpt2, NUMBERS, THREE_DIGITS],
        ..PLAIN
    },
    PreTokenizer {
        names: &["falcon"],
        splits: &[PUNCTUATION_AND_GRAVE, Split::Gpt2, THREE_DIGITS],
        ..PLAIN
    },
    PreTokenizer {
        names: &[
            "smollm",
            "starcoder",
            "refact",
            "command-r",
            "codeshell",
            "exaone",
            "minerva-7b",
            "mellum2",
        ],
        splits: &[ONE_NUMBER, Split::Gpt2],
        ..PLAIN
    },
    PreTokenizer {
        names: &[
            "gpt-2",
            "phi-2",
            "jina-es",
            "jina-de",
            "gigachat",
            "jina-v2-es",
            "jina-v2-de",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "jina-v1-en",
            "jina-v2-code",
            "roberta-bpe",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
            "exaone4",
        ],
        splits: &[Split::Gpt2],
        ..PLAIN
    },
    PreTokenizer {
        names: &[
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        splits: &[Split::Llama { digits: 3 }],
        ignore_merges: true,
        adds_bos: true,
        ..PLAIN
    },
    PreTokenizer {
        names: &["dbrx", "smaug-bpe"],
        splits: &[Split::Llama { digits: 3 }],
        ..PLAIN
    },
    PreTokenizer {
        names: &["chatglm-bpe"],
        splits: &[Split::Llama { digits: 3 }],
        assumes_bos: false,
        ..PLAIN
    },
    PreTokenizer {
        names: &["glm4", "glm5"],
        splits: &[Split::Llama { digits: 3 }],
        ignore_merges: true,
        assumes_bos: false,
        ..PLAIN
    },
    PreTokenizer {
        names: &[
            "qwen2",
            "deepseek-r1-qwen",
            "kormo",
            "f2llmv2",
            "megrez",
            "stablelm2",
            "hunyuan",
            "solar-open",
            "grok-2",
        ],
        splits: &[Split::Llama { digits: 1 }],
        ..PLAIN
    },
];

impl PreTokenizer {
    /// The pre-tokenizer of that name. No name and an empty one mean `default`.
    pub(super) fn named(name: Option<&str>) -> Option<&'static Self> {
        let wanted = name.filter(|name| !name.is_empty()).unwrap_or("default");
        PRE_TOKENIZERS
            .iter()
            .find(|row| row.names.contains(&wanted))
    }
}

fn is_one_of(code: u32, ascii: &str) -> bool {
    ascii.bytes().any(|byte| u32::from(byte) == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<_> = PRE_TOKENIZERS.iter().flat_map(|row| row.names).collect();
        let rows = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows);
    }

    #[test]
    fn a_missing_name_is_default_and_an_unknown_one_is_nothing() {
        let default = PreTokenizer::named(None).map(|row| row.names);
        assert_eq!(default, Some(&["default"][..]));
        assert_eq!(PreTokenizer::named(Some("")).map(|row| row.names), default);
        assert!(PreTokenizer::named(Some("llama_bpe")).is_none());
    }
}
