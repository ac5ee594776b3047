//! What rows are together in `production`, from numbers alone.

use runner::conclusion::{Conclusion, Together};
use runner::exit::Exit;
use runner::judge::{self, Terms};
use runner::limits::Limits;
use runner::rows::Rows;
use schemas::floor::{ExcessStatistics, FloorRecord, OwnExcess};
use schemas::limits::{Figure, LimitedMetric, LimitsFile, Widening};
use schemas::number::Finite;
use schemas::receipt::{Receipt, Verdict};
use schemas::row::{GreedyStretch, PositionRow};

use super::finite;
use super::verdicts::{distances, flip_over, floor, off_by, production, terms};

/// `far` of a hundred rows are off by `by` times the floor of `max_abs`, the rest by half of it.
fn case(file: &LimitsFile, far: usize, by: f32) -> Conclusion {
    case_of(&floor(&[1.0; 100]), file, far, by)
}

fn case_of(floor: &FloorRecord, file: &LimitsFile, far: usize, by: f32) -> Conclusion {
    let limits = Limits::new(Some(file), &[]);
    let terms = terms(&limits, Some(floor));
    let rows = Rows {
        positions: positions(&terms, far, by),
        greedy: Vec::new(),
    };
    assert!(
        rows.all().all(|row| row.verdict != Verdict::Diverged),
        "no row alone"
    );
    Conclusion::of(&rows, &terms, None)
}

fn positions(terms: &Terms<'_>, far: usize, by: f32) -> Vec<PositionRow> {
    let position = |position| PositionRow {
        position,
        token: 1,
        row: judge::position(
            terms,
            position,
            off_by(if position < far as u64 { by } else { 0.5 }),
        ),
    };
    (0..100).map(position).collect()
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

/// A limit gives way where the floor's own variants need it, as far as it says.
#[test]
fn what_variants_come_to_themselves_widens_a_limit() {
    let mut file = production();
    file.limits.retain(|it| {
        let is_it = it.metric == LimitedMetric::MaxAbs && it.figure == Figure::ExcessMedian;
        is_it || it.figure == Figure::Excess
    });
    let limit = file
        .limits
        .iter()
        .find(|it| it.figure == Figure::ExcessMedian);
    let limit = limit.expect("shipped").clone();
    let widening = limit.widened.expect("shipped");
    let [value, times, at_most] = [limit.value, widening.times, widening.at_most];
    let [value, times, at_most] = [value, times, at_most].map(Finite::get);
    let passes = |variants: Option<f64>, median: f64| {
        let floor = FloorRecord {
            own: variants.map(|median| own(median, 0.0)),
            ..floor(&[1.0; 100])
        };
        case_of(&floor, &file, 51, median as f32).verdict == Verdict::Match
    };
    let between = f64::midpoint(value, at_most);
    // A mean shift of a 64th is taken out. As an older floor says it, which has nothing of its variants:
    assert!(passes(None, value * 0.99) && !passes(None, between));
    let needed = between / times;
    assert!(passes(Some(needed * 1.01), between) && !passes(Some(needed * 0.97), between));
    // Variants that are near each other narrow nothing.
    assert!(passes(Some(0.01), value * 0.99));
    assert!(passes(Some(9.0), at_most * 0.99) && !passes(Some(9.0), at_most * 1.03));
    // What is beyond all numbers widens nothing.
    assert!(!passes(Some(f64::INFINITY), between));
}

/// The largest that a prompt's variants come to counts for all of them.
#[test]
fn prompts_together_give_way_as_one_of_them_does() {
    let mut file = production();
    file.limits
        .retain(|it| it.metric == LimitedMetric::MaxAbs && it.figure == Figure::ExcessShare);
    for limit in &mut file.limits {
        limit.widened = Some(Widening {
            times: finite(1.0),
            at_most: finite(1.0),
        });
    }
    let limits = Limits::new(Some(&file), &[]);
    let broken = |shares: [f64; 2]| {
        let mut together = Together::default();
        for share in shares {
            let mut receipt: Receipt = schemas::line::read(include_str!(
                "../../../schemas/examples/receipt/valid.production.json"
            ))
            .expect("the example is valid");
            let floor = FloorRecord {
                own: Some(own(0.1, share)),
                ..floor(&[1.0; 100])
            };
            receipt.positions = positions(&terms(&limits, Some(&floor)), 60, 1.2);
            receipt.floor = Some(floor);
            together.add("prompt", Exit::Parity, &receipt);
        }
        together.conclude(&limits).1.expect("floors").broken.len()
    };
    assert_eq!(broken([0.0, 0.59]), 1);
    assert_eq!(broken([0.0, 0.6]), 0);
    assert_eq!(broken([0.6, 0.0]), 0);
}

/// What variants come to: each median and share.
fn own(median: f64, share: f64) -> OwnExcess {
    let statistics = || ExcessStatistics {
        median: Finite::new(median),
        p99: None,
        max: None,
        share_above: finite(share),
    };
    OwnExcess {
        kl: statistics(),
        mse: statistics(),
        max_abs: statistics(),
    }
}
