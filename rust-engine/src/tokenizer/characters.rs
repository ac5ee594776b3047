//! A text as the splitters see it: code points and their classes.
//!
//! Decoding is llama.cpp's, not UTF-8's: a byte that starts nothing becomes U+FFFD and one byte is
//! skipped, while overlong forms and surrogates pass. Code points are therefore `u32`, not `char`.
//!
//! The classes are Unicode 15.1's, which is what llama.cpp's table (`unicode-data.cpp`) holds.
//! `unicode-properties` 0.1.2 agrees with that table on all 1,114,112 code points; 0.1.1 (Unicode
//! 15.0) differs on 627 of them, 0.1.3 (Unicode 16) on 5,185. A test fails if the crate is changed.

use super::TokenizerError;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

const REPLACEMENT: u32 = 0xFFFD;

/// What a splitter asks of a character. Whitespace is tested first: it is never one of the others
/// that matter, for those are letters, numbers, punctuation, symbols and marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Letter,
    Number,
    Whitespace,
    Punctuation,
    Symbol,
    Mark,
    /// Controls, formats, surrogates, private use, and what is not assigned.
    Other,
}

impl Class {
    fn of(code_point: u32) -> Self {
        let Some(character) = char::from_u32(code_point) else {
            return Self::Other;
        };
        if character.is_whitespace() {
            return Self::Whitespace;
        }
        match character.general_category_group() {
            GeneralCategoryGroup::Letter => Self::Letter,
            GeneralCategoryGroup::Number => Self::Number,
            GeneralCategoryGroup::Punctuation => Self::Punctuation,
            GeneralCategoryGroup::Symbol => Self::Symbol,
            GeneralCategoryGroup::Mark => Self::Mark,
            GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other => Self::Other,
        }
    }
}

/// Code points and, in the same order, their classes.
pub(super) struct Characters {
    pub(super) codes: Vec<u32>,
    pub(super) classes: Vec<Class>,
}

impl Characters {
    pub(super) fn of(text: &[u8]) -> Result<Self, TokenizerError> {
        let codes = decode(text)?;
        let classes = codes.iter().map(|code| Class::of(*code)).collect();
        Ok(Self { codes, classes })
    }
}

/// The code points of a text that need not be UTF-8.
///
/// Four bytes can hold a number that is no code point. llama.cpp throws when it writes such a text
/// back, so this is an error and not a replacement character.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u32>, TokenizerError> {
    let mut codes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let (code_point, n_bytes) = first_code_point(rest, *first).unwrap_or((REPLACEMENT, 1));
        if code_point > 0x10_FFFF {
            return Err(TokenizerError::CodePointTooLarge { code_point });
        }
        codes.push(code_point);
        rest = &rest[n_bytes..];
    }
    Ok(codes)
}

/// The code point at the beginning and its length in bytes, or nothing if the bytes are not one.
fn first_code_point(text: &[u8], first: u8) -> Option<(u32, usize)> {
    let (n_bytes, bits) = match first {
        0x00..=0x7f => return Some((u32::from(first), 1)),
        0xc0..=0xdf => (2, first & 0x1f),
        0xe0..=0xef => (3, first & 0x0f),
        0xf0..=0xf7 => (4, first & 0x07),
        0x80..=0xbf | 0xf8..=0xff => return None,
    };
    let mut code_point = u32::from(bits);
    for byte in text.get(1..n_bytes)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        code_point = code_point << 6 | u32::from(byte & 0x3f);
    }
    Some((code_point, n_bytes))
}

/// Appends the bytes of a code point, also of a surrogate, which `char` could not hold.
pub(super) fn encode_code_point(code_point: u32, bytes: &mut Vec<u8>) {
    let continuation = |shift: u32| 0x80 | (code_point >> shift & 0x3f) as u8;
    match code_point {
        0..=0x7f => bytes.push(code_point as u8),
        0x80..=0x7ff => bytes.extend([0xc0 | (code_point >> 6) as u8, continuation(0)]),
        0x800..=0xffff => bytes.extend([
            0xe0 | (code_point >> 12) as u8,
            continuation(6),
            continuation(0),
        ]),
        _ => bytes.extend([
            0xf0 | (code_point >> 18 & 0x07) as u8,
            continuation(12),
            continuation(6),
            continuation(0),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_the_reference() {
        // FNV-1a over the class of every code point, computed from llama.cpp's own table.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for code in 0..0x11_0000 {
            hash = (hash ^ Class::of(code) as u64).wrapping_mul(0x100_0000_01b3);
        }
        assert_eq!(
            hash, 0x30a2_3395_4e7a_74d6,
            "the Unicode tables are not those of version 15.1"
        );
    }

    #[test]
    fn a_broken_sequence_costs_one_byte_at_a_time() {
        assert_eq!(decode(b"a\xe6\xbcb").unwrap(), [0x61, 0xfffd, 0xfffd, 0x62]);
        assert_eq!(decode(b"\xff\x80\xc3").unwrap(), [0xfffd, 0xfffd, 0xfffd]);
    }

    #[test]
    fn overlong_forms_and_surrogates_pass() {
        assert_eq!(decode(b"\xc0\x80\xed\xa0\x80").unwrap(), [0, 0xd800]);
        let mut bytes = Vec::new();
        encode_code_point(0xd800, &mut bytes);
        assert_eq!(bytes, b"\xed\xa0\x80");
    }

    #[test]
    fn refuses_what_is_beyond_unicode() {
        assert_eq!(
            decode(b"\xf4\x90\x80\x80"),
            Err(TokenizerError::CodePointTooLarge {
                code_point: 0x11_0000
            })
        );
    }

    #[test]
    fn encoding_is_the_inverse_of_decoding() {
        for code in ['\0', 'a', 'é', '漢', '🦀', '\u{10ffff}'] {
            let mut bytes = Vec::new();
            encode_code_point(code as u32, &mut bytes);
            assert_eq!(bytes, code.to_string().as_bytes());
        }
    }
}
