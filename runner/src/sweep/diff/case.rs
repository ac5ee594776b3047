//! What became of one case. The first of these that differs says whether it is worse or better:
//!
//! 1. the exit code, by the order in which codes outweigh each other,
//! 2. the verdict, by the order in which verdicts do,
//! 3. the leading figures: rows that diverged, flips, KL, largest difference,
//! 4. the other figures,
//! 5. the rows.
//!
//! In 3 to 5 anything that is worse makes the case worse, whatever else is better: a run that is better
//! in all but one figure has something to be looked at. There is no threshold.

use std::cmp::Ordering;

use schemas::diff::{CaseDiff, CaseOutcome, Change, FigureChange, PromptName};
use schemas::receipt::Receipt;

use super::causes::Reason;
use super::figures::{self, LEADING};
use super::rows::{self, RowChanges};
use crate::exit::Exit;
use crate::judge::badness;

/// What became of a case that both runs have; `None`: it is the same.
pub(super) fn of_both(
    comparison: Option<&str>,
    [before, after]: [&Receipt; 2],
    rows: &RowChanges,
    reasons: &[Reason],
) -> Option<CaseDiff> {
    let figures = figures::changes(before, after);
    let change = match order(before, after, &figures, rows) {
        Ordering::Greater => Change::Worse,
        Ordering::Less => Change::Better,
        Ordering::Equal => return None,
    };
    let mut kinds: Vec<_> = reasons.iter().map(|reason| reason.kind).collect();
    kinds.dedup();
    Some(CaseDiff {
        before: Some(outcome(before)),
        after: Some(outcome(after)),
        figures,
        first_changed: rows.first,
        causes: kinds,
        ..named(change, comparison, after)
    })
}

/// A case that only the first run has.
pub(super) fn gone(comparison: Option<&str>, before: &Receipt) -> CaseDiff {
    CaseDiff {
        before: Some(outcome(before)),
        ..named(Change::Gone, comparison, before)
    }
}

/// A case that only the second run has.
pub(super) fn new(comparison: Option<&str>, after: &Receipt) -> CaseDiff {
    CaseDiff {
        after: Some(outcome(after)),
        ..named(Change::New, comparison, after)
    }
}

/// `Greater`: worse.
fn order(
    before: &Receipt,
    after: &Receipt,
    figures: &[FigureChange],
    rows: &RowChanges,
) -> Ordering {
    // The gravest code has the first place.
    let place = |it: &Receipt| {
        Exit::of_code(it.exit.code)
            .unwrap_or(Exit::Internal)
            .place()
    };
    let of_figures = |leading: bool| {
        let mut these = figures.iter();
        let mut these = these
            .by_ref()
            .filter(|it| LEADING.contains(&it.figure) == leading);
        let first = these.next();
        match first {
            None => Ordering::Equal,
            Some(first) if first.worse || these.any(|it| it.worse) => Ordering::Greater,
            Some(_) => Ordering::Less,
        }
    };
    place(before)
        .cmp(&place(after))
        .then_with(|| badness(after.verdict).cmp(&badness(before.verdict)))
        .then_with(|| of_figures(true))
        .then_with(|| of_figures(false))
        .then(rows.direction)
}

fn named(change: Change, comparison: Option<&str>, receipt: &Receipt) -> CaseDiff {
    let set = receipt.prompt_set.as_ref();
    CaseDiff {
        change,
        id: receipt.case.as_ref().map(|keys| keys.id.clone()),
        comparison: comparison.map(str::to_owned),
        candidate: receipt.engines.candidate.name.clone(),
        reference: receipt.engines.reference.name.clone(),
        profile: receipt.profile,
        prompt: set.map(|set| PromptName {
            set: set.name.clone(),
            name: set.prompt.clone(),
        }),
        before: None,
        after: None,
        figures: Vec::new(),
        first_changed: None,
        causes: Vec::new(),
    }
}

fn outcome(receipt: &Receipt) -> CaseOutcome {
    CaseOutcome {
        verdict: receipt.verdict,
        exit: receipt.exit.clone(),
        reason: receipt.reason.clone(),
        first_bad: rows::first_bad(receipt),
        rows: receipt.rows().count() as u64,
    }
}
