//! Every compared row of a receipt: the rows of `positions.csv`.

use std::borrow::Cow;

use schemas::receipt::Receipt;
use schemas::row::RowRecord;

use super::cell::{Cell, Named};
use crate::judge;

/// A compared row and where it is.
pub(super) struct Place<'a> {
    /// The id of its case.
    case: &'a str,
    /// `position` or `step`.
    kind: &'static str,
    /// The position, or the number of the step.
    index: u64,
    /// The token at the position; of a step the one that the reference chose.
    token: Option<u32>,
    row: &'a RowRecord,
}

/// The rows of a receipt: each position, then each greedy step.
pub(super) fn all<'a>(case: &'a str, receipt: &'a Receipt) -> impl Iterator<Item = Place<'a>> {
    let positions = receipt.positions.iter().map(move |it| Place {
        case,
        kind: "position",
        index: it.position,
        token: Some(it.token),
        row: &it.row,
    });
    let stretches = receipt.greedy.iter().flatten();
    let steps = stretches.flat_map(move |stretch| {
        let numbered = stretch.numbered().enumerate();
        numbered.map(move |(at, (step, row))| Place {
            case,
            kind: "step",
            index: step,
            token: stretch.reference_ids.get(at).copied(),
            row,
        })
    });
    positions.chain(steps)
}

/// The row of the table.
pub(super) fn cells<'a>(of: Option<&Place<'a>>) -> Vec<Named<'a>> {
    let row = of.map(|it| it.row);
    let mut cells = vec![
        ("case", Cell::text(of.map(|it| it.case))),
        ("kind", Cell::text(of.map(|it| it.kind))),
        ("index", Cell::Count(of.map(|it| it.index))),
        (
            "token",
            Cell::Count(of.and_then(|it| it.token).map(u64::from)),
        ),
        (
            "verdict",
            Cell::text(row.map(|row| judge::word(row.verdict))),
        ),
        (
            "broken",
            Cell::Text(row.map(|row| Cow::Owned(row.broken.join("; ")))),
        ),
        ("differing", Cell::Count(row.map(|row| row.differing))),
    ];
    cells.extend(metrics(row));
    cells.extend(excess(row));
    cells.extend(odd(row));
    cells
}

/// The distances, under the names that they have in a receipt.
fn metrics<'a>(row: Option<&RowRecord>) -> Vec<Named<'a>> {
    let all = row.and_then(|row| row.metrics.as_ref());
    let number = |metric: fn(&_) -> Option<_>| Cell::number(all.and_then(metric));
    let token = |token: Option<u32>| Cell::Count(token.map(u64::from));
    vec![
        ("max_abs", number(|it| Some(it.max_abs))),
        ("l2", number(|it| Some(it.l2))),
        ("mse", number(|it| Some(it.mse))),
        ("nmse", number(|it| it.nmse)),
        ("cosine", number(|it| it.cosine)),
        ("scale", number(|it| it.scale)),
        ("mean_shift", number(|it| Some(it.mean_shift))),
        (
            "shift_removed_max_abs",
            number(|it| Some(it.shift_removed.max_abs)),
        ),
        ("shift_removed_mse", number(|it| Some(it.shift_removed.mse))),
        ("shift_removed_nmse", number(|it| it.shift_removed.nmse)),
        ("shift_removed_cosine", number(|it| it.shift_removed.cosine)),
        ("kl", number(|it| Some(it.kl))),
        ("kl_reverse", number(|it| Some(it.kl_reverse))),
        ("total_variation", number(|it| Some(it.total_variation))),
        ("candidate_top1", token(all.map(|it| it.candidate_top1))),
        ("reference_top1", token(all.map(|it| it.reference_top1))),
        ("top1_equal", Cell::Flag(all.map(|it| it.top1_equal))),
        ("top_k_overlap_k1", number(|it| Some(it.top_k_overlap.k1))),
        ("top_k_overlap_k5", number(|it| Some(it.top_k_overlap.k5))),
        ("top_k_overlap_k10", number(|it| Some(it.top_k_overlap.k10))),
        (
            "reference_top1_rank",
            Cell::Count(all.map(|it| it.reference_top1_rank)),
        ),
        ("reference_top2_gap", number(|it| it.reference_top2_gap)),
    ]
}

/// The distances in multiples of the floor.
fn excess<'a>(row: Option<&RowRecord>) -> Vec<Named<'a>> {
    let all = row.and_then(|row| row.excess.as_ref());
    let number = |excess: fn(&_) -> Option<_>| Cell::number(all.and_then(excess));
    vec![
        ("excess_kl", number(|it| it.kl)),
        ("excess_mse", number(|it| it.mse)),
        ("excess_max_abs", number(|it| it.max_abs)),
        ("excess_flip_gap", number(|it| it.flip_gap)),
    ]
}

/// Numbers that no row should have.
fn odd<'a>(row: Option<&RowRecord>) -> Vec<Named<'a>> {
    let candidate = row.map(|row| row.candidate_non_finite);
    let reference = row.map(|row| row.reference_non_finite);
    vec![
        (
            "candidate_non_finite",
            Cell::Count(candidate.map(|it| it.count)),
        ),
        (
            "candidate_first_non_finite",
            Cell::Count(candidate.and_then(|it| it.first_index)),
        ),
        (
            "reference_non_finite",
            Cell::Count(reference.map(|it| it.count)),
        ),
        (
            "reference_first_non_finite",
            Cell::Count(reference.and_then(|it| it.first_index)),
        ),
        (
            "candidate_constant",
            Cell::number(row.and_then(|row| row.candidate_constant)),
        ),
        (
            "reference_constant",
            Cell::number(row.and_then(|row| row.reference_constant)),
        ),
    ]
}
