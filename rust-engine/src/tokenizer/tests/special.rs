//! Special tokens in a text, and what is added at its ends.

use super::*;

fn ids(facts: &VocabularyFacts, text: &str, bos: Bos, parse_special: bool) -> Vec<u32> {
    tokenizer(facts)
        .encode(text.as_bytes(), bos, parse_special)
        .unwrap()
}

#[test]
fn control_and_unknown_tokens_are_text_unless_parsed() {
    let facts = byte_level(
        "gpt-2",
        &[("xyz", CONTROL), ("uvw", UNKNOWN), ("rst", USER_DEFINED)],
        &[],
    );
    assert_eq!(ids(&facts, "xyzuvwrst", Bos::No, true), [0, 1, 2]);
    let parsed_less = ids(&facts, "xyzuvwrst", Bos::No, false);
    assert_eq!(parsed_less.len(), 7);
    assert_eq!(parsed_less.last(), Some(&2));
}

#[test]
fn the_longer_of_two_tokens_is_cut_out_first() {
    let facts = byte_level("gpt-2", &[("ab", USER_DEFINED), ("bcd", USER_DEFINED)], &[]);
    assert_eq!(pieces(&facts, "abcdab"), ["a", "bcd", "ab"]);
}

#[test]
fn a_token_that_looks_like_control_becomes_control() {
    let facts = byte_level(
        "gpt-2",
        &[("<|im_end|>", USER_DEFINED), ("<|im_mid|>", USER_DEFINED)],
        &[],
    );
    assert_eq!(ids(&facts, "<|im_end|>", Bos::No, true), [0]);
    assert!(
        ids(&facts, "<|im_end|>", Bos::No, false)
            .iter()
            .all(|id| *id > 1)
    );
    assert_eq!(ids(&facts, "<|im_mid|>", Bos::No, false), [1]);
}

#[test]
fn harmony_tokens_are_always_matched() {
    let facts = byte_level(
        "gpt-2",
        &[("<|channel|>", CONTROL), ("<|return|>", NORMAL)],
        &[],
    );
    assert_eq!(ids(&facts, "<|channel|>", Bos::No, false), [0]);
    assert_eq!(ids(&facts, "<|return|>", Bos::No, true), [1]);
    assert!(!ids(&facts, "<|return|>", Bos::No, false).contains(&1));
}

#[test]
fn some_models_take_the_blanks_around_a_special_token_along() {
    let tokens = [
        ("<mask>", CONTROL),
        ("</s>", CONTROL),
        ("<unk>", UNKNOWN),
        ("<s>", CONTROL),
        ("<|endoftext|>", CONTROL),
    ];
    let plain = byte_level("gpt-2", &tokens, &[]);
    assert_eq!(pieces(&plain, "a <mask> b"), ["a", " ", "<mask>", " ", "b"]);
    let before = byte_level("jina-v2-de", &tokens, &[]);
    assert_eq!(pieces(&before, "a \t<mask> b"), ["a", "<mask>", " ", "b"]);
    let after = VocabularyFacts {
        general_name: Some("Phi-3 Mini".to_owned()),
        ..plain
    };
    assert_eq!(
        pieces(&after, "a <mask> \u{b}\nb"),
        ["a", " ", "<mask>", "b"]
    );
    assert_eq!(pieces(&after, "<s> b"), ["<s>", " ", "b"]);
}

#[test]
fn bos_is_added_as_asked() {
    let mut facts = byte_level("gpt-2", &[("<s>", CONTROL), ("<e>", CONTROL)], &[]);
    facts.special_ids = vec![(Role::Bos, 0), (Role::Eos, 1)];
    assert_eq!(ids(&facts, "a", Bos::Model, true), [2]);
    assert_eq!(ids(&facts, "a", Bos::Yes, true), [0, 2]);
    facts.add_bos = Some(true);
    facts.add_eos = Some(true);
    assert_eq!(ids(&facts, "a", Bos::Model, true), [0, 2, 1]);
    assert_eq!(ids(&facts, "", Bos::Model, true), [0, 1]);
    assert_eq!(ids(&facts, "a", Bos::Yes, true), [0, 2]);
    assert_eq!(ids(&facts, "a", Bos::No, true), [2]);
}

#[test]
fn a_bos_in_the_text_stays_beside_the_one_that_is_added() {
    let mut facts = byte_level("llama-bpe", &[("<s>", CONTROL)], &[]);
    facts.special_ids = vec![(Role::Bos, 0)];
    assert_eq!(ids(&facts, "<s>a", Bos::Model, true), [0, 0, 1]);
    assert_eq!(ids(&facts, "<s>a", Bos::Yes, true), [0, 0, 1]);
}

#[test]
fn the_pre_tokenizer_decides_about_bos_if_the_file_is_silent() {
    let adds_bos = |pre, add_bos| {
        tokenizer(&VocabularyFacts {
            add_bos,
            ..byte_level(pre, &[], &[])
        })
        .adds_bos()
    };
    assert!(adds_bos("llama-bpe", None));
    assert!(!adds_bos("llama-bpe", Some(false)));
    assert!(!adds_bos("qwen2", None));
    assert!(adds_bos("qwen2", Some(true)));
}

#[test]
fn a_wanted_bos_that_does_not_exist_is_an_error() {
    let facts = VocabularyFacts {
        add_bos: Some(true),
        ..byte_level("glm4", &[], &[])
    };
    let tokenizer = tokenizer(&facts);
    assert_eq!(
        tokenizer.encode(b"a", Bos::Yes, true),
        Err(TokenizerError::NoBos)
    );
    assert_eq!(
        tokenizer.encode(b"a", Bos::Model, true),
        Err(TokenizerError::NoBos)
    );
    assert_eq!(tokenizer.encode(b"a", Bos::No, true), Ok(vec![0]));
}

#[test]
fn ids_outside_the_vocabulary_count_as_not_named() {
    let mut facts = byte_level("gpt-2", &[], &[]);
    facts.special_ids = vec![(Role::Bos, 27), (Role::Pad, 26), (Role::Sep, 27)];
    let tokenizer = tokenizer(&facts);
    assert_eq!(tokenizer.special_id(Role::Bos), Some(11));
    assert_eq!(tokenizer.special_id(Role::Pad), Some(26));
    assert_eq!(tokenizer.special_id(Role::Sep), None);
}

#[test]
fn a_role_is_found_by_its_text_unless_the_file_names_it() {
    let mut facts = byte_level("gpt-2", &[("<|eot_id|>", CONTROL)], &[]);
    assert_eq!(tokenizer(&facts).special_id(Role::Eot), Some(0));
    facts.special_ids = vec![(Role::Eot, 5)];
    assert_eq!(tokenizer(&facts).special_id(Role::Eot), Some(5));
}
