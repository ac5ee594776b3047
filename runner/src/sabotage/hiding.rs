//! How well a fault hides: the largest share of a limit that it uses up.

use std::fmt;

use schemas::limits::{Beyond, Bound, Figure, Limit, LimitedMetric, Rung};
use schemas::number::Finite;
use schemas::receipt::Receipt;
use schemas::row::RowRecord;

use crate::limits;

/// The limit of which a fault uses up most.
pub(super) struct Hiding {
    pub(super) share: Finite,
    pub(super) metric: LimitedMetric,
}

impl fmt::Display for Hiding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = limits::metric_name(self.metric);
        write!(f, "{:.2e} of the limit of {metric}", self.share.get())
    }
}

/// Over all rows and all limits whose breaking would be a divergence.
pub(super) fn of<'a>(receipts: impl Iterator<Item = &'a Receipt>) -> Option<Hiding> {
    let shares = receipts.flat_map(shares);
    shares.max_by(|a, b| a.share.get().total_cmp(&b.share.get()))
}

fn shares(receipt: &Receipt) -> impl Iterator<Item = Hiding> {
    const FIRST: &[Rung] = &[Rung::FirstLogit, Rung::Positions];
    const LATER: &[Rung] = &[Rung::Positions];
    const STEP: &[Rung] = &[Rung::Positions, Rung::Decode];
    let positions = receipt.positions.iter().map(|row| {
        let rungs = if row.position == 0 { FIRST } else { LATER };
        (rungs, &row.row)
    });
    let steps = receipt.greedy.iter().flatten().flat_map(|it| &it.steps);
    let rows = positions.chain(steps.map(|row| (STEP, row)));
    rows.flat_map(|(rungs, row)| {
        let limits = receipt.limits.iter().map(|applied| &applied.limit);
        let limits = limits.filter(|limit| {
            let is_of_rows = matches!(limit.figure, Figure::Value | Figure::Excess);
            is_of_rows && limit.beyond == Beyond::Diverged && rungs.contains(&limit.rung)
        });
        limits.filter_map(|limit| {
            Some(Hiding {
                share: share(limit, row)?,
                metric: limit.metric,
            })
        })
    })
}

/// How much of a limit a row uses up: 0 is a row like the reference's, 1 the limit itself.
fn share(limit: &Limit, row: &RowRecord) -> Option<Finite> {
    /// Of cosines and overlaps.
    const PERFECT: f64 = 1.0;
    let found = limits::found_in(limit, row)?;
    let (used, room) = match limit.bound {
        Bound::Largest => (found, limit.value.get()),
        Bound::Smallest => (PERFECT - found, PERFECT - limit.value.get()),
    };
    // A limit without room is kept or broken, and nothing hides in it.
    Finite::new(used / room)
}

/// A shift is told from rounding by this: the fault adds 0.5.
pub(super) const LEAST_SHIFT: f64 = 0.4;

/// The smallest shift of all rows beyond that of the sound engine, row by row; `None` where one is not
/// finite, or there is none.
pub(super) fn smallest_shift<'a>(
    rows: impl Iterator<Item = (&'a RowRecord, &'a RowRecord)>,
) -> Option<f64> {
    let shift = |row: &RowRecord| Some(row.metrics.as_ref()?.mean_shift.get());
    let shifts = rows.map(|(row, sound)| Some(shift(row)? - shift(sound)?));
    let shifts: Option<Vec<f64>> = shifts.collect();
    shifts?.into_iter().reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use schemas::receipt::Verdict;

    use super::*;
    use crate::metrics::compare;

    fn row(candidate: &[f32], reference: &[f32]) -> RowRecord {
        let found = compare(candidate, reference);
        RowRecord {
            verdict: Verdict::Match,
            broken: Vec::new(),
            differing: found.differing,
            candidate_non_finite: found.candidate_non_finite,
            reference_non_finite: found.reference_non_finite,
            candidate_constant: None,
            reference_constant: None,
            metrics: found.metrics,
            excess: None,
        }
    }

    fn limit(metric: LimitedMetric, bound: Bound, value: f64) -> Limit {
        Limit {
            rung: Rung::Positions,
            metric,
            figure: Figure::Value,
            bound,
            value: Finite::new(value).expect("finite"),
            widened: None,
            least_rows: None,
            beyond: Beyond::Diverged,
            unit: String::new(),
            basis: String::new(),
        }
    }

    #[test]
    fn a_share_is_of_the_room_that_a_limit_leaves() {
        let spoilt = row(&[1.0, 2.0, 3.0, 3.75], &[1.0, 2.0, 3.0, 4.0]);
        let share =
            |metric, bound, value| share(&limit(metric, bound, value), &spoilt).map(Finite::get);
        let max_abs = share(LimitedMetric::MaxAbs, Bound::Largest, 0.375);
        assert!(
            max_abs.is_some_and(|it| (it - 0.5).abs() < 1e-6),
            "{max_abs:?}"
        );
        let cosine = share(LimitedMetric::Cosine, Bound::Smallest, 0.5);
        assert!(cosine.is_some_and(|it| it > 0.0 && it < 0.1), "{cosine:?}");
        assert_eq!(share(LimitedMetric::Top1Equal, Bound::Smallest, 1.0), None);
    }

    #[test]
    fn a_shift_is_that_of_every_row() {
        let shifted = row(&[1.5, 2.5], &[1.0, 2.0]);
        let sound = row(&[1.0, 2.0], &[1.0, 2.0]);
        assert_eq!(smallest_shift([(&shifted, &sound)].into_iter()), Some(0.5));
        assert_eq!(
            smallest_shift([(&shifted, &sound), (&shifted, &shifted)].into_iter()),
            Some(0.0)
        );
        assert_eq!(smallest_shift([].into_iter()), None);
    }
}
