//! Tokenizers over hand-made vocabularies of a few tokens. That the ids are llama.cpp's is proved
//! elsewhere, against llama.cpp; here each rule stands alone, with an input that breaks it.

mod byte_level;
mod fragments;
mod json;
mod refusals;
mod sentence_piece;
mod special;

use super::{Bos, Role, Tokenizer, TokenizerError, VocabularyFacts, known};

const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;

/// A byte-level vocabulary: the given tokens, then the letters `a` to `z` and the blank.
fn byte_level(pre: &str, tokens: &[(&str, i32)], merges: &[&str]) -> VocabularyFacts {
    let letters = ('a'..='z').chain(['Ġ']).map(String::from);
    let texts = tokens
        .iter()
        .map(|(text, _)| (*text).to_owned())
        .chain(letters);
    let types = tokens
        .iter()
        .map(|(_, token_type)| *token_type)
        .chain([NORMAL; 27]);
    VocabularyFacts {
        model: "gpt2".to_owned(),
        pre: Some(pre.to_owned()),
        tokens: texts.map(String::into_bytes).collect(),
        token_types: Some(types.collect()),
        merges: Some(
            merges
                .iter()
                .map(|merge| merge.as_bytes().to_vec())
                .collect(),
        ),
        ..VocabularyFacts::default()
    }
}

/// A `SentencePiece` vocabulary: unknown, BOS and EOS, the given tokens, and a token for each byte.
fn sentence_piece(tokens: &[(&str, i32, f32)]) -> VocabularyFacts {
    let first = [
        ("<unk>", UNKNOWN, 0.0),
        ("<s>", CONTROL, 0.0),
        ("</s>", CONTROL, 0.0),
    ];
    let mut facts = VocabularyFacts {
        model: "llama".to_owned(),
        ..VocabularyFacts::default()
    };
    let mut types = Vec::new();
    let mut scores = Vec::new();
    for (text, token_type, score) in first.iter().chain(tokens) {
        facts.tokens.push(text.as_bytes().to_vec());
        types.push(*token_type);
        scores.push(*score);
    }
    for byte in 0..=u8::MAX {
        facts.tokens.push(format!("<{byte:#04X}>").into_bytes());
        types.push(BYTE);
        scores.push(0.0);
    }
    VocabularyFacts {
        token_types: Some(types),
        scores: Some(scores),
        ..facts
    }
}

fn tokenizer(facts: &VocabularyFacts) -> Tokenizer {
    Tokenizer::from_vocabulary(facts).unwrap()
}

/// The pieces of a text, with special tokens parsed and nothing added at the ends.
fn pieces(facts: &VocabularyFacts, text: &str) -> Vec<String> {
    let tokenizer = tokenizer(facts);
    let ids = tokenizer.encode(text.as_bytes(), Bos::No, true).unwrap();
    ids.into_iter()
        .map(|id| String::from_utf8_lossy(&tokenizer.piece(id).unwrap()).into_owned())
        .collect()
}

fn refusal(facts: &VocabularyFacts) -> TokenizerError {
    Tokenizer::from_vocabulary(facts).map(|_| ()).unwrap_err()
}
