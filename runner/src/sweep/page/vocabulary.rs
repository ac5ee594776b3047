//! Texts of tokens, from the model's vocabulary when the file is at hand. A report of a run whose model
//! is gone shows ids: a text is a help to the reader, and never worth a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemas::receipt::FileIdentity;

use crate::model_file;
use crate::text::escape_bytes_for_terminal;

/// Longer ones are cut: a vocabulary can have a token of a page's length.
const CHARACTERS: usize = 40;

/// The texts of the tokens that a page mentions.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// As they are shown; a blank is a blank.
    texts: BTreeMap<u32, String>,
}

impl Vocabulary {
    /// The texts of these tokens, as far as the file is there and is the one that was evaluated. Its
    /// size says so: hashing a large model takes longer than all the rest, and a wrong text here
    /// changes no number.
    pub(super) fn read(path: &Path, identity: &FileIdentity, wanted: &BTreeSet<u32>) -> Self {
        let is_that = std::fs::metadata(path).is_ok_and(|it| it.len() == identity.file_bytes);
        let header = is_that
            .then(|| model_file::read_header(path).ok())
            .flatten();
        let Some(header) = header else {
            return Self::default();
        };
        let metadata = header.metadata();
        let tokens = metadata.strings("tokenizer.ggml.tokens").ok().flatten();
        let model = metadata.str("tokenizer.ggml.model").ok().flatten();
        let bytes_of = match model {
            Some("gpt2") => byte_level,
            Some("llama") => sentence_piece,
            _ => <[u8]>::to_vec,
        };
        let texts = wanted.iter().filter_map(|&id| {
            let token = tokens?.get(id as usize)?;
            let text = escape_bytes_for_terminal(&bytes_of(token.as_bytes()));
            Some((id, cut(&text)))
        });
        Self {
            texts: texts.collect(),
        }
    }

    pub(super) fn get(&self, id: u32) -> Option<&str> {
        self.texts.get(&id).map(String::as_str)
    }

    pub(super) fn texts(&self) -> &BTreeMap<u32, String> {
        &self.texts
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// GPT-2's alphabet backwards: bytes that print in Latin-1 stand for themselves, the other 68 are
/// U+0100 and on in their order. What is not of the alphabet is left as it is: control tokens are
/// plain text.
fn byte_level(token: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(token) else {
        return token.to_vec();
    };
    let prints = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let mut bytes = Vec::with_capacity(token.len());
    for c in text.chars() {
        let code = u32::from(c);
        let other = code.checked_sub(0x100);
        let other = other.and_then(|n| (0..=u8::MAX).filter(|it| !prints(it)).nth(n as usize));
        match u8::try_from(code).ok().filter(prints).or(other) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

/// A blank is U+2581, and `<0x0A>` one byte.
fn sentence_piece(token: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(token);
    let byte = text.strip_prefix("<0x").and_then(|it| it.strip_suffix('>'));
    let is_byte = |it: &&str| it.len() == 2 && it.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = byte.filter(is_byte);
    match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
        Some(byte) => vec![byte],
        None => text.replace('\u{2581}', " ").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_level_texts_are_decoded() {
        assert_eq!(byte_level("Ġthe".as_bytes()), b" the");
        assert_eq!(byte_level("Ċ".as_bytes()), b"\n");
        assert_eq!(byte_level("Ã¼".as_bytes()), "ü".as_bytes());
        assert_eq!(byte_level("<|im_end|>".as_bytes()), b"<|im_end|>");
        assert_eq!(byte_level("漢".as_bytes()), "漢".as_bytes());
        assert_eq!(byte_level(b"\xff"), b"\xff");
    }

    #[test]
    fn pieces_are_decoded() {
        assert_eq!(sentence_piece("▁the".as_bytes()), b" the");
        assert_eq!(sentence_piece(b"<0x0A>"), b"\n");
        assert_eq!(sentence_piece(b"<0x+A>"), b"<0x+A>".as_slice());
        assert_eq!(sentence_piece("<0xé>".as_bytes()), "<0xé>".as_bytes());
    }

    #[test]
    fn a_model_that_is_gone_or_another_has_no_texts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.gguf");
        let identity = FileIdentity {
            label: "model.gguf".to_owned(),
            file_bytes: 8,
            sha256: String::new(),
        };
        let wanted = BTreeSet::from([0]);
        let read = || Vocabulary::read(&path, &identity, &wanted).texts;
        assert!(read().is_empty(), "gone");
        std::fs::write(&path, "no model").expect("writable");
        assert!(read().is_empty(), "as large, and no model");
    }
}
