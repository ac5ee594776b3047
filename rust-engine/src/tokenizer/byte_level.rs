//! GPT-2's alphabet: a visible character for each byte, as byte-level vocabularies have it.
//!
//! Bytes that print in Latin-1 stand for themselves; the other 68, in order, are U+0100 and on.

use super::TokenizerError;
use super::characters::{decode, encode_code_point};

const FIRST_OF_THE_OTHERS: u32 = 0x100;
const N_OTHERS: usize = 68;

const fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)
}

/// The bytes that have a character from U+0100 on, in that order.
const OTHERS: [u8; N_OTHERS] = {
    let mut others = [0; N_OTHERS];
    let mut count = 0;
    let mut byte = 0_u8;
    loop {
        if !stands_for_itself(byte) {
            others[count] = byte;
            count += 1;
        }
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    others
};

/// The character of each byte.
pub(super) const CHARACTERS: [char; 256] = {
    let mut characters = ['\0'; 256];
    let mut byte = 0;
    while byte < 256 {
        characters[byte] = byte as u8 as char;
        byte += 1;
    }
    let mut other = 0;
    while other < N_OTHERS {
        characters[OTHERS[other] as usize] = char::from_u32(FIRST_OF_THE_OTHERS + other as u32)
            .expect("U+0100 to U+0143 are characters");
        other += 1;
    }
    characters
};

/// The byte of a character, if it is one of the alphabet.
pub(super) fn byte_of(code_point: u32) -> Option<u8> {
    match u8::try_from(code_point) {
        Ok(byte) => stands_for_itself(byte).then_some(byte),
        Err(_) => OTHERS
            .get((code_point - FIRST_OF_THE_OTHERS) as usize)
            .copied(),
    }
}

/// The bytes that a token of a byte-level vocabulary stands for. A character outside the alphabet
/// is shown the way llama.cpp shows it, so that pieces can be compared.
pub(super) fn bytes_of_token(token: &[u8]) -> Result<Vec<u8>, TokenizerError> {
    let mut bytes = Vec::with_capacity(token.len());
    for code_point in decode(token)? {
        if let Some(byte) = byte_of(code_point) {
            bytes.push(byte);
            continue;
        }
        bytes.extend_from_slice(b"[UNK_BYTE_0x");
        let mut utf8 = Vec::new();
        encode_code_point(code_point, &mut utf8);
        for byte in utf8 {
            bytes.extend_from_slice(format!("{byte:02x}").as_bytes());
        }
        bytes.extend_from_slice(token);
        bytes.push(b']');
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_from_its_character() {
        for byte in 0..=u8::MAX {
            assert_eq!(byte_of(CHARACTERS[usize::from(byte)] as u32), Some(byte));
        }
        assert_eq!(CHARACTERS[usize::from(b' ')], 'Ġ');
        assert_eq!(CHARACTERS[usize::from(b'\n')], 'Ċ');
    }

    #[test]
    fn nothing_else_is_a_byte() {
        let n_found = (0..0x11_0000)
            .filter(|code| byte_of(*code).is_some())
            .count();
        assert_eq!(n_found, 256);
    }

    #[test]
    fn a_foreign_character_is_spelt_out() {
        assert_eq!(bytes_of_token("Ġa".as_bytes()).unwrap(), b" a");
        assert_eq!(
            bytes_of_token("a漢".as_bytes()).unwrap(),
            "a[UNK_BYTE_0xe6bca2a漢]".as_bytes()
        );
    }
}
