//! A `tokenizer.json`, encoded by the `HuggingFace` library as the file says.
//!
//! Normaliser, pre-tokenizer, model and added tokens are the file's; nothing here follows
//! llama.cpp, and where the two disagree the difference is a finding. Three things are not taken
//! from the file: its post-processor is never run (BOS and EOS come from the model's policy, in
//! `tokenizer`, so that they cannot be added twice), and truncation and padding are switched off
//! (they would shorten or lengthen a prompt without a word).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokenizers::decoders::DecoderWrapper;
use tokenizers::tokenizer::Tokenizer as Library;

use super::TokenizerError;
use super::byte_level::byte_of;
use super::vocabulary::unescape_blanks;

/// A loaded `tokenizer.json`.
pub(super) struct Json {
    /// Whether special tokens are parsed is a setting of the library's tokenizer, not an argument,
    /// and a second copy of it would double its memory: so a lock.
    library: Mutex<Library>,
    pub(super) n_tokens: usize,
    /// The text of each added token.
    added: HashMap<u32, String>,
    is_byte_level: bool,
}

impl Json {
    pub(super) fn new(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let mut library =
            Library::from_bytes(bytes).map_err(|error| TokenizerError::library(&error))?;
        library
            .with_truncation(None)
            .map_err(|error| TokenizerError::library(&error))?
            .with_padding(None);
        let added = library.get_added_tokens_decoder();
        Ok(Self {
            n_tokens: library.get_vocab_size(true),
            added: added
                .into_iter()
                .map(|(id, token)| (id, token.content))
                .collect(),
            is_byte_level: library.get_decoder().is_some_and(is_byte_level),
            library: Mutex::new(library),
        })
    }

    /// Appends the ids of a text. Tokens that the file calls special are text unless
    /// `parse_special`; other added tokens are always matched.
    pub(super) fn encode(
        &self,
        text: &[u8],
        parse_special: bool,
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        let text = std::str::from_utf8(text).map_err(|error| TokenizerError::NotUtf8 {
            valid_bytes: error.valid_up_to(),
        })?;
        let mut library = self.library.lock().unwrap_or_else(PoisonError::into_inner);
        library.set_encode_special_tokens(!parse_special);
        let add_special_tokens = false;
        let encoding = library
            .encode_fast(text, add_special_tokens)
            .map_err(|error| TokenizerError::library(&error))?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }

    pub(super) fn piece(&self, id: u32) -> Option<Vec<u8>> {
        if let Some(text) = self.added.get(&id) {
            return Some(text.clone().into_bytes());
        }
        let token = self
            .library
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .id_to_token(id)?;
        Some(if self.is_byte_level {
            bytes_of(&token)
        } else {
            sentence_piece_bytes(&token)
        })
    }
}

fn is_byte_level(decoder: &DecoderWrapper) -> bool {
    match decoder {
        DecoderWrapper::ByteLevel(_) => true,
        DecoderWrapper::Sequence(sequence) => sequence.get_decoders().iter().any(is_byte_level),
        _ => false,
    }
}

/// A token of the byte alphabet; the library leaves a token with a foreign character as it is.
fn bytes_of(token: &str) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = token
        .chars()
        .map(|character| byte_of(character as u32))
        .collect();
    bytes.unwrap_or_else(|| token.as_bytes().to_vec())
}

fn sentence_piece_bytes(token: &str) -> Vec<u8> {
    let byte = token
        .strip_prefix("<0x")
        .and_then(|rest| rest.strip_suffix('>'));
    match byte
        .filter(|digits| digits.len() == 2)
        .map(|digits| u8::from_str_radix(digits, 16))
    {
        Some(Ok(byte)) => vec![byte],
        _ => unescape_blanks(token.as_bytes()),
    }
}
