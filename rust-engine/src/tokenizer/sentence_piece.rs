//! `SentencePiece`-style BPE as llama.cpp does it for the model `llama`: no words, no merges list.
//!
//! Any two neighbours that are a token together may be joined; the pair whose token has the highest
//! score goes first. A symbol without a token becomes its bytes.

use super::TokenizerError;
use super::merges::merge;
use super::vocabulary::{Vocabulary, escape_blanks};

/// Appends the ids of a text that holds no special token. `space_prefix` puts a blank before it.
pub(super) fn encode(
    vocabulary: &Vocabulary,
    text: &[u8],
    space_prefix: bool,
    ids: &mut Vec<u32>,
) -> Result<(), TokenizerError> {
    let text = escape_blanks(text, space_prefix);
    let score = |joined: &[u8], _| {
        let id = vocabulary.id_of(joined)?;
        Some(f64::from(vocabulary.token(id).score))
    };
    merge(&text, score, |symbol| push_ids(vocabulary, symbol, ids))
}

fn push_ids(
    vocabulary: &Vocabulary,
    text: &[u8],
    ids: &mut Vec<u32>,
) -> Result<(), TokenizerError> {
    if let Some(id) = vocabulary.id_of(text) {
        ids.push(id);
        return Ok(());
    }
    for byte in text {
        let id = vocabulary
            .byte_token(*byte)
            .or_else(|| vocabulary.id_of(&[*byte]))
            .ok_or(TokenizerError::NoTokenForByte { byte: *byte })?;
        ids.push(id);
    }
    Ok(())
}
