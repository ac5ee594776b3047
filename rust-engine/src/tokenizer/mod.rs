//! Text to token ids and back, from the facts of a model's vocabulary.
//!
//! In: [`VocabularyFacts`], copied from a model file's metadata by the caller, or the bytes of a
//! `tokenizer.json`. Out: ids and the bytes of each id. The module opens no file and knows no file
//! format. From a vocabulary it gives the ids that llama.cpp gives, down to invalid UTF-8; from a
//! `tokenizer.json` those that the `HuggingFace` library gives, which are not always the same.
//!
//! In reading order: what goes in (`facts`, `special_ids`), the tokens (`vocabulary`; `overrides`
//! for what llama.cpp decides by a token's text, `cpp_order` for what it leaves to its library),
//! cutting special tokens out of a text (`fragments`), then the ways to encode what lies between
//! them. Both kinds of BPE merge within words (`characters`, `splits`, and as data `pre_tokenizers`
//! and `expressions`): over bytes (`byte_level`, `bpe`) or over text (`text_bpe`). `sentence_piece`
//! has no words; it shares `merges` with the latter. `tokenizer` puts all together, and `json` is
//! the way past it.

mod bpe;
mod byte_level;
mod characters;
mod cpp_order;
mod error;
mod expressions;
mod facts;
mod fragments;
mod json;
mod merges;
mod overrides;
mod pre_tokenizers;
mod sentence_piece;
mod special_ids;
mod splits;
#[cfg(test)]
mod tests;
mod text_bpe;
#[expect(
    clippy::module_inception,
    reason = "the module and its one product have the same name"
)]
mod tokenizer;
mod vocabulary;

pub use error::TokenizerError;
pub use facts::{Bos, VocabularyFacts};
pub use special_ids::{Role, SPECIAL_ID_KEYS};
pub use tokenizer::{Tokenizer, known};
