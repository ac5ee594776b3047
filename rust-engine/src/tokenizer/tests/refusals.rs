//! Vocabularies that are refused, each for its own reason.

use super::*;

#[test]
fn refuses_an_unknown_model_by_name() {
    let facts = VocabularyFacts {
        model: "bert".to_owned(),
        ..VocabularyFacts::default()
    };
    assert!(refusal(&facts).to_string().contains("`bert`"));
}

#[test]
fn what_is_listed_as_known_is_not_refused_as_unknown() {
    for (model, _) in known() {
        let facts = VocabularyFacts {
            model: model.to_owned(),
            ..VocabularyFacts::default()
        };
        let error = refusal(&facts);
        assert!(
            !matches!(error, TokenizerError::UnknownModel { .. }),
            "{error}"
        );
    }
}

#[test]
fn refuses_an_unknown_pre_tokenizer_by_name() {
    assert!(
        refusal(&byte_level("no-such", &[], &[]))
            .to_string()
            .contains("`no-such`")
    );
}

#[test]
fn a_missing_pre_tokenizer_is_default_and_shows() {
    let named = byte_level("default", &[], &[]);
    assert!(!tokenizer(&named).pre_missing());
    let missing = VocabularyFacts {
        pre: None,
        ..named.clone()
    };
    assert!(tokenizer(&missing).pre_missing());
    let empty = VocabularyFacts {
        pre: Some(String::new()),
        ..named
    };
    assert!(tokenizer(&empty).pre_missing());
}

#[test]
fn refuses_missing_tokens_and_merges() {
    let facts = VocabularyFacts {
        merges: None,
        ..byte_level("gpt-2", &[], &[])
    };
    assert_eq!(refusal(&facts), TokenizerError::NoMerges);
    let facts = VocabularyFacts {
        tokens: Vec::new(),
        ..byte_level("gpt-2", &[], &[])
    };
    assert_eq!(refusal(&facts), TokenizerError::NoTokens);
}

#[test]
fn refuses_arrays_that_are_too_short() {
    let facts = VocabularyFacts {
        token_types: Some(vec![NORMAL; 26]),
        ..byte_level("gpt-2", &[], &[])
    };
    let expected = TokenizerError::ShortArray {
        key: "tokenizer.ggml.token_type",
        found: 26,
        n_tokens: 27,
    };
    assert_eq!(refusal(&facts), expected);
    let facts = VocabularyFacts {
        scores: Some(Vec::new()),
        ..sentence_piece(&[])
    };
    assert!(matches!(
        refusal(&facts),
        TokenizerError::ShortArray {
            key: "tokenizer.ggml.scores",
            ..
        }
    ));
    let longer = VocabularyFacts {
        token_types: Some(vec![NORMAL; 28]),
        ..byte_level("gpt-2", &[], &[])
    };
    assert_eq!(tokenizer(&longer).n_tokens(), 27);
}

#[test]
fn refuses_two_ids_for_one_text() {
    let facts = byte_level("gpt-2", &[("c", NORMAL)], &[]);
    assert_eq!(
        refusal(&facts),
        TokenizerError::DuplicateToken {
            first: 0,
            second: 3
        }
    );
    // llama.cpp reads C strings: what follows a NUL is not there.
    let facts = byte_level("gpt-2", &[("c\0d", NORMAL)], &[]);
    assert_eq!(
        refusal(&facts),
        TokenizerError::DuplicateToken {
            first: 0,
            second: 3
        }
    );
}

#[test]
fn gives_a_token_without_text_a_name() {
    let facts = byte_level("gpt-2", &[("", CONTROL)], &[]);
    assert_eq!(tokenizer(&facts).piece(0), Some(b"[EMPTY_0]".to_vec()));
}

#[test]
fn refuses_a_score_that_is_not_a_number() {
    let facts = sentence_piece(&[("a", NORMAL, f32::NAN)]);
    assert_eq!(refusal(&facts), TokenizerError::ScoreNotANumber { id: 3 });
}

#[test]
fn refuses_a_byte_token_without_room_for_a_byte() {
    let facts = byte_level("gpt-2", &[("<0", BYTE)], &[]);
    assert_eq!(refusal(&facts), TokenizerError::ByteTokenTooShort { id: 0 });
}

#[test]
fn refuses_a_phi3_without_its_tokens() {
    let facts = VocabularyFacts {
        general_name: Some("phi3".to_owned()),
        ..byte_level("gpt-2", &[], &[])
    };
    assert_eq!(
        refusal(&facts),
        TokenizerError::MissingToken { text: "</s>" }
    );
}
