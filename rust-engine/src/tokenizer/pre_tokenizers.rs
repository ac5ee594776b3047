//! The pre-tokenizers by name, as data: which splits cut a text into words, and what else a name
//! decides in llama.cpp.
//!
//! A new one is a row here and its expressions in `expressions`. A name that has no row is refused:
//! a wrong splitter gives plausible ids that are not the model's.

use super::expressions as e;
use super::splits::Split;

/// What a value of `tokenizer.ggml.pre` stands for.
pub(super) struct PreTokenizer {
    names: &'static [&'static str],
    /// Applied in order, each within the pieces that the ones before it left.
    pub(super) splits: &'static [Split],
    pub(super) writing: Writing,
    /// A word that is a token is taken as it is; the merges might build it from other parts.
    pub(super) ignore_merges: bool,
    /// Whether a BOS token is added if the file does not say.
    pub(super) adds_bos: bool,
    /// Whether a BOS id is assumed if the file does not name one.
    pub(super) assumes_bos: bool,
}

/// How the tokens of a vocabulary are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// A character of the byte alphabet for each byte.
    ByteAlphabet,
    /// As text in UTF-8; what has no token is written by tokens like `<0x0A>`.
    Text,
    /// As text, where U+2581 stands for a blank.
    EscapedBlanks(Words),
}

/// Words that are more, or less, than what the splits leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Just what the splits leave.
    AsSplit,
    /// A run of line breaks that is a token is taken as it is. BOS is added whatever the file says.
    Gemma4,
    /// As for Gemma 4 with line breaks; other words are cut before each blank, and begin with one.
    Metaspace,
}

const PLAIN: PreTokenizer = PreTokenizer {
    names: &[],
    splits: &[],
    writing: Writing::ByteAlphabet,
    ignore_merges: false,
    adds_bos: false,
    assumes_bos: true,
};

/// A row in which nothing is special but names and splits.
const fn row(names: &'static [&'static str], splits: &'static [Split]) -> PreTokenizer {
    PreTokenizer {
        names,
        splits,
        ..PLAIN
    }
}

const KIMI_K2: &str = "kimi-k2";

const PRE_TOKENIZERS: &[PreTokenizer] = &[
    row(
        &["default"],
        &[e::PUNCTUATION, e::GPT2, e::NUMBERS, e::THREE_DIGITS],
    ),
    row(
        &["falcon"],
        &[e::PUNCTUATION_AND_GRAVE, e::GPT2, e::THREE_DIGITS],
    ),
    row(
        &[
            "smollm",
            "starcoder",
            "refact",
            "command-r",
            "codeshell",
            "exaone",
            "minerva-7b",
            "mellum2",
        ],
        &[e::ONE_NUMBER, e::GPT2],
    ),
    row(
        &[
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
        &[e::GPT2],
    ),
    PreTokenizer {
        ignore_merges: true,
        adds_bos: true,
        ..row(
            &[
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
            &[e::LLAMA3],
        )
    },
    row(&["dbrx", "smaug-bpe"], &[e::LLAMA3]),
    PreTokenizer {
        assumes_bos: false,
        ..row(&["chatglm-bpe"], &[e::LLAMA3])
    },
    PreTokenizer {
        ignore_merges: true,
        assumes_bos: false,
        ..row(&["glm4", "glm5"], &[e::LLAMA3])
    },
    row(
        &[
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
        &[e::QWEN2],
    ),
    row(&["qwen35"], &[e::QWEN35]),
    row(&["laguna"], &[e::LINES, e::QWEN2]),
    PreTokenizer {
        ignore_merges: true,
        ..row(&["minicpm5"], &[e::UP_TO_THREE_NUMBERS, e::MINICPM5])
    },
    row(&["ufakzeka"], &[e::UFAKZEKA]),
    row(&["seed-coder"], &[e::SEED_CODER]),
    row(&["bailingmoe", "bailingmoe2", "llada-moe"], &[e::BAILING]),
    row(&["exaone-moe"], &[e::EXAONE_MOE]),
    row(&["jais-2"], &[e::JAIS2]),
    PreTokenizer {
        ignore_merges: true,
        adds_bos: true,
        ..row(&["tekken"], &[e::TEKKEN])
    },
    row(
        &["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
        &[e::GPT4O],
    ),
    PreTokenizer {
        ignore_merges: true,
        ..row(&["granite-embed-multi-97m"], &[e::GRANITE_EMBEDDING])
    },
    row(&["tiny_aya", "cohere2moe"], &[e::ALL_THREES, e::TINY_AYA]),
    PreTokenizer {
        ignore_merges: true,
        ..row(&["youtu"], &[e::YOUTU_SCRIPTS, e::YOUTU])
    },
    row(
        &["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
        &[e::UP_TO_THREE_NUMBERS, e::HAN_OR_KANA, e::DEEPSEEK3],
    ),
    row(
        &["spark2_5"],
        &[
            e::UP_TO_THREE_NUMBERS,
            e::HAN_OR_KANA,
            e::SPARK,
            e::ONE_NUMBER,
        ],
    ),
    row(&["afmoe"], &[e::ALL_THREES, e::AFMOE_SCRIPTS, e::DEEPSEEK3]),
    row(
        &["deepseek-llm"],
        &[
            e::LINE_BREAK,
            e::DEEPSEEK_LLM_LETTERS,
            e::DEEPSEEK_LLM_PUNCTUATION,
            e::LAST_BLANKS,
            e::HAN_OR_HANGUL,
            e::NUMBERS,
        ],
    ),
    row(
        &["deepseek-coder"],
        &[
            e::LINE_BREAK,
            e::DEEPSEEK_CODER_LETTERS,
            e::DEEPSEEK_CODER_PUNCTUATION,
            e::HAN_OR_HANGUL,
            e::ONE_NUMBER,
        ],
    ),
    row(&[KIMI_K2], &[e::KIMI_K2]),
    row(&["superbpe"], &[e::NUMBERS, e::DIGIT_THREES]),
    row(&["poro-chat", "bloom", "gpt3-finnish"], &[e::BLOOM]),
    row(&["viking"], &[e::BLOOM, e::ONE_NUMBER]),
    PreTokenizer {
        adds_bos: true,
        ..row(
            &["chameleon"],
            &[
                e::CHAMELEON_SENTINEL,
                e::CHAMELEON_IMAGE,
                e::CHAMELEON_BLANKS,
                e::ONE_NUMBER,
                e::ONE_PUNCTUATION,
                e::GPT2,
            ],
        )
    },
    PreTokenizer {
        writing: Writing::Text,
        ..row(&["whitespace"], &[e::NOT_BLANK])
    },
    PreTokenizer {
        writing: Writing::EscapedBlanks(Words::Gemma4),
        adds_bos: true,
        ..row(&["gemma4", "granite-embed-multi-311m"], &[e::LINES])
    },
    PreTokenizer {
        writing: Writing::EscapedBlanks(Words::Metaspace),
        ..row(&["mmbert"], &[e::LINES])
    },
    PreTokenizer {
        writing: Writing::EscapedBlanks(Words::AsSplit),
        ..row(&["sarvam-moe"], &[e::LINES])
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

    /// The names of all, sorted.
    pub(super) fn names() -> Vec<&'static str> {
        let mut names: Vec<_> = PRE_TOKENIZERS
            .iter()
            .flat_map(|row| row.names)
            .copied()
            .collect();
        names.sort_unstable();
        names
    }

    /// Whether a file without merges is refused.
    pub(super) fn needs_merges(&self) -> bool {
        self.names != [KIMI_K2]
    }

    /// Whether a BOS token is added even if the file says no, as llama.cpp has it for Gemma 4.
    pub(super) fn insists_on_bos(&self) -> bool {
        self.writing == Writing::EscapedBlanks(Words::Gemma4)
    }

    #[cfg(test)]
    pub(super) fn all() -> &'static [Self] {
        PRE_TOKENIZERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut names = PreTokenizer::names();
        let rows = names.len();
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
