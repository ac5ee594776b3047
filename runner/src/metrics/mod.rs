//! How far two rows of logits are apart. Pure: slices in, numbers out, all sums in f64.
//!
//! `pass` reads the rows, once, and sums up what the others ask of them: `distance` looks at the
//! numbers themselves, `distribution` at what softmax makes of them, `ranking` at their order.
//! [`compare`] puts the three together after looking for what is not finite: a NaN would make every
//! comparison of sums false, and a false comparison must not look like a small distance.
//!
//! The same rows give the same bits on every CPU: see `lanes`.

mod distance;
mod distribution;
mod exp;
#[cfg(test)]
mod instructions;
mod lanes;
#[cfg(test)]
mod oracle;
mod pass;
mod ranking;

use std::cell::Cell;

use distance::Distances;
use distribution::Spread;
use pass::{Found, Notes};
use pulp::Arch;
use ranking::Order;
use schemas::number::Finite;
use schemas::row::{Metrics, NonFinite, ShiftRemoved, TopKOverlap};

pub use ranking::lowest_largest;

thread_local! {
    static NOTES: Cell<Notes> = Cell::default();
}

/// What two rows of the same length have between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Numbers whose bits differ.
    pub differing: u64,
    /// Numbers of the candidate that are not finite.
    pub candidate_non_finite: NonFinite,
    /// Numbers of the reference that are not finite.
    pub reference_non_finite: NonFinite,
    /// The one number that all of several logits of the candidate are.
    pub candidate_constant: Option<Finite>,
    /// The one number that all of several logits of the reference are.
    pub reference_constant: Option<Finite>,
    /// Distances; `None` when a number is not finite.
    pub metrics: Option<Metrics>,
}

impl Comparison {
    /// Whether the most likely token is another one.
    pub fn is_flip(&self) -> bool {
        self.metrics
            .as_ref()
            .is_some_and(|metrics| !metrics.top1_equal)
    }
}

/// Compares two rows.
///
/// # Panics
/// When the lengths differ or are 0: the caller compares shapes before it reads rows.
pub fn compare(candidate: &[f32], reference: &[f32]) -> Comparison {
    compare_on(Arch::new(), candidate, reference)
}

/// With these instructions.
fn compare_on(arch: Arch, candidate: &[f32], reference: &[f32]) -> Comparison {
    check(candidate, reference);
    let mut notes = NOTES.take();
    // Rows that differ do so at once, most often.
    let same = pass::same(arch, candidate, reference, &mut notes);
    let comparison = if let Some(same) = same {
        let found = same.is_finite.then(|| {
            let row = (reference, notes.reference_peaks.as_slice());
            let are_zero = reference.iter().all(|&x| x == 0.0);
            let order = ranking::measure(row, row);
            metrics(&order, &Distances::none(are_zero), &Spread::NONE)
        });
        comparison(candidate, reference, 0, found)
    } else {
        let found = pass::read::<true>(arch, candidate, reference, &mut notes);
        let differing = reference.len() as u64 - found.equal;
        let found = read_metrics(arch, candidate, reference, &found, &notes);
        comparison(candidate, reference, differing, found)
    };
    NOTES.set(notes);
    comparison
}

fn check(candidate: &[f32], reference: &[f32]) {
    assert_eq!(candidate.len(), reference.len(), "rows of one vocabulary");
    assert!(!reference.is_empty(), "a vocabulary has a token");
}

/// Without what needs an exponential, for the benchmark: the largest difference, and how many differ.
///
/// # Panics
/// As [`compare`] does.
#[doc(hidden)]
pub fn compare_without_powers(candidate: &[f32], reference: &[f32]) -> Option<(f64, u64)> {
    check(candidate, reference);
    let arch = Arch::new();
    let mut notes = NOTES.take();
    let found = pass::read::<false>(arch, candidate, reference, &mut notes);
    let metrics = found.distances.are_finite().then(|| {
        let order = order(candidate, reference, &notes);
        let distances = distance::measure(arch, &found.distances, candidate, reference);
        metrics(&order, &distances, &Spread::NONE)
    });
    NOTES.set(notes);
    metrics.map(|metrics| (metrics.max_abs.get(), reference.len() as u64 - found.equal))
}

fn order(candidate: &[f32], reference: &[f32], notes: &Notes) -> Order {
    ranking::measure(
        (candidate, &notes.candidate_peaks),
        (reference, &notes.reference_peaks),
    )
}

/// Of a pair of rows of which a pass was made, if they are finite.
fn read_metrics(
    arch: Arch,
    candidate: &[f32],
    reference: &[f32],
    found: &Found,
    notes: &Notes,
) -> Option<Metrics> {
    found.distances.are_finite().then(|| {
        let distances = distance::measure(arch, &found.distances, candidate, reference);
        let spread = notes.spread(arch, &found.powers);
        metrics(&order(candidate, reference, notes), &distances, &spread)
    })
}

fn comparison(
    candidate: &[f32],
    reference: &[f32],
    differing: u64,
    metrics: Option<Metrics>,
) -> Comparison {
    // Without metrics there is a number that is not finite, and with them there is none.
    let non_finite = |row| match metrics {
        Some(_) => NonFinite::default(),
        None => non_finite(row),
    };
    Comparison {
        differing,
        candidate_non_finite: non_finite(candidate),
        reference_non_finite: non_finite(reference),
        candidate_constant: constant(candidate),
        reference_constant: constant(reference),
        metrics,
    }
}

fn non_finite(row: &[f32]) -> NonFinite {
    let bad = || row.iter().enumerate().filter(|(_, x)| !x.is_finite());
    NonFinite {
        count: bad().count() as u64,
        first_index: bad().next().map(|(index, _)| index as u64),
    }
}

/// The one number that a row holds throughout. The only logit of a row says all that it can.
fn constant(row: &[f32]) -> Option<Finite> {
    let (&first, others) = row.split_first()?;
    if others.is_empty() || others.iter().any(|&other| other != first) {
        return None;
    }
    // Zero, should it be minus zero.
    Finite::new(f64::from(first) + 0.0)
}

fn metrics(order: &Order, distances: &Distances, spread: &Spread) -> Metrics {
    let (raw, shifted) = (&distances.raw, &distances.shift_removed);
    Metrics {
        max_abs: finite(raw.max_abs),
        l2: finite(raw.sum_of_squares.sqrt()),
        mse: finite(raw.mse()),
        nmse: raw.nmse().map(finite),
        cosine: raw.cosine().map(finite),
        scale: raw.scale().map(finite),
        mean_shift: finite(distances.mean_difference),
        shift_removed: ShiftRemoved {
            max_abs: finite(shifted.max_abs),
            mse: finite(shifted.mse()),
            nmse: shifted.nmse().map(finite),
            cosine: shifted.cosine().map(finite),
        },
        kl: finite(spread.kl),
        kl_reverse: finite(spread.kl_reverse),
        total_variation: finite(spread.total_variation),
        candidate_top1: order.candidate_top1,
        reference_top1: order.reference_top1,
        top1_equal: order.candidate_top1 == order.reference_top1,
        top_k_overlap: TopKOverlap {
            k1: finite(order.overlap(1)),
            k5: finite(order.overlap(5)),
            k10: finite(order.overlap(10)),
        },
        reference_top1_rank: order.reference_top1_rank,
        reference_top2_gap: order.reference_top2_gap.map(finite),
    }
}

/// Sums of finite f32 numbers stay far inside f64: 2^18 squares of 2^256 need 2^274.
fn finite(value: f64) -> Finite {
    Finite::new(value).expect("sums over finite f32 numbers are finite in f64")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) struct Numbers(pub(super) u64);

    impl Numbers {
        fn next(&mut self) -> f32 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
        }

        pub(super) fn row(&mut self, n: usize, scale: f32) -> Vec<f32> {
            (0..n).map(|_| self.next() * scale).collect()
        }
    }

    fn metrics_of(candidate: &[f32], reference: &[f32]) -> Metrics {
        compare(candidate, reference).metrics.expect("finite rows")
    }

    #[test]
    fn equal_rows_are_no_distance_apart() {
        // Many rows: rounding could take the cosine of some below 1, and a limit of 1 with it.
        for seed in 0..100 {
            let row = Numbers(seed).row(1000, 10.0);
            let comparison = compare(&row, &row);
            assert_eq!(comparison.differing, 0);
            let metrics = comparison.metrics.expect("finite");
            assert_eq!(metrics.max_abs.get(), 0.0);
            assert_eq!(metrics.kl.get(), 0.0);
            assert_eq!(metrics.total_variation.get(), 0.0);
            assert_eq!(metrics.cosine.map(Finite::get), Some(1.0));
            assert!(metrics.top1_equal && metrics.top_k_overlap.k10.get() == 1.0);
        }
    }

    #[test]
    fn the_sign_of_zero_is_a_difference_of_bits_and_of_nothing_else() {
        let comparison = compare(&[0.0, 1.0], &[-0.0, 1.0]);
        assert_eq!(comparison.differing, 1);
        assert_eq!(comparison.metrics.expect("finite").max_abs.get(), 0.0);
    }

    #[test]
    fn numbers_that_are_not_finite_are_counted_and_placed() {
        let bad = [1.0, f32::NAN, f32::INFINITY, 2.0];
        let good = [1.0, 1.0, 1.0, 1.0];
        let comparison = compare(&bad, &good);
        assert!(comparison.metrics.is_none());
        assert_eq!(comparison.candidate_non_finite.count, 2);
        assert_eq!(comparison.candidate_non_finite.first_index, Some(1));
        assert_eq!(comparison.reference_non_finite, NonFinite::default());
        // NaN against the same NaN has equal bits and is still not finite.
        assert_eq!(compare(&bad, &bad).reference_non_finite.count, 2);
        assert!(compare(&bad, &bad).metrics.is_none());
    }

    #[test]
    fn a_row_of_one_number_is_seen() {
        let constant = |row: &[f32]| compare(row, row).candidate_constant.map(Finite::get);
        assert_eq!(constant(&[1.5; 3]), Some(1.5));
        // Nothing but the sign of nothing differs.
        let zero = constant(&[-0.0, 0.0]);
        assert!(zero.is_some_and(|zero| zero.to_bits() == 0), "{zero:?}");
        assert_eq!(constant(&[0.0, f32::MIN_POSITIVE]), None);
        assert_eq!(constant(&[0.0]), None, "a vocabulary of one");
        for other in [f32::NAN, f32::INFINITY] {
            assert_eq!(constant(&[other; 2]), None, "it is counted as not finite");
        }
        let both = compare(&[0.0, 0.0], &[0.0, 1.0]);
        assert!(both.candidate_constant.is_some() && both.reference_constant.is_none());
    }

    #[test]
    fn softmax_does_not_see_a_shift_however_large() {
        for shift in [1e8, 1e17, 3e38] {
            let metrics = compare(&[shift; 300], &[0.0; 300]).metrics.expect("finite");
            let spread = [metrics.kl, metrics.kl_reverse, metrics.total_variation];
            assert_eq!(spread.map(Finite::get), [0.0; 3], "{shift:e}");
        }
    }

    #[test]
    fn a_constant_shift_is_reported_apart() {
        let reference = Numbers(2).row(500, 4.0);
        let candidate: Vec<f32> = reference.iter().map(|x| x + 2.0).collect();
        let metrics = metrics_of(&candidate, &reference);
        assert!((metrics.mean_shift.get() - 2.0).abs() < 1e-6);
        assert!(metrics.max_abs.get() > 1.9);
        assert!(metrics.shift_removed.max_abs.get() < 1e-6);
        assert!(metrics.kl.get() < 1e-12, "softmax does not see a shift");
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let reference = [f32::MAX, -f32::MAX, 0.0];
        let candidate = [-f32::MAX, f32::MAX, 0.0];
        let metrics = metrics_of(&candidate, &reference);
        assert_eq!(metrics.total_variation.get(), 1.0);
        assert!(metrics.kl.get() > 1e38);
        assert!((metrics.cosine.expect("not zero").get() + 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_known_inequalities_hold() {
        let mut numbers = Numbers(3);
        for case in 0..300 {
            let n = 2 + case % 50;
            let reference = numbers.row(n, 8.0);
            let scale = 2f32.powi(-(case as i32 % 20));
            let candidate: Vec<f32> = reference
                .iter()
                .map(|x| x + numbers.next() * scale)
                .collect();
            let metrics = metrics_of(&candidate, &reference);
            let differences: Vec<f64> = candidate
                .iter()
                .zip(&reference)
                .map(|(c, r)| f64::from(*c) - f64::from(*r))
                .collect();
            let largest = differences.iter().copied().fold(f64::MIN, f64::max);
            let smallest = differences.iter().copied().fold(f64::MAX, f64::min);
            let slack = 1e-12;
            let kl = metrics.kl.get();
            assert!(
                kl <= (largest - smallest).powi(2) / 8.0 + slack,
                "KL and the spread"
            );
            assert!(
                metrics.total_variation.get() <= (kl.max(0.0) / 2.0).sqrt() + 1e-7,
                "Pinsker"
            );
            assert!(kl >= -slack && metrics.kl_reverse.get() >= -slack);
            if !metrics.top1_equal {
                let gap = metrics.reference_top2_gap.expect("two tokens").get();
                assert!(
                    gap <= 2.0 * metrics.max_abs.get() + slack,
                    "a flip needs a small gap"
                );
            }
            assert!(metrics.shift_removed.mse.get() <= metrics.mse.get() + slack);
        }
    }

    #[test]
    fn ranks_and_overlaps_count_as_told() {
        let reference = [5.0, 4.0, 3.0, 2.0, 1.0, 0.0];
        let candidate = [4.0, 5.0, 3.0, 2.0, 0.0, 1.0];
        let metrics = metrics_of(&candidate, &reference);
        assert_eq!((metrics.reference_top1, metrics.candidate_top1), (0, 1));
        assert_eq!(metrics.reference_top1_rank, 1);
        assert_eq!(metrics.reference_top2_gap.map(Finite::get), Some(1.0));
        assert_eq!(metrics.top_k_overlap.k1.get(), 0.0);
        assert_eq!(metrics.top_k_overlap.k5.get(), 0.8);
        // Fewer than ten tokens: all of them.
        assert_eq!(metrics.top_k_overlap.k10.get(), 1.0);
    }
}
