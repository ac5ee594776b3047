//! A `tokenizer.json`.

use super::*;

/// Words of letters, two added tokens, a post-processor that would add `<s>`, truncation to two.
const FILE: &str = r#"{
    "version": "1.0",
    "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
    "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"},
    "added_tokens": [
        {"id": 4, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 5, "content": "<add>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false}
    ],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [4], "tokens": ["<s>"]}}},
    "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3}, "merges": [["a", "b"]]}
}"#;

fn from_json(facts: &VocabularyFacts) -> Tokenizer {
    Tokenizer::from_json(FILE.as_bytes(), facts).unwrap()
}

fn facts(add_bos: Option<bool>) -> VocabularyFacts {
    let special_ids = vec![(Role::Bos, 4)];
    VocabularyFacts {
        model: "gpt2".to_owned(),
        special_ids,
        add_bos,
        ..VocabularyFacts::default()
    }
}

#[test]
fn bos_comes_from_the_models_policy_and_never_twice() {
    let encode = |add_bos, bos| from_json(&facts(add_bos)).encode(b"ab", bos, true).unwrap();
    assert_eq!(encode(Some(true), Bos::Model), [4, 3]);
    assert_eq!(encode(Some(false), Bos::Model), [3]);
    assert_eq!(encode(None, Bos::Model), [3]);
    assert_eq!(encode(Some(false), Bos::Yes), [4, 3]);
    assert_eq!(encode(Some(true), Bos::No), [3]);
}

#[test]
fn nothing_is_cut_off_or_filled_up() {
    let ids = from_json(&facts(None)).encode(b"ab ab ab", Bos::No, true);
    assert_eq!(ids, Ok(vec![3, 2, 3, 2, 3]));
}

#[test]
fn special_tokens_are_text_unless_parsed_and_other_added_ones_never() {
    let tokenizer = from_json(&facts(None));
    assert_eq!(
        tokenizer.encode(b"<s>a<add>", Bos::No, true),
        Ok(vec![4, 0, 5])
    );
    assert_eq!(
        tokenizer.encode(b"<s>a<add>", Bos::No, false),
        Ok(vec![0, 5])
    );
}

#[test]
fn pieces_are_bytes() {
    let tokenizer = from_json(&facts(None));
    let pieces: Vec<_> = [2, 3, 4].map(|id| tokenizer.piece(id).unwrap()).into();
    assert_eq!(pieces, [&b" "[..], b"ab", b"<s>"]);
    assert_eq!(tokenizer.n_tokens(), 6);
    assert_eq!(tokenizer.piece(6), None);
}

#[test]
fn the_model_may_have_a_vocabulary_that_is_not_known_here() {
    let facts = VocabularyFacts {
        model: "t5".to_owned(),
        pre: Some("no such".to_owned()),
        ..facts(None)
    };
    let tokenizer = from_json(&facts);
    assert_eq!(tokenizer.special_id(Role::Bos), Some(4));
    assert_eq!(tokenizer.special_id(Role::Eos), None);
}

#[test]
fn refuses_what_is_not_text_or_not_a_tokenizer() {
    let result = from_json(&facts(None)).encode(b"ab\xff", Bos::No, true);
    assert_eq!(result, Err(TokenizerError::NotUtf8 { valid_bytes: 2 }));
    let result = Tokenizer::from_json(b"{}", &facts(None)).map(|_| ());
    assert!(matches!(result, Err(TokenizerError::Library { .. })));
}
