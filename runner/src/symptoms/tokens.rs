//! Tokens that differ: the gate's own findings, then what only ids and texts show.

use schemas::symptom::{Pattern, Symptom};
use schemas::tokenize::Tokens;

use super::subject::Subject;
use super::thresholds::IDS_ROWS;
use crate::gate::{self, Evidence, Mismatch};

pub(super) fn find(mismatch: &Mismatch, evidence: &Evidence, subject: &Subject) -> Vec<Symptom> {
    let shown = evidence_text(mismatch);
    let mut found = Vec::new();
    found.extend(constant_offset(mismatch, subject));
    for (pattern, cause) in gate::causes(mismatch, evidence) {
        found.push(Symptom {
            pattern,
            cause,
            evidence: shown.clone(),
            next_command: next_command(pattern, subject),
        });
    }
    found.extend(pre_tokenizer(mismatch, &shown, subject));
    found
}

fn evidence_text(mismatch: &Mismatch) -> String {
    let at = mismatch.first_difference;
    let id = |tokens: &Tokens| {
        let id = tokens.ids.get(at);
        id.map_or_else(|| "the end".to_owned(), u32::to_string)
    };
    format!(
        "the tokens differ at index {at}: {} of {} for the candidate, {} of {} for the reference",
        id(&mismatch.candidate),
        mismatch.candidate.ids.len(),
        id(&mismatch.reference),
        mismatch.reference.ids.len()
    )
}

fn next_command(pattern: Pattern, subject: &Subject) -> String {
    match pattern {
        Pattern::BosDoubled => subject.per_token(&["--no-bos"]),
        Pattern::BosMissing => subject.per_token(&["--add-bos"]),
        Pattern::TokenizerMetadata | Pattern::TrailingTokens => {
            subject.inspect(&["--show-kv", "tokenizer.*"])
        }
        _ => subject.per_token(&["--dump-ids", "--dump-cpp-ids"]),
    }
}

/// All ids differ by one number.
fn constant_offset(mismatch: &Mismatch, subject: &Subject) -> Option<Symptom> {
    let (ours, theirs) = (&mismatch.candidate.ids, &mismatch.reference.ids);
    if ours.len() != theirs.len() || ours.len() < IDS_ROWS {
        return None;
    }
    let mut offsets = ours
        .iter()
        .zip(theirs)
        .map(|(&ours, &theirs)| i64::from(ours) - i64::from(theirs));
    let first = offsets.next()?;
    (first != 0 && offsets.all(|offset| offset == first)).then(|| Symptom {
        pattern: Pattern::ConstantTokenOffset,
        cause: "an offset of the vocabulary: ids counted from another start, as with special \
            tokens in front on one side"
            .to_owned(),
        evidence: format!(
            "each of the candidate's {} ids is the reference's {first:+}",
            ours.len()
        ),
        next_command: subject.inspect(&["--show-kv", "tokenizer.*"]),
    })
}

/// The pieces put together are the same text: it was cut, not changed.
fn pre_tokenizer(mismatch: &Mismatch, shown: &str, subject: &Subject) -> Option<Symptom> {
    let text = |tokens: &Tokens| -> Vec<u8> {
        let pieces = tokens.pieces.iter();
        pieces.flat_map(|piece| piece.as_bytes().to_vec()).collect()
    };
    let (ours, theirs) = (text(&mismatch.candidate), text(&mismatch.reference));
    let is_cut = !ours.is_empty()
        && ours == theirs
        && mismatch.candidate.pieces != mismatch.reference.pieces;
    is_cut.then(|| Symptom {
        pattern: Pattern::PreTokenizer,
        cause: "both have the same text and cut it in other places: another pre-tokenizer, or \
            other merges"
            .to_owned(),
        evidence: shown.to_owned(),
        next_command: subject.inspect(&["--show-kv", "tokenizer.*pre*"]),
    })
}

#[cfg(test)]
mod tests {
    use schemas::line::ItemId;
    use schemas::receipt::Profile;
    use schemas::tag::Tag;
    use schemas::tokenize::Piece;

    use super::*;
    use crate::gate::{PromptWords, VocabularyFacts, check};

    fn first(ours: &[(u32, &str)], theirs: &[(u32, &str)]) -> Option<Symptom> {
        let tokens = |tokens: &[(u32, &str)]| Tokens {
            schema: Tag::new(),
            id: ItemId::new("case").expect("an id"),
            ids: tokens.iter().map(|(id, _)| *id).collect(),
            pieces: tokens
                .iter()
                .map(|(_, text)| Piece::from_bytes(text.as_bytes().to_vec()))
                .collect(),
        };
        let mismatch = check(tokens(ours), tokens(theirs)).expect_err("different");
        let facts = VocabularyFacts {
            model: Some("gpt2".to_owned()),
            pre: Some("smollm".to_owned()),
            add_bos: Some(true),
            bos: Some(1),
            n_tokens: Some(10),
        };
        let evidence = Evidence {
            candidate: facts.clone(),
            reference: facts,
            ..Evidence::default()
        };
        let subject = Subject {
            model: "model.gguf".to_owned(),
            prompt: PromptWords::Text("text".to_owned()),
            template: None,
            candidate: "mine".to_owned(),
            reference: "llama-scalar".to_owned(),
            profile: Profile::Exact,
            micro_batch: None,
        };
        let found = find(&mismatch, &evidence, &subject);
        found.into_iter().next()
    }

    fn pattern(ours: &[(u32, &str)], theirs: &[(u32, &str)]) -> Option<Pattern> {
        first(ours, theirs).map(|symptom| symptom.pattern)
    }

    #[test]
    fn each_pattern_of_tokens() {
        let text = [(5, "a"), (6, "b"), (7, "c"), (8, "d")];
        let with = |front: &[(u32, &'static str)]| [front, &text].concat();
        let bos = (1, "<s>");
        assert_eq!(
            pattern(&with(&[bos, bos]), &with(&[bos])),
            Some(Pattern::BosDoubled)
        );
        assert_eq!(pattern(&text, &with(&[bos])), Some(Pattern::BosMissing));
        assert_eq!(pattern(&text, &text[..3]), Some(Pattern::TrailingTokens));
        let offset = text.map(|(id, text)| (id + 100, text));
        assert_eq!(pattern(&offset, &text), Some(Pattern::ConstantTokenOffset));
        let other_id = [text[0], (9, "b"), text[2], text[3]];
        assert_eq!(pattern(&other_id, &text), Some(Pattern::Vocabulary));
        let special = [(5, "a"), (9, "<|end|>")];
        let as_text = [(5, "a"), (3, "<"), (4, "|end|>")];
        assert_eq!(pattern(&special, &as_text), Some(Pattern::SpecialTokens));
        let cut = [(5, "a"), (9, "bc"), (8, "d")];
        let found = first(&cut, &text).expect("one");
        assert_eq!(found.pattern, Pattern::PreTokenizer);
        assert!(
            found.evidence.contains("index 1: 9 of 3 for the candidate"),
            "{found:?}"
        );
        // Another text altogether: nothing to say.
        let other = [(5, "a"), (9, "x"), (7, "c"), (8, "d")];
        assert_eq!(pattern(&other, &text), None);
    }
}
