//! `SentencePiece`: merging by score, blanks, bytes.

use super::*;

const TOKENS: [(&str, i32, f32); 8] = [
    ("▁", NORMAL, -9.0),
    ("a", NORMAL, -9.0),
    ("b", NORMAL, -9.0),
    ("c", NORMAL, -9.0),
    ("ab", NORMAL, -2.0),
    ("bc", NORMAL, -1.0),
    ("ca", NORMAL, -2.0),
    ("▁a", NORMAL, -3.0),
];

fn without_prefix() -> VocabularyFacts {
    VocabularyFacts {
        add_space_prefix: Some(false),
        ..sentence_piece(&TOKENS)
    }
}

#[test]
fn the_higher_score_merges_first_and_the_leftmost_of_equals() {
    assert_eq!(pieces(&without_prefix(), "abc"), ["a", "bc"]);
    assert_eq!(pieces(&without_prefix(), "cab"), ["ca", "b"]);
    assert_eq!(pieces(&without_prefix(), "abab"), ["ab", "ab"]);
}

#[test]
fn a_blank_goes_before_the_text_and_after_each_special_token() {
    assert_eq!(
        pieces(&sentence_piece(&TOKENS), "a<s>a</s>"),
        [" a", "<s>", " a", "</s>"]
    );
    assert_eq!(pieces(&without_prefix(), "a<s>a"), ["a", "<s>", "a"]);
    assert_eq!(pieces(&sentence_piece(&TOKENS), " a"), [" ", " a"]);
}

#[test]
fn what_has_no_token_becomes_bytes() {
    let tokenizer = tokenizer(&without_prefix());
    let ids = tokenizer.encode("é".as_bytes(), Bos::No, false).unwrap();
    assert_eq!(ids, [11 + 0xc3, 11 + 0xa9]);
    assert_eq!(tokenizer.piece(11 + 0xc3), Some(vec![0xc3]));
}

#[test]
fn a_broken_character_takes_the_bytes_after_it_along() {
    let ids = tokenizer(&without_prefix())
        .encode(b"\xe6ab", Bos::No, false)
        .unwrap();
    assert_eq!(ids, [11 + 0xe6, 11 + 0x61, 11 + 0x62]);
}

#[test]
fn a_byte_token_may_be_the_byte_itself_and_must_exist() {
    let mut facts = VocabularyFacts {
        token_types: None,
        ..without_prefix()
    };
    facts.tokens[11 + 0x7a] = b"z".to_vec();
    assert_eq!(
        tokenizer(&facts).encode(b"z", Bos::No, false),
        Ok(vec![11 + 0x7a])
    );
    facts.tokens[11 + 0x7a] = b"something else".to_vec();
    let result = tokenizer(&facts).encode(b"z", Bos::No, false);
    assert_eq!(result, Err(TokenizerError::NoTokenForByte { byte: b'z' }));
}

#[test]
fn bos_is_added_if_the_file_is_silent_and_eos_is_not() {
    let facts = sentence_piece(&TOKENS);
    assert_eq!(
        tokenizer(&facts).encode(b"a", Bos::Model, false),
        Ok(vec![1, 10])
    );
    assert_eq!(
        tokenizer(&facts).encode(b"", Bos::Model, false),
        Ok(vec![1])
    );
    let silent = VocabularyFacts {
        add_bos: Some(false),
        add_eos: Some(true),
        ..facts
    };
    assert_eq!(
        tokenizer(&silent).encode(b"a", Bos::Model, false),
        Ok(vec![10, 2])
    );
}

#[test]
fn pre_is_not_looked_at() {
    let facts = VocabularyFacts {
        pre: Some("no such".to_owned()),
        ..sentence_piece(&TOKENS)
    };
    assert!(!tokenizer(&facts).pre_missing());
}
