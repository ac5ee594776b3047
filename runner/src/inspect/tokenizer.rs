//! What the metadata says of the tokenizer, and what will or may go wrong with it.

use std::collections::BTreeMap;

use gguf::{GgufError, Header, Text};
use schemas::inspection::{SpecialToken, TokenizerFacts};

use crate::model_file::CHAT_TEMPLATE_KEY;

const PREFIX: &str = "tokenizer.ggml.";

/// The names of the numbers in `tokenizer.ggml.token_type` (`llama_token_type` of `llama.h`).
const TOKEN_TYPES: [&str; 7] = [
    "undefined",
    "normal",
    "unknown",
    "control",
    "user-defined",
    "unused",
    "byte",
];

/// The facts. Nothing is guessed: what a file does not say is absent.
pub(super) fn facts(header: &Header) -> TokenizerFacts {
    let metadata = header.metadata();
    let mut read = Reader {
        warnings: Vec::new(),
    };
    let key = |name: &str| format!("{PREFIX}{name}");
    let model = read.text(metadata.str(&key("model")));
    let pre = read.text(metadata.str(&key("pre")));
    let tokens = read.value(metadata.strings(&key("tokens")));
    let merges = read.value(metadata.strings(&key("merges")));
    let types = read.value(metadata.i32s(&key("token_type")));
    let scores = read.value(metadata.f32s(&key("scores")));
    let add_bos = read.value(metadata.bool(&key("add_bos_token")));
    let add_eos = read.value(metadata.bool(&key("add_eos_token")));
    let add_space_prefix = read.value(metadata.bool(&key("add_space_prefix")));
    let special = special(header, tokens, &mut read);
    if let Some(tokens) = tokens {
        let lists = [
            ("token_type", types.map(<[_]>::len)),
            ("scores", scores.map(<[_]>::len)),
        ];
        read.check_lengths(tokens.len(), &lists);
        read.check_rows(header, tokens.len());
    } else {
        read.warn("the file has no vocabulary: no engine can tokenize with it");
    }
    if add_bos == Some(true) && !special.iter().any(|token| token.role == "bos") {
        read.warn("a BOS token is to be added, but tokenizer.ggml.bos_token_id does not name it");
    }
    // Only byte-level BPE looks at `pre`.
    let has_pre = pre.as_ref().is_some_and(|pre| !pre.is_empty());
    if model.as_deref() == Some("gpt2") && !has_pre {
        read.warn(
            "no tokenizer.ggml.pre: llama.cpp and bitnet.cpp then split text as `default`, not as \
             the model was trained; where that was LLaMA-3's way, `2 + 2 =` and `don't` get other \
             tokens than from the model's own tokenizer.json",
        );
    }
    TokenizerFacts {
        model,
        pre,
        n_tokens: tokens.map(|tokens| tokens.len() as u64),
        n_merges: merges.map(|merges| merges.len() as u64),
        token_types: types.map(count_types),
        special,
        add_bos,
        add_eos,
        add_space_prefix,
        warnings: read.warnings,
    }
}

/// The chat templates by their names.
pub(super) fn chat_templates(header: &Header) -> BTreeMap<String, String> {
    let entries = header.metadata().entries().iter();
    entries
        .filter_map(|(key, value)| {
            let name = match key.strip_prefix(CHAT_TEMPLATE_KEY)? {
                "" => "default",
                rest => rest.strip_prefix('.')?,
            };
            match value {
                gguf::Value::String(text) => Some((name.to_owned(), text.to_lossy())),
                _ => None,
            }
        })
        .collect()
}

/// Takes what has the right type and notes what has not.
struct Reader {
    warnings: Vec<String>,
}

impl Reader {
    fn warn(&mut self, warning: &str) {
        self.warnings.push(warning.to_owned());
    }

    fn value<T>(&mut self, read: Result<Option<T>, GgufError>) -> Option<T> {
        read.unwrap_or_else(|error| {
            self.warnings.push(error.to_string());
            None
        })
    }

    fn text(&mut self, read: Result<Option<&str>, GgufError>) -> Option<String> {
        self.value(read).map(str::to_owned)
    }

    fn check_lengths(&mut self, n_tokens: usize, lists: &[(&str, Option<usize>)]) {
        for (name, length) in lists {
            if let Some(length) = length.filter(|&length| length != n_tokens) {
                self.warnings.push(format!(
                    "tokenizer.ggml.{name} has {length} entries for {n_tokens} tokens"
                ));
            }
        }
    }

    /// More rows than tokens is common (padding); fewer leaves tokens without a row.
    fn check_rows(&mut self, header: &Header, n_tokens: usize) {
        let rows = header
            .tensor("token_embd.weight")
            .map(gguf::TensorInfo::rows);
        if let Some(rows) = rows.filter(|&rows| rows < n_tokens as u64) {
            self.warnings.push(format!(
                "token_embd.weight has {rows} rows for {n_tokens} tokens"
            ));
        }
    }
}

/// Every `tokenizer.ggml.ROLE_token_id`, whatever roles there may be.
fn special(header: &Header, tokens: Option<&[Text]>, read: &mut Reader) -> Vec<SpecialToken> {
    let metadata = header.metadata();
    let mut special = Vec::new();
    for (key, _) in metadata.entries() {
        let role = key.strip_prefix(PREFIX);
        let Some(role) = role.and_then(|key| key.strip_suffix("_token_id")) else {
            continue;
        };
        let Some(id) = read.value(metadata.u32(key)) else {
            continue;
        };
        let text = tokens.and_then(|tokens| tokens.get(id as usize));
        if let (Some(tokens), None) = (tokens, text) {
            read.warnings.push(format!(
                "{key} is {id}, the vocabulary has {} tokens",
                tokens.len()
            ));
        }
        special.push(SpecialToken {
            role: role.to_owned(),
            id,
            text: text.map(Text::to_lossy),
        });
    }
    special.sort_by(|a, b| a.role.cmp(&b.role));
    special
}

fn count_types(types: &[i32]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for &number in types {
        let known = usize::try_from(number)
            .ok()
            .and_then(|n| TOKEN_TYPES.get(n));
        let name = known.map_or_else(|| format!("type-{number}"), |&name| name.to_owned());
        *counts.entry(name).or_default() += 1;
    }
    counts
}
