//! The figures by which a case is compared with itself in another run. Every one is worse when it is
//! larger, but for the last two.

use std::cmp::Ordering;

use schemas::diff::{ComparedFigure, FigureChange};
use schemas::floor::RowExcess;
use schemas::number::Finite;
use schemas::receipt::{Profile, Receipt, Verdict};
use schemas::row::{Metrics, RowRecord};

use crate::judge::badness;

/// Those that decide first: what a run is judged and read by.
pub(super) const LEADING: [ComparedFigure; 4] = [
    ComparedFigure::BadRows,
    ComparedFigure::Flips,
    ComparedFigure::Kl,
    ComparedFigure::MaxAbs,
];

/// The largest of any row.
const DISTANCES: [ComparedFigure; 8] = [
    ComparedFigure::Kl,
    ComparedFigure::MaxAbs,
    ComparedFigure::Mse,
    ComparedFigure::Nmse,
    ComparedFigure::OneMinusCosine,
    ComparedFigure::ExcessKl,
    ComparedFigure::ExcessMse,
    ComparedFigure::ExcessMaxAbs,
];

/// The sum of all rows.
const COUNTS: [ComparedFigure; 3] = [
    ComparedFigure::BadRows,
    ComparedFigure::Flips,
    ComparedFigure::Differing,
];

/// What a sum over a vocabulary cannot tell from 0: KL of log-softmax terms of up to about 64, and the
/// cosine, each with an error of some 2^-53 of them. Below it numbers go up and down, and even below 0.
const ROUNDING: f64 = 1e-14;

/// The figures of a case, in the order of their kind; what it has not is left out.
pub(super) fn of_case(receipt: &Receipt) -> Vec<(ComparedFigure, f64)> {
    let mut figures = Vec::new();
    let n_rows = receipt.rows().count();
    if n_rows > 0 {
        for figure in COUNTS {
            let sum = receipt.rows().map(|row| count(figure, row)).sum();
            figures.push((figure, sum));
        }
        for figure in DISTANCES {
            let distances = receipt
                .rows()
                .filter_map(|row| distance(figure, receipt.profile, row));
            let largest = distances.max_by(f64::total_cmp);
            figures.extend(largest.map(|largest| (figure, largest)));
        }
        figures.push((ComparedFigure::Rows, n_rows as f64));
    }
    let index = receipt.first_diff_idx;
    figures.extend(index.map(|index| (ComparedFigure::FirstTokenDifference, index as f64)));
    figures.sort_by_key(|(figure, _)| *figure);
    figures
}

/// The figures of a row, in one order for all rows.
pub(super) fn of_row(profile: Profile, row: &RowRecord) -> Vec<Option<f64>> {
    let counts = COUNTS.map(|figure| Some(count(figure, row)));
    let distances = DISTANCES.map(|figure| distance(figure, profile, row));
    [&counts[..], &distances[..]].concat()
}

/// The figures that both have and that differ.
pub(super) fn changes(before: &Receipt, after: &Receipt) -> Vec<FigureChange> {
    let after = of_case(after);
    let changes = of_case(before).into_iter().filter_map(|(figure, old)| {
        let (_, new) = *after.iter().find(|(other, _)| *other == figure)?;
        let order = match figure {
            ComparedFigure::Rows | ComparedFigure::FirstTokenDifference => old.total_cmp(&new),
            _ => new.total_cmp(&old),
        };
        (order != Ordering::Equal).then(|| FigureChange {
            figure,
            before: Finite::new(old),
            after: Finite::new(new),
            worse: order == Ordering::Greater,
        })
    });
    changes.collect()
}

/// Whether a row is why a case does not pass.
pub(super) fn is_bad(row: &RowRecord) -> bool {
    badness(row.verdict) >= badness(Verdict::Diverged)
}

fn count(figure: ComparedFigure, row: &RowRecord) -> f64 {
    let flips = |metrics: &Metrics| !metrics.top1_equal;
    match figure {
        ComparedFigure::BadRows => f64::from(u8::from(is_bad(row))),
        ComparedFigure::Flips => f64::from(u8::from(row.metrics.as_ref().is_some_and(flips))),
        _ => row.differing as f64,
    }
}

/// What is judged of a row: in `exact` the distance as it is, else without the constant shift. A row
/// that is not finite is beyond all others; so is one that is above a floor of 0.
fn distance(figure: ComparedFigure, profile: Profile, row: &RowRecord) -> Option<f64> {
    let excess = |of: fn(&RowExcess) -> Option<Finite>| {
        let excess = row.excess.as_ref()?;
        Some(of(excess).map_or(f64::INFINITY, Finite::get))
    };
    match figure {
        ComparedFigure::ExcessKl => return excess(|it| it.kl),
        ComparedFigure::ExcessMse => return excess(|it| it.mse),
        ComparedFigure::ExcessMaxAbs => return excess(|it| it.max_abs),
        _ => {}
    }
    let Some(metrics) = &row.metrics else {
        return Some(f64::INFINITY);
    };
    let shift_removed = &metrics.shift_removed;
    let as_is = profile == Profile::Exact;
    let found = match figure {
        ComparedFigure::MaxAbs if as_is => metrics.max_abs,
        ComparedFigure::MaxAbs => shift_removed.max_abs,
        ComparedFigure::Mse if as_is => metrics.mse,
        ComparedFigure::Mse => shift_removed.mse,
        ComparedFigure::Nmse if as_is => metrics.nmse?,
        ComparedFigure::Nmse => shift_removed.nmse?,
        ComparedFigure::OneMinusCosine => {
            let cosine = if as_is {
                metrics.cosine
            } else {
                shift_removed.cosine
            };
            return cosine.map(|cosine| beyond_rounding(1.0 - cosine.get()));
        }
        _ => return Some(beyond_rounding(metrics.kl.get())),
    };
    Some(found.get())
}

fn beyond_rounding(distance: f64) -> f64 {
    if distance < ROUNDING { 0.0 } else { distance }
}
