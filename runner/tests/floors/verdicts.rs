//! What rows are in `production`, from numbers alone.

use runner::floor::percentile::Sorted;
use runner::judge::{self, Terms};
use runner::limits::{self, Limits};
use runner::metrics::{self, Comparison};
use schemas::floor::{FloorRecord, JudgedDistances};
use schemas::limits::{Figure, LimitedMetric, LimitsFile};
use schemas::receipt::{Profile, Verdict};
use schemas::row::RowRecord;

use super::finite;

const VOCABULARY: usize = 64;

/// Distances of a row that are `of` everywhere.
pub(super) fn distances(of: f64) -> JudgedDistances {
    JudgedDistances {
        kl: finite(of),
        mse: finite(of),
        max_abs: finite(of),
    }
}

/// A floor whose rows have these distances.
pub(super) fn floor(rows: &[f64]) -> FloorRecord {
    let sorted = Sorted::new(rows.iter().copied());
    let at = |percent| sorted.percentile(percent).expect("rows");
    FloorRecord {
        identity: String::new(),
        variants: Vec::new(),
        positions: rows.iter().map(|&row| distances(row)).collect(),
        steps: vec![distances(rows[rows.len() - 1])],
        p90: distances(at(90)),
        largest_difference: finite(at(100)),
        own: None,
    }
}

pub(super) fn production() -> LimitsFile {
    limits::shipped(Profile::Production).expect("it has one")
}

/// The reference's row: token 0 is likeliest, by `gap`.
fn reference(gap: f32) -> Vec<f32> {
    let mut row: Vec<f32> = (0..VOCABULARY).map(|i| -(i as f32)).collect();
    row[0] = gap - 1.0;
    row
}

/// A row that is off by `by` in a place that decides nothing.
pub(super) fn off_by(by: f32) -> Comparison {
    let mut candidate = reference(2.0);
    candidate[VOCABULARY - 1] += by;
    metrics::compare(&candidate, &reference(2.0))
}

/// A row in which token 1 has become the likeliest over a gap.
pub(super) fn flip_over(gap: f32) -> Comparison {
    let mut candidate = reference(gap);
    candidate.swap(0, 1);
    metrics::compare(&candidate, &reference(gap))
}

fn judged(file: &LimitsFile, floor: Option<&FloorRecord>, found: Comparison) -> RowRecord {
    let limits = Limits::new(Some(file), &[]);
    judge::position(&terms(&limits, floor), 1, found)
}

pub(super) fn terms<'a>(limits: &'a Limits, floor: Option<&'a FloorRecord>) -> Terms<'a> {
    Terms {
        profile: Profile::Production,
        limits,
        floor,
        no_floor: None,
    }
}

/// As judged by the shipped file and a floor of which each row is `of`.
fn verdict(of: f64, found: Comparison) -> Verdict {
    judged(&production(), Some(&floor(&[of; 4])), found).verdict
}

#[test]
fn without_a_floor_nothing_is_better_than_inconclusive() {
    for found in [off_by(0.0), off_by(1e-5), off_by(0.5), flip_over(0.1)] {
        let row = judged(&production(), None, found);
        assert_eq!(row.verdict, Verdict::Inconclusive);
        assert!(row.broken.is_empty() && row.excess.is_none());
    }
    let mut nan = reference(1.0);
    nan[3] = f32::NAN;
    let row = judged(&production(), None, metrics::compare(&nan, &reference(1.0)));
    assert_eq!(row.verdict, Verdict::Diverged, "a NaN needs no floor");
}

#[test]
fn a_floor_tells_drift_from_divergence() {
    for (found, expected) in [
        (off_by(0.0), Verdict::BitExact),
        (off_by(1e-5), Verdict::Match),
        (off_by(0.5), Verdict::Drift),
        (off_by(60.0), Verdict::Diverged),
    ] {
        assert_eq!(verdict(1.0, found), expected);
    }
}

/// Another most likely token is a tie or none: limits of one's own that forget it prove nothing.
#[test]
fn a_flip_that_no_limit_judges_is_inconclusive() {
    let mut file = production();
    let judges_flips = |metric: LimitedMetric| metric == LimitedMetric::FlipGap;
    file.limits.retain(|limit| !judges_flips(limit.metric));
    let floor = floor(&[1.0; 4]);
    let row = judged(&file, Some(&floor), flip_over(0.1));
    assert_eq!(row.verdict, Verdict::Inconclusive);
    assert!(row.broken[0].contains("flip_gap"), "{:?}", row.broken);
    assert_eq!(verdict(1.0, flip_over(0.1)), Verdict::TieFlip);
    let row = judged(&file, Some(&floor), off_by(0.5));
    assert_eq!(row.verdict, Verdict::Drift);
    // Without a floor that is why nothing is known, of a greedy step, too.
    let limits = Limits::new(Some(&file), &[]);
    let step = judge::step(&terms(&limits, None), 0, false, flip_over(0.1));
    assert_eq!((step.verdict, step.broken), (Verdict::Inconclusive, vec![]));
}

#[test]
fn what_is_not_finite_is_never_a_pass() {
    let good = reference(1.0);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut row = good.clone();
        row[3] = bad;
        let found = |candidate, reference| metrics::compare(candidate, reference);
        assert_eq!(verdict(1e9, found(&row, &good)), Verdict::Diverged);
        assert_eq!(verdict(1e9, found(&good, &row)), Verdict::EngineFailed);
        assert_eq!(verdict(1e9, found(&row, &row)), Verdict::EngineFailed);
    }
}

#[test]
fn a_distance_over_no_floor_is_beyond_all_numbers() {
    let row = judged(&production(), Some(&floor(&[0.0; 4])), off_by(1e-5));
    assert_eq!(row.verdict, Verdict::Diverged);
    let excess = row.excess.expect("there is a floor");
    assert_eq!((excess.mse, excess.max_abs), (None, None));
    assert!(
        row.broken[0].contains("beyond all numbers"),
        "{:?}",
        row.broken
    );
    assert_eq!(verdict(0.0, off_by(0.0)), Verdict::BitExact);
}

/// One pair of the reference with itself is at distance 0 at some rows, and says nothing of them.
#[test]
fn one_rows_zero_is_no_infinite_excess() {
    let mut rows = [1.0; 10];
    rows[1] = 0.0;
    let row = judged(&production(), Some(&floor(&rows)), off_by(0.5));
    assert_eq!(row.verdict, Verdict::Drift, "{:?}", row.broken);
    assert_eq!(
        row.excess
            .expect("a floor")
            .max_abs
            .map(|it| it.get() < 1.0),
        Some(true)
    );
    // Where nearly all are zero there is no percentile to go by.
    let mut rows = [0.0; 10];
    rows[0] = 1.0;
    let row = judged(&production(), Some(&floor(&rows)), off_by(0.5));
    assert_eq!(row.verdict, Verdict::Diverged);
}

#[test]
fn a_flip_is_a_tie_within_twice_the_largest_difference() {
    // Gaps in multiples of a largest difference of 1.
    for (gap, expected) in [
        (0.25, Verdict::TieFlip),
        (1.99, Verdict::TieFlip),
        (2.01, Verdict::Diverged),
    ] {
        assert_eq!(verdict(1.0, flip_over(gap)), expected, "{gap}");
    }
    let row = judged(&production(), Some(&floor(&[1.0; 4])), flip_over(2.01));
    let words = &row.broken[0];
    assert!(
        row.broken.len() == 1 && words.starts_with("flip_gap is 2.0"),
        "{words}"
    );
}

#[test]
fn another_greedy_choice_is_judged_as_a_flip() {
    let file = production();
    let floor = floor(&[1.0; 4]);
    let step = |file: &LimitsFile, gap| {
        let limits = Limits::new(Some(file), &[]);
        judge::step(&terms(&limits, Some(&floor)), 0, false, flip_over(gap)).verdict
    };
    assert_eq!(step(&file, 0.25), Verdict::TieFlip);
    assert_eq!(step(&file, 2.5), Verdict::Diverged);
    // Limits that say nothing of flips cannot call one a tie.
    let mut without = file;
    without
        .limits
        .retain(|it| it.metric != LimitedMetric::FlipGap);
    assert_eq!(step(&without, 0.25), Verdict::Diverged);
}

/// The distances of one metric alone.
fn only(file: &LimitsFile, metric: LimitedMetric, figure: Figure) -> LimitsFile {
    let mut only = file.clone();
    only.limits
        .retain(|it| (it.metric, it.figure) == (metric, figure));
    only
}

#[test]
fn each_excess_of_a_row_decides_alone() {
    let floor = floor(&[1.0; 4]);
    for metric in [LimitedMetric::Kl, LimitedMetric::Mse, LimitedMetric::MaxAbs] {
        let file = only(&production(), metric, Figure::Excess);
        assert_eq!(file.limits.len(), 1);
        // Of all logits one is far off, which is likely enough to move the distribution too.
        let mut candidate = reference(2.0);
        candidate[5] += 500.0;
        let far = metrics::compare(&candidate, &reference(2.0));
        let row = judged(&file, Some(&floor), far);
        assert_eq!(row.verdict, Verdict::Diverged, "{metric:?}");
        assert_eq!(row.broken.len(), 1, "{:?}", row.broken);
        assert_eq!(
            judged(&file, Some(&floor), off_by(0.5)).verdict,
            Verdict::Match
        );
    }
}

#[test]
fn limits_of_a_users_own_file_mean_what_they_say() {
    let floor = floor(&[1.0; 4]);
    let mut own = production();
    own.name = "mine".to_owned();
    own.limits
        .retain(|it| it.metric == LimitedMetric::MaxAbs && it.figure == Figure::Value);
    for limit in &mut own.limits {
        limit.beyond = schemas::limits::Beyond::Diverged;
        limit.value = finite(0.1);
    }
    assert_eq!(
        judged(&own, Some(&floor), off_by(0.05)).verdict,
        Verdict::Match
    );
    assert_eq!(
        judged(&own, Some(&floor), off_by(0.2)).verdict,
        Verdict::Diverged
    );
}
