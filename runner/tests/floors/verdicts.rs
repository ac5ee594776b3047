//! What rows are in `production`, from numbers alone.

use runner::conclusion::Conclusion;
use runner::exit::Exit;
use runner::floor::percentile::Sorted;
use runner::judge::{self, Terms};
use runner::limits::{self, Limits};
use runner::metrics::{self, Comparison};
use runner::rows::Rows;
use schemas::floor::{FloorRecord, JudgedDistances};
use schemas::limits::{Figure, LimitedMetric, LimitsFile};
use schemas::receipt::{Profile, Verdict};
use schemas::row::{GreedyStretch, PositionRow, RowRecord};

use super::finite;

const VOCABULARY: usize = 64;

/// Distances of a row that are `of` everywhere.
fn distances(of: f64) -> JudgedDistances {
    JudgedDistances {
        kl: finite(of),
        mse: finite(of),
        max_abs: finite(of),
    }
}

/// A floor whose rows have these distances.
fn floor(rows: &[f64]) -> FloorRecord {
    let sorted = Sorted::new(rows.iter().copied());
    let at = |percent| sorted.percentile(percent).expect("rows");
    FloorRecord {
        identity: String::new(),
        variants: Vec::new(),
        positions: rows.iter().map(|&row| distances(row)).collect(),
        steps: vec![distances(rows[rows.len() - 1])],
        p90: distances(at(90)),
        largest_difference: finite(at(100)),
    }
}

fn production() -> LimitsFile {
    limits::shipped(Profile::Production).expect("it has one")
}

/// The reference's row: token 0 is likeliest, by `gap`.
fn reference(gap: f32) -> Vec<f32> {
    let mut row: Vec<f32> = (0..VOCABULARY).map(|i| -(i as f32)).collect();
    row[0] = gap - 1.0;
    row
}

/// A row that is off by `by` in a place that decides nothing.
fn off_by(by: f32) -> Comparison {
    let mut candidate = reference(2.0);
    candidate[VOCABULARY - 1] += by;
    metrics::compare(&candidate, &reference(2.0))
}

/// A row in which token 1 has become the likeliest over a gap.
fn flip_over(gap: f32) -> Comparison {
    let mut candidate = reference(gap);
    candidate.swap(0, 1);
    metrics::compare(&candidate, &reference(gap))
}

fn judged(file: &LimitsFile, floor: Option<&FloorRecord>, found: Comparison) -> RowRecord {
    let limits = Limits::new(Some(file), &[]);
    judge::position(&terms(&limits, floor), 1, found)
}

fn terms<'a>(limits: &'a Limits, floor: Option<&'a FloorRecord>) -> Terms<'a> {
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

/// `far` of a hundred rows are off by `by` times the floor of `max_abs`, the rest by half of it.
fn case(file: &LimitsFile, far: usize, by: f32) -> Conclusion {
    let floor = floor(&[1.0; 100]);
    let limits = Limits::new(Some(file), &[]);
    let terms = terms(&limits, Some(&floor));
    let positions = (0..100).map(|position| PositionRow {
        position,
        token: 1,
        row: judge::position(
            &terms,
            position,
            off_by(if position < far as u64 { by } else { 0.5 }),
        ),
    });
    let rows = Rows {
        positions: positions.collect(),
        greedy: Vec::new(),
    };
    assert!(
        rows.all().all(|row| row.verdict != Verdict::Diverged),
        "no row alone"
    );
    Conclusion::of(&rows, &terms, None)
}

#[test]
fn rows_that_pass_alone_may_diverge_together() {
    let value = |figure| {
        let limits = production().limits.into_iter();
        let mut limits =
            limits.filter(|it| (it.metric, it.figure) == (LimitedMetric::MaxAbs, figure));
        limits.next().expect("shipped").value.get() as f32
    };
    let beyond_p99 = value(Figure::ExcessP99) * 1.05;
    let share = (value(Figure::ExcessShare) * 100.0).round() as usize;
    for (figure, words, keeps, breaks) in [
        (
            Figure::ExcessMedian,
            "the median of max_abs",
            (49, 1.2),
            (51, 1.2),
        ),
        (
            Figure::ExcessShare,
            "the share of rows whose max_abs",
            (share, 1.2),
            (share + 1, 1.2),
        ),
        (
            Figure::ExcessP99,
            "the 99th percentile of max_abs",
            (1, beyond_p99),
            (2, beyond_p99),
        ),
    ] {
        // A limit of one row beside it, for a file has to have one.
        let mut file = production();
        file.limits.retain(|it| {
            let is_it = it.metric == LimitedMetric::MaxAbs && it.figure == figure;
            is_it || it.figure == Figure::Excess
        });
        let (far, by) = keeps;
        assert_eq!(case(&file, far, by).verdict, Verdict::Match, "{figure:?}");
        let (far, by) = breaks;
        let found = case(&file, far, by);
        assert_eq!(
            (found.verdict, found.exit),
            (Verdict::Diverged, Exit::Diverged)
        );
        assert!(
            found.reason.starts_with("all rows together: "),
            "{}",
            found.reason
        );
        assert!(found.reason.contains(words), "{}", found.reason);
        // Of more rows than there are nothing is said.
        for limit in &mut file.limits {
            limit.least_rows = limit.least_rows.map(|_| 101);
        }
        assert_eq!(case(&file, far, by).verdict, Verdict::Match);
    }
}

/// Each flip may be a tie, but a right engine flips at few rows.
#[test]
fn flips_that_pass_alone_may_diverge_together() {
    let floor = floor(&[1.0; 100]);
    let limits = Limits::new(Some(&production()), &[]);
    let terms = terms(&limits, Some(&floor));
    let flips = |n: u64| {
        let positions = (0..100).map(|position| PositionRow {
            position,
            token: 0,
            row: judge::position(
                &terms,
                position,
                if position < n {
                    flip_over(0.1)
                } else {
                    off_by(0.5)
                },
            ),
        });
        let rows = Rows {
            positions: positions.collect(),
            greedy: Vec::new(),
        };
        Conclusion::of(&rows, &terms, None)
    };
    assert_eq!(flips(25).verdict, Verdict::TieFlip);
    let found = flips(26);
    assert_eq!(found.verdict, Verdict::Diverged);
    let words = "the share of rows that have top1_equal is 7.4e-1, expected at least 7.5e-1";
    assert!(found.reason.contains(words), "{}", found.reason);
}

/// Greedy steps come from the rows of a prompt whose positions were compared before, and the receipt
/// has all of them.
#[test]
fn limits_of_a_whole_comparison_judge_a_rung_by_all_rows_so_far() {
    let mut file = production();
    file.limits.retain(|it| it.figure == Figure::ExcessMedian);
    for limit in &mut file.limits {
        limit.least_rows = None;
    }
    let mut floor = floor(&[1.0; 20]);
    floor.steps = vec![distances(1.0); 5];
    let limits = Limits::new(Some(&file), &[]);
    let terms = terms(&limits, Some(&floor));
    let stretch = GreedyStretch {
        first_step: 0,
        candidate_ids: vec![0; 5],
        reference_ids: vec![0; 5],
        first_difference: None,
        steps: (0..5)
            .map(|step| judge::step(&terms, step, true, off_by(1.2)))
            .collect(),
    };
    let position = |position| PositionRow {
        position,
        token: 1,
        row: judge::position(&terms, position, off_by(0.5)),
    };
    let all = Rows {
        positions: (0..20).map(position).collect(),
        greedy: vec![stretch.clone()],
    };
    let steps = Rows {
        positions: Vec::new(),
        greedy: vec![stretch],
    };
    let diverges = |found: Conclusion| found.verdict == Verdict::Diverged;
    assert!(diverges(Conclusion::of(&steps, &terms, None)));
    assert!(!diverges(Conclusion::of_rung(&steps, &all, &terms, None)));
    assert!(!diverges(Conclusion::of(&all, &terms, None)));
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
