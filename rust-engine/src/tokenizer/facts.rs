//! What the caller copies from a model file, and what it may ask for.

use super::special_ids::Role;

/// The facts of one vocabulary, as a GGUF file states them. `None` and "empty" mean that the key is
/// absent; the defaults are chosen here, because they depend on the model and the pre-tokenizer.
///
/// Strings are bytes: GGUF does not promise UTF-8, and a lossy copy would give two tokens one text.
#[derive(Clone, Debug, Default)]
pub struct VocabularyFacts {
    /// `tokenizer.ggml.model`: `gpt2` (byte-level BPE) or `llama` (`SentencePiece`).
    pub model: String,
    /// `tokenizer.ggml.pre`. Only `gpt2` looks at it.
    pub pre: Option<String>,
    /// `tokenizer.ggml.tokens`; the index is the id.
    pub tokens: Vec<Vec<u8>>,
    /// `tokenizer.ggml.token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused,
    /// 6 byte.
    pub token_types: Option<Vec<i32>>,
    /// `tokenizer.ggml.scores`; a file that has integers there means the same numbers.
    pub scores: Option<Vec<f32>>,
    /// `tokenizer.ggml.merges`, each "left right", best first.
    pub merges: Option<Vec<Vec<u8>>>,
    /// The ids that the file names, in the order of [`SPECIAL_ID_KEYS`](super::SPECIAL_ID_KEYS): of
    /// two keys for one role the later one counts.
    pub special_ids: Vec<(Role, u32)>,
    /// `tokenizer.ggml.add_bos_token`.
    pub add_bos: Option<bool>,
    /// `tokenizer.ggml.add_eos_token`.
    pub add_eos: Option<bool>,
    /// `tokenizer.ggml.add_space_prefix`. Only `llama` looks at it.
    pub add_space_prefix: Option<bool>,
    /// `general.name`: llama.cpp strips blanks after special tokens of models called "phi-3".
    pub general_name: Option<String>,
    /// `general.architecture`, for the same sort of exception.
    pub architecture: Option<String>,
}

/// Whether a text gets a beginning-of-sequence token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bos {
    /// As the file says, and the end-of-sequence token too: llama.cpp's `add_special`.
    Model,
    /// Exactly one is prepended, whatever the file says; nothing is appended.
    Yes,
    /// Nothing is added at either end.
    No,
}
