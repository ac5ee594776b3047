//! Byte-level BPE: merging, and what is missing from a vocabulary.

use super::*;

fn normal<'a>(texts: &[&'a str]) -> Vec<(&'a str, i32)> {
    texts.iter().map(|text| (*text, NORMAL)).collect()
}

#[test]
fn the_better_rank_merges_first_and_the_leftmost_of_equals() {
    let tokens = normal(&["ab", "bc", "aa"]);
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &["b c", "a b", "a a"]), "abc"),
        ["a", "bc"]
    );
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &["a b", "b c", "a a"]), "abc"),
        ["ab", "c"]
    );
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &["a a"]), "aaa"),
        ["aa", "a"]
    );
}

#[test]
fn of_two_equal_merges_the_first_counts() {
    let tokens = normal(&["ab", "bc"]);
    let merges = ["b c", "a b", "b c"];
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &merges), "abc"),
        ["a", "bc"]
    );
}

#[test]
fn a_merge_may_pass_through_a_string_that_is_no_token() {
    let tokens = normal(&["abc"]);
    let merges = ["a b", "ab c"];
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &merges), "abc"),
        ["abc"]
    );
    // What stops half way is taken apart again.
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &merges), "abd"),
        ["a", "b", "d"]
    );
}

#[test]
fn a_byte_without_a_token_is_dropped() {
    assert_eq!(pieces(&byte_level("gpt-2", &[], &[]), "aXb"), ["a", "b"]);
}

#[test]
fn malformed_merges_merge_nothing() {
    let tokens = normal(&["ab"]);
    assert_eq!(
        pieces(
            &byte_level("gpt-2", &tokens, &["ab", "", " a", "a b c"]),
            "ab"
        ),
        ["a", "b"]
    );
}

#[test]
fn only_llama3_takes_a_word_before_its_merges() {
    let tokens = normal(&["abc", "bc"]);
    assert_eq!(
        pieces(&byte_level("llama-bpe", &tokens, &["b c"]), "abc"),
        ["abc"]
    );
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &["b c"]), "abc"),
        ["a", "bc"]
    );
}

#[test]
fn a_merge_does_not_cross_words() {
    let tokens = normal(&["bĠ"]);
    assert_eq!(
        pieces(&byte_level("gpt-2", &tokens, &["b Ġ"]), "b b"),
        ["b", " ", "b"]
    );
}

#[test]
fn broken_utf8_becomes_replacement_characters() {
    // U+FFFD is the bytes EF BF BD.
    let facts = byte_level("gpt-2", &normal(&["ï", "¿", "½"]), &[]);
    let ids = tokenizer(&facts)
        .encode(b"a\xe6\xbcb", Bos::No, false)
        .unwrap();
    assert_eq!(ids, [3, 0, 1, 2, 0, 1, 2, 4]);
}

#[test]
fn what_is_beyond_unicode_is_an_error() {
    let result =
        tokenizer(&byte_level("gpt-2", &[], &[])).encode(b"\xf4\x90\x80\x80", Bos::No, false);
    assert_eq!(
        result,
        Err(TokenizerError::CodePointTooLarge {
            code_point: 0x11_0000
        })
    );
}

#[test]
fn an_empty_text_has_no_tokens() {
    assert!(pieces(&byte_level("default", &[], &[]), "").is_empty());
}

#[test]
fn pieces_are_bytes_and_unused_tokens_have_none() {
    let facts = byte_level(
        "gpt-2",
        &[
            ("Ġa", NORMAL),
            ("æ", NORMAL),
            ("<0x41>", BYTE),
            ("x y", UNUSED),
        ],
        &[],
    );
    let tokenizer = tokenizer(&facts);
    let pieces: Vec<_> = (0..4).map(|id| tokenizer.piece(id).unwrap()).collect();
    assert_eq!(pieces, [&b" a"[..], b"\xe6", b"A", b""]);
    assert_eq!(tokenizer.piece(4 + 27), None);
}
