//! Two runs' rows of one case, side by side.

use std::cmp::Ordering;

use schemas::receipt::{Receipt, Verdict};
use schemas::row::{GreedyStretch, RowRecord};
use schemas::run_summary::RowPlace;

use super::figures;

/// What of the rows differs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RowChanges {
    /// Whether the engines' numbers do, floors apart, or the tokens that they are of.
    pub(super) numbers: bool,
    /// The first row whose numbers do, where both runs have rows of the same tokens.
    pub(super) first: Option<RowPlace>,
    /// Whether any row is further off (`Greater`), or else any is nearer (`Less`).
    pub(super) direction: Ordering,
}

/// Compares what two runs found of the same case.
pub(super) fn changes(before: &Receipt, after: &Receipt) -> RowChanges {
    let mut changes = RowChanges {
        numbers: false,
        first: None,
        direction: Ordering::Equal,
    };
    if !has_numbers(before) || !has_numbers(after) {
        return changes;
    }
    if tokens(before) != tokens(after) {
        // Their rows answer different questions.
        changes.numbers = true;
        return changes;
    }
    let (old, new) = (placed(before), placed(after));
    for at in 0..old.len().max(new.len()) {
        let (place, is_changed, direction) = match (old.get(at), new.get(at)) {
            (Some((place, old)), Some((other, new))) if place == other => {
                let is_changed = !same_numbers(old, new);
                (*place, is_changed, direction(before, old, new))
            }
            // What only one run has.
            (Some((place, _)), _) | (None, Some((place, _))) => (*place, true, Ordering::Equal),
            (None, None) => break,
        };
        if is_changed {
            changes.numbers = true;
            changes.first = changes.first.or(Some(place));
        }
        changes.direction = match (changes.direction, direction) {
            (Ordering::Greater, _) | (_, Ordering::Greater) => Ordering::Greater,
            (found, Ordering::Equal) | (_, found) => found,
        };
    }
    changes
}

/// Whether `new` is further off in any way, or else nearer. Rows that differ in what has no order, which
/// token is the most likely, say, are not called better.
fn direction(of: &Receipt, old: &RowRecord, new: &RowRecord) -> Ordering {
    if same_numbers(old, new) && old.excess == new.excess {
        return Ordering::Equal;
    }
    let old = figures::of_row(of.profile, old);
    let new = figures::of_row(of.profile, new);
    let pairs = old.iter().zip(&new);
    let mut orders = pairs.map(|(old, new)| match (old, new) {
        (Some(old), Some(new)) => new.total_cmp(old),
        _ => Ordering::Equal,
    });
    let is_nearer = orders.clone().any(Ordering::is_lt);
    if is_nearer && !orders.any(Ordering::is_gt) {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// Whether the engines computed the same; the floor is measured by others.
fn same_numbers(old: &RowRecord, new: &RowRecord) -> bool {
    old.differing == new.differing
        && old.candidate_non_finite == new.candidate_non_finite
        && old.reference_non_finite == new.reference_non_finite
        && old.candidate_constant == new.candidate_constant
        && old.reference_constant == new.reference_constant
        && old.metrics == new.metrics
}

fn placed(receipt: &Receipt) -> Vec<(RowPlace, &RowRecord)> {
    let positions = receipt.positions.iter();
    let positions = positions.map(|it| (RowPlace::Position(it.position), &it.row));
    let steps = receipt.greedy.iter().flatten();
    let steps = steps.flat_map(GreedyStretch::numbered);
    let steps = steps.map(|(step, row)| (RowPlace::Step(step), row));
    positions.chain(steps).collect()
}

/// Whether engines came to an answer. One that dies or hangs has not, and why is a matter of the machine,
/// too.
fn has_numbers(receipt: &Receipt) -> bool {
    receipt.greedy.is_some() || receipt.verdict == Verdict::TokenMismatch
}

/// What was evaluated, or, where nothing was, what the engines made of the prompt.
pub(super) fn tokens(receipt: &Receipt) -> [Option<&Vec<u32>>; 3] {
    [
        receipt.tokens.as_ref(),
        receipt.rust_tokens.as_ref(),
        receipt.cpp_tokens.as_ref(),
    ]
}

/// The first row that is why a case does not pass.
pub(super) fn first_bad(receipt: &Receipt) -> Option<RowPlace> {
    let placed = placed(receipt).into_iter();
    let mut bad = placed.filter(|(_, row)| figures::is_bad(row));
    bad.next().map(|(place, _)| place)
}
