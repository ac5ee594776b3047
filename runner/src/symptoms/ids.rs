//! Most likely tokens that follow a rule: those of another token, position or prompt.

use schemas::symptom::{Pattern, Symptom};

use super::seen::{SeenCase, SeenRow};
use super::subject::Subject;
use super::thresholds::{IDS_AGREE, IDS_ROWS};

/// Candidate and reference.
type Top1 = (u32, u32);

fn top1(rows: &[SeenRow]) -> Vec<Option<Top1>> {
    let ids = |row: &SeenRow| row.numbers.map(|it| (it.candidate_top1, it.reference_top1));
    rows.iter().map(ids).collect()
}

/// Whether nearly all of enough do.
fn nearly_all(agree: usize, of: usize) -> bool {
    of >= IDS_ROWS && agree as f64 >= IDS_AGREE * of as f64
}

pub(super) fn constant_offset(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let ids: Vec<Top1> = top1(rows).into_iter().flatten().collect();
    let (candidate, reference) = ids.first()?;
    let offset = i64::from(*candidate) - i64::from(*reference);
    let agree = ids
        .iter()
        .filter(|(candidate, reference)| i64::from(*candidate) - i64::from(*reference) == offset);
    let agree = agree.count();
    // All one token would say nothing of an offset.
    let varied = ids.iter().any(|(_, reference)| *reference != ids[0].1);
    (offset != 0 && varied && nearly_all(agree, ids.len())).then(|| Symptom {
        pattern: Pattern::ConstantTokenOffset,
        cause: "logits belong to other tokens: the rows of the output matrix (or of the tied \
            embedding) are read from a wrong start, or the vocabulary has an offset"
            .to_owned(),
        evidence: format!(
            "at {agree} of {} positions the candidate's most likely token is the reference's \
             {offset:+}",
            ids.len()
        ),
        next_command: subject.inspect(&["--show-kv", "*vocab*"]),
    })
}

/// The candidate's row p looks like the reference's p - 1 or p + 1.
pub(super) fn shifted_positions(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let ids = top1(rows);
    let shifted = |by: usize, later: bool| {
        let (mut agree, mut of) = (0, 0);
        for (early, late) in ids.iter().zip(ids.iter().skip(by)) {
            let (Some(early), Some(late)) = (early, late) else {
                continue;
            };
            let (candidate, own, other) = if later {
                (early.0, early.1, late.1)
            } else {
                (late.0, late.1, early.1)
            };
            // Equal neighbours say nothing.
            if own != other {
                of += 1;
                agree += usize::from(candidate == other);
            }
        }
        nearly_all(agree, of).then_some((agree, of))
    };
    let (word, (agree, of)) = match (shifted(1, false), shifted(1, true)) {
        (Some(found), _) => ("before", found),
        (None, Some(found)) => ("after", found),
        (None, None) => return None,
    };
    Some(Symptom {
        pattern: Pattern::ShiftedPositions,
        cause: "rows are in the right order and one place off: the index of the wanted outputs, \
            or a token too many in front"
            .to_owned(),
        evidence: format!(
            "at {agree} of {of} positions whose neighbour differs, the candidate's most likely \
             token is that of the position {word}"
        ),
        next_command: subject.per_token(&["--max-positions", "2", "--max-tokens", "0"]),
    })
}

/// The candidate gives what the prompt before should have given.
pub(super) fn previous_prompt(cases: &[SeenCase], subject: &Subject) -> Option<Symptom> {
    let (mut agree, mut of) = (0, 0);
    for pair in cases.windows(2) {
        let [before, case] = pair else { continue };
        let ids = top1(&before.positions)
            .into_iter()
            .zip(top1(&case.positions));
        for (before, own) in ids {
            if let (Some(before), Some(own)) = (before, own)
                && before.1 != own.1
            {
                of += 1;
                agree += usize::from(own.0 == before.1);
            }
        }
    }
    nearly_all(agree, of).then(|| Symptom {
        pattern: Pattern::PreviousPrompt,
        cause: "rows of the prompt before are given again: a buffer or file that is not written \
            anew"
            .to_owned(),
        evidence: format!(
            "at {agree} of {of} positions the candidate's most likely token is that of the \
             prompt before"
        ),
        next_command: subject.per_token(&[]),
    })
}

/// The first prompt of a sitting is right, the next one is wrong from its beginning.
pub(super) fn only_later_prompts(cases: &[SeenCase], subject: &Subject) -> Option<Symptom> {
    let (first, later) = cases.split_first()?;
    if first.positions.is_empty() || first.positions.iter().any(|row| row.is_bad) {
        return None;
    }
    let from_start = |case: &&SeenCase| case.positions.first().is_some_and(|row| row.is_bad);
    let bad = later.iter().filter(from_start).count();
    nearly_all(
        bad.saturating_mul(IDS_ROWS),
        later.len().saturating_mul(IDS_ROWS),
    )
    .then(|| Symptom {
        pattern: Pattern::OnlyLaterPrompts,
        cause: "the cache is not cleared between prompts, and later ones see the tokens of \
            earlier ones"
            .to_owned(),
        evidence: format!(
            "the first prompt is right at {} positions; {bad} of the {} after it are wrong from \
             position 0 on",
            first.positions.len(),
            later.len()
        ),
        // One prompt in a process of its own: this should be right.
        next_command: subject.per_token(&[]),
    })
}
