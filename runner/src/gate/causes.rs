//! What may be the cause of a mismatch: each suggestion only where there is evidence for it, then
//! those that always hold.

use super::Mismatch;

/// What is known beside the two sequences.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What the candidate's file says of its vocabulary.
    pub candidate: VocabularyFacts,
    /// What the reference's file says of its vocabulary.
    pub reference: VocabularyFacts,
    /// Whether the candidate used a tokenizer.json in place of its model's vocabulary.
    pub own_tokenizer: bool,
    /// Whether the prompt was asked to be parsed for texts of control tokens.
    pub parse_special: bool,
    /// The template's name.
    pub template: &'static str,
}

/// What a file says of its vocabulary, as far as it bears on tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VocabularyFacts {
    /// `tokenizer.ggml.model`.
    pub model: Option<String>,
    /// `tokenizer.ggml.pre`.
    pub pre: Option<String>,
    /// `tokenizer.ggml.add_bos_token`.
    pub add_bos: Option<bool>,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<u32>,
    /// How many tokens there are.
    pub n_tokens: Option<usize>,
}

/// AC5
const USE_RAW: &str = "Use --prompt-template raw for raw tokenization (no formatting)";

/// What to try, the most telling first. `model` is the path as the user wrote it, quoted.
pub fn suggestions(mismatch: &Mismatch, evidence: &Evidence, model: &str) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(missing_pre(evidence));
    found.extend(different_metadata(evidence));
    found.extend(duplicate_bos(mismatch));
    found.extend(missing_bos(mismatch, evidence));
    found.extend(special_text(mismatch, evidence));
    found.extend(ends_early(mismatch));
    found.push(USE_RAW.to_owned());
    // AC7
    found.push(format!(
        "Check GGUF chat_template metadata with: lockstep inspect {model}"
    ));
    found.push("Verify BOS handling: --dump-ids --dump-cpp-ids show both sequences".to_owned());
    found
}

/// Only byte-level BPE looks at `pre`.
fn missing_pre(evidence: &Evidence) -> Option<String> {
    let lacks =
        |facts: &VocabularyFacts| facts.model.as_deref() == Some("gpt2") && facts.pre.is_none();
    let who = match (lacks(&evidence.candidate), lacks(&evidence.reference)) {
        (false, false) => return None,
        (true, true) => "The model has",
        (true, false) => "The candidate's model has",
        (false, true) => "The reference's model has",
    };
    Some(format!(
        "{who} no tokenizer.ggml.pre: llama.cpp then splits text as `default`, another tokenizer \
         as the model was trained; write the right `pre` into the file, or compare without --tokenizer"
    ))
}

fn different_metadata(evidence: &Evidence) -> Vec<String> {
    let (candidate, reference) = (&evidence.candidate, &evidence.reference);
    let mut found = Vec::new();
    let mut differs = |key: &str, candidate: String, reference: String| {
        if candidate != reference {
            found.push(format!(
                "The two files differ in tokenizer.ggml.{key}: {candidate} for the candidate, {reference} for the reference"
            ));
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "absent".to_owned());
    let shown = |value: Option<String>| value.unwrap_or_else(|| "absent".to_owned());
    differs("model", text(&candidate.model), text(&reference.model));
    differs("pre", text(&candidate.pre), text(&reference.pre));
    differs(
        "add_bos_token",
        shown(candidate.add_bos.map(|flag| flag.to_string())),
        shown(reference.add_bos.map(|flag| flag.to_string())),
    );
    differs(
        "bos_token_id",
        shown(candidate.bos.map(|id| id.to_string())),
        shown(reference.bos.map(|id| id.to_string())),
    );
    differs(
        "tokens",
        shown(candidate.n_tokens.map(|n| format!("{n} of them"))),
        shown(reference.n_tokens.map(|n| format!("{n} of them"))),
    );
    found
}

/// AC6: longer, equal only in the first token, which comes twice.
fn duplicate_bos(mismatch: &Mismatch) -> Option<String> {
    let (candidate, reference) = (&mismatch.candidate.ids, &mismatch.reference.ids);
    let (who, longer) = if candidate.len() > reference.len() {
        ("Rust", candidate)
    } else {
        ("C++", reference)
    };
    let twice = longer.len() > 1 && longer[0] == longer[1];
    if mismatch.first_difference != 1 || candidate.len() == reference.len() || !twice {
        return None;
    }
    Some(format!(
        "Possible duplicate BOS token in the {who} tokens - try: --no-bos, or --prompt-template raw"
    ))
}

/// One sequence is the other with BOS in front.
fn missing_bos(mismatch: &Mismatch, evidence: &Evidence) -> Option<String> {
    let (candidate, reference) = (&mismatch.candidate.ids, &mismatch.reference.ids);
    let begins = |longer: &[u32], shorter: &[u32], bos: Option<u32>| {
        mismatch.first_difference == 0
            && longer
                .split_first()
                .is_some_and(|(first, rest)| rest == shorter && bos == Some(*first))
    };
    let missing = |who: &str, other: &str| {
        format!(
            "The {who} tokens lack the BOS token with which the {other} tokens begin - try: --add-bos or --no-bos, \
             which hold for both"
        )
    };
    if begins(reference, candidate, evidence.reference.bos) {
        Some(missing("Rust", "C++"))
    } else if begins(candidate, reference, evidence.candidate.bos) {
        Some(missing("C++", "Rust"))
    } else {
        None
    }
}

/// A control token's text became one token on one side and several on the other.
fn special_text(mismatch: &Mismatch, evidence: &Evidence) -> Option<String> {
    let at = mismatch.first_difference;
    let is_markup = |tokens: &schemas::tokenize::Tokens| {
        tokens.pieces.get(at).is_some_and(|piece| {
            let bytes = piece.as_bytes();
            bytes.len() > 4 && bytes.starts_with(b"<|") && bytes.ends_with(b"|>")
        })
    };
    let (who, other) = match (
        is_markup(&mismatch.candidate),
        is_markup(&mismatch.reference),
    ) {
        (true, false) => ("Rust", "C++"),
        (false, true) => ("C++", "Rust"),
        _ => return None,
    };
    Some(format!(
        "Special tokens are parsed in the {who} tokens and taken as text in the {other} tokens \
         (template {}, parse special: {})",
        evidence.template, evidence.parse_special
    ))
}

fn ends_early(mismatch: &Mismatch) -> Option<String> {
    let (candidate, reference) = (mismatch.candidate.ids.len(), mismatch.reference.ids.len());
    let (who, more) = if mismatch.first_difference == candidate {
        ("Rust", reference - candidate)
    } else if mismatch.first_difference == reference {
        ("C++", candidate - reference)
    } else {
        return None;
    };
    Some(format!(
        "The {who} tokens are the beginning of the other ones, which have {more} more: an end token \
         added by one side (tokenizer.ggml.add_eos_token)?"
    ))
}

#[cfg(test)]
mod tests {
    use schemas::tag::Tag;
    use schemas::tokenize::{Piece, Tokens};

    use super::*;
    use crate::gate::check;

    fn tokens(ids: &[u32]) -> Tokens {
        Tokens {
            schema: Tag::new(),
            id: schemas::line::ItemId::new("case").expect("an id"),
            ids: ids.to_vec(),
            pieces: ids
                .iter()
                .map(|id| {
                    Piece::from_bytes(if *id == 7 {
                        b"<|eot_id|>".to_vec()
                    } else {
                        id.to_string().into()
                    })
                })
                .collect(),
        }
    }

    fn first(candidate: &[u32], reference: &[u32], evidence: &Evidence) -> String {
        let mismatch = check(tokens(candidate), tokens(reference)).expect_err("different");
        suggestions(&mismatch, evidence, "model.gguf").remove(0)
    }

    fn file(pre: Option<&str>) -> VocabularyFacts {
        VocabularyFacts {
            model: Some("gpt2".to_owned()),
            pre: pre.map(str::to_owned),
            add_bos: Some(true),
            bos: Some(1),
            n_tokens: Some(10),
        }
    }

    fn evidence() -> Evidence {
        Evidence {
            candidate: file(Some("smollm")),
            reference: file(Some("smollm")),
            ..Evidence::default()
        }
    }

    /// AC6
    #[test]
    fn a_duplicate_bos_is_named() {
        assert!(
            first(&[1, 1, 5, 6], &[1, 5, 6], &evidence())
                .contains("duplicate BOS token in the Rust")
        );
        assert!(
            first(&[1, 5, 6], &[1, 1, 5, 6], &evidence())
                .contains("duplicate BOS token in the C++")
        );
        assert!(!first(&[1, 5, 6], &[1, 5, 8], &evidence()).contains("duplicate"));
        assert!(!first(&[1, 5, 6], &[1, 8, 6], &evidence()).contains("duplicate"));
    }

    #[test]
    fn each_cause_is_named_where_its_evidence_is() {
        assert!(first(&[5, 6], &[1, 5, 6], &evidence()).contains("Rust tokens lack the BOS"));
        assert!(first(&[1, 5, 6], &[5, 6], &evidence()).contains("C++ tokens lack the BOS"));
        assert!(first(&[5, 7], &[5, 8, 9], &evidence()).contains("parsed in the Rust tokens"));
        assert!(first(&[5, 6], &[5, 6, 2], &evidence()).contains("1 more"));
        let no_pre = Evidence {
            candidate: file(None),
            reference: file(None),
            ..evidence()
        };
        assert!(first(&[5, 6], &[5, 8], &no_pre).contains("no tokenizer.ggml.pre"));
        let other_pre = Evidence {
            reference: file(Some("gpt-2")),
            ..evidence()
        };
        assert!(
            first(&[5, 6], &[5, 8], &other_pre)
                .contains("smollm for the candidate, gpt-2 for the reference")
        );
        let mut other_bos = evidence();
        other_bos.reference.add_bos = Some(false);
        assert!(
            first(&[1, 5], &[5], &other_bos)
                .contains("add_bos_token: true for the candidate, false")
        );
    }

    /// AC5, AC7
    #[test]
    fn without_evidence_only_what_always_holds_is_said() {
        let mismatch = check(tokens(&[5, 6]), tokens(&[5, 8])).expect_err("different");
        let all = suggestions(&mismatch, &evidence(), "model.gguf");
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].starts_with("Use --prompt-template raw"));
        assert!(
            all[1].contains("Check GGUF chat_template metadata with: lockstep inspect model.gguf")
        );
    }
}
