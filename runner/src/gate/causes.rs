//! What may be the cause of a mismatch: each suggestion only where there is evidence for it, then
//! those that always hold.

use schemas::symptom::Pattern;

use super::Mismatch;
use crate::text::{escape_bytes_for_terminal, escape_for_terminal};

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

/// What there is evidence for, the most telling first.
pub fn causes(mismatch: &Mismatch, evidence: &Evidence) -> Vec<(Pattern, String)> {
    let metadata = missing_pre(evidence)
        .into_iter()
        .chain(different_metadata(evidence));
    let mut found: Vec<_> = metadata
        .map(|text| (Pattern::TokenizerMetadata, text))
        .collect();
    let others = [
        (Pattern::Vocabulary, different_vocabulary(mismatch)),
        (Pattern::BosDoubled, duplicate_bos(mismatch)),
        (Pattern::BosMissing, missing_bos(mismatch, evidence)),
        (Pattern::SpecialTokens, special_text(mismatch, evidence)),
        (Pattern::TrailingTokens, ends_early(mismatch)),
    ];
    found.extend(
        others
            .into_iter()
            .filter_map(|(pattern, text)| Some((pattern, text?))),
    );
    found
}

/// What to try, the most telling first. `model` is the path as the user wrote it, quoted.
pub fn suggestions(mismatch: &Mismatch, evidence: &Evidence, model: &str) -> Vec<String> {
    let causes = causes(mismatch, evidence).into_iter();
    let mut found: Vec<String> = causes.map(|(_, text)| text).collect();
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
    // A file is untrusted, and this goes to a terminal.
    let text = |text: &Option<String>| match text {
        Some(text) => escape_for_terminal(text),
        None => "absent".to_owned(),
    };
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

/// One id with two texts, or one text with two ids.
fn different_vocabulary(mismatch: &Mismatch) -> Option<String> {
    let Mismatch {
        candidate,
        reference,
        first_difference,
    } = mismatch;
    let pieces = candidate.pieces.iter().zip(&reference.pieces);
    for (index, (ours, theirs)) in pieces.enumerate().take(first_difference + 1) {
        let (our_id, their_id) = (candidate.ids[index], reference.ids[index]);
        let (ours, theirs) = (ours.as_bytes(), theirs.as_bytes());
        if (our_id == their_id) != (ours == theirs) {
            return Some(format!(
                "The vocabularies differ: at index {index}, id {our_id} is \"{}\" on the Rust side, \
                 id {their_id} is \"{}\" on the C++ side",
                escape_bytes_for_terminal(ours),
                escape_bytes_for_terminal(theirs)
            ));
        }
    }
    None
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

/// A control token's text became one token on one side and several on the other, the first of which
/// is the beginning of that text.
fn special_text(mismatch: &Mismatch, evidence: &Evidence) -> Option<String> {
    let at = mismatch.first_difference;
    let candidate = mismatch.candidate.pieces.get(at)?.as_bytes();
    let reference = mismatch.reference.pieces.get(at)?.as_bytes();
    let is_markup = |piece: &[u8], other: &[u8]| {
        let whole = piece.len() > 4 && piece.starts_with(b"<|") && piece.ends_with(b"|>");
        whole && piece != other && !other.is_empty() && piece.starts_with(other)
    };
    let (who, other) = if is_markup(candidate, reference) {
        ("Rust", "C++")
    } else if is_markup(reference, candidate) {
        ("C++", "Rust")
    } else {
        return None;
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
                    Piece::from_bytes(match id {
                        7 => b"<|eot_id|>".to_vec(),
                        3 => b"<".to_vec(),
                        _ => id.to_string().into(),
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
        // Token 7 is a control token, 3 is `<`.
        assert!(first(&[5, 7], &[5, 3, 9], &evidence()).contains("parsed in the Rust tokens"));
        assert!(!first(&[5], &[5, 7], &evidence()).contains("parsed"));
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

    #[test]
    fn another_vocabulary_is_seen_by_its_texts() {
        let piece = |text: &str| Piece::from_bytes(text.into());
        let first_with = |ours: &[&str], theirs: &[&str], ids: [&[u32]; 2]| {
            let [mut candidate, mut reference] = ids.map(tokens);
            candidate.pieces = ours.iter().map(|text| piece(text)).collect();
            reference.pieces = theirs.iter().map(|text| piece(text)).collect();
            let mismatch = check(candidate, reference).expect_err("different");
            suggestions(&mismatch, &evidence(), "model.gguf").remove(0)
        };
        let one_text = first_with(&["a", "b"], &["a", "b"], [&[5, 6], &[5, 8]]);
        assert!(
            one_text.contains("index 1, id 6 is \"b\" on the Rust side, id 8 is \"b\""),
            "{one_text}"
        );
        let one_id = first_with(&["a", "b"], &["A", "c"], [&[5, 6], &[5, 8]]);
        assert!(one_id.contains("index 0, id 5 is \"a\""), "{one_id}");
        let neither = first_with(&["a", "b"], &["a", "c"], [&[5, 6], &[5, 8]]);
        assert!(!neither.contains("vocabularies"), "{neither}");
    }

    #[test]
    fn what_a_file_says_does_not_reach_the_terminal() {
        let mut hostile = evidence();
        hostile.reference.pre = Some("\u{1b}[2J".to_owned());
        let said = first(&[5, 6], &[5, 8], &hostile);
        assert!(
            said.contains("tokenizer.ggml.pre") && !said.contains('\u{1b}'),
            "{said:?}"
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
