//! What can be limited: of each metric its name, its unit, on which side it is bad, and where its value
//! is.

use schemas::floor::{CaseExcess, ExcessStatistics, OwnExcess, RowExcess};
use schemas::limits::{Bound, Figure, Limit, LimitedMetric};
use schemas::number::Finite;
use schemas::row::Metrics;

/// The side on which a metric is bad.
pub(super) fn bound_of(metric: LimitedMetric) -> Bound {
    match metric {
        LimitedMetric::Cosine | LimitedMetric::Top5Overlap | LimitedMetric::Top1Equal => {
            Bound::Smallest
        }
        LimitedMetric::Mse
        | LimitedMetric::Nmse
        | LimitedMetric::MaxAbs
        | LimitedMetric::Kl
        | LimitedMetric::FlipGap => Bound::Largest,
    }
}

pub(super) fn bound_word(bound: Bound) -> &'static str {
    match bound {
        Bound::Largest => "largest",
        Bound::Smallest => "smallest",
    }
}

pub(super) fn unit_of(metric: LimitedMetric) -> &'static str {
    match metric {
        LimitedMetric::Cosine => "cosine",
        LimitedMetric::Mse => "squared logit",
        LimitedMetric::Nmse => "share of the reference's mean square",
        LimitedMetric::MaxAbs => "logit",
        LimitedMetric::Kl => "nat",
        LimitedMetric::Top5Overlap | LimitedMetric::Top1Equal => "share",
        LimitedMetric::FlipGap => "multiple of the floor's largest difference",
    }
}

/// The name of a metric in JSON and in messages.
pub fn metric_name(metric: LimitedMetric) -> &'static str {
    match metric {
        LimitedMetric::Cosine => "cosine",
        LimitedMetric::Mse => "mse",
        LimitedMetric::Nmse => "nmse",
        LimitedMetric::MaxAbs => "max_abs",
        LimitedMetric::Kl => "kl",
        LimitedMetric::Top5Overlap => "top5_overlap",
        LimitedMetric::Top1Equal => "top1_equal",
        LimitedMetric::FlipGap => "flip_gap",
    }
}

/// Whether a limit can be looked at only where there is a floor.
pub(super) fn needs_floor(limit: &Limit) -> bool {
    limit.figure != Figure::Value || limit.metric == LimitedMetric::FlipGap
}

/// What a limit is held against in a row; `None` where that does not exist, or is beyond all numbers.
pub(super) fn of_row(limit: &Limit, metrics: &Metrics, excess: Option<&RowExcess>) -> Option<f64> {
    let found = match (limit.metric, limit.figure) {
        (LimitedMetric::FlipGap, _) => excess?.flip_gap,
        (metric, Figure::Value) => return value_of(metric, metrics),
        (LimitedMetric::Kl, _) => excess?.kl,
        (LimitedMetric::Mse, _) => excess?.mse,
        (LimitedMetric::MaxAbs, _) => excess?.max_abs,
        // No file has it: reading one refuses it.
        _ => None,
    };
    found.map(Finite::get)
}

/// What a limit is held against in a whole comparison; `None` where it is beyond all numbers.
pub(super) fn of_case(limit: &Limit, excess: &CaseExcess, n_rows: u64) -> Option<f64> {
    if limit.figure == Figure::Share {
        return Some(1.0 - excess.flips as f64 / n_rows as f64);
    }
    figure_of(limit, [&excess.kl, &excess.mse, &excess.max_abs])
}

/// What a limit looks at in the statistics of KL, the mean square and the largest difference.
fn figure_of(limit: &Limit, [kl, mse, max_abs]: [&ExcessStatistics; 3]) -> Option<f64> {
    let statistics = match limit.metric {
        LimitedMetric::Kl => kl,
        LimitedMetric::Mse => mse,
        LimitedMetric::MaxAbs => max_abs,
        _ => return None,
    };
    match limit.figure {
        Figure::ExcessMedian => statistics.median.map(Finite::get),
        Figure::ExcessP99 => statistics.p99.map(Finite::get),
        Figure::ExcessShare => Some(statistics.share_above.get()),
        Figure::Value | Figure::Excess | Figure::Share => None,
    }
}

/// What passes of a whole comparison, given what the floor's own variants come to. What of theirs is beyond
/// all numbers widens nothing.
pub(super) fn widened(limit: &Limit, own: Option<&OwnExcess>) -> Finite {
    let by_variants = || {
        let (widening, own) = (limit.widened?, own?);
        let of_variants = figure_of(limit, [&own.kl, &own.mse, &own.max_abs])?;
        let wanted = of_variants * widening.times.get();
        Finite::new(wanted.min(widening.at_most.get()))
    };
    let larger = |wanted: &Finite| wanted.get() > limit.value.get();
    by_variants().filter(larger).unwrap_or(limit.value)
}

/// What is judged of a row: distances after the constant shift is taken out.
fn value_of(metric: LimitedMetric, metrics: &Metrics) -> Option<f64> {
    let shift_removed = &metrics.shift_removed;
    match metric {
        LimitedMetric::Cosine => shift_removed.cosine.map(Finite::get),
        LimitedMetric::Mse => Some(shift_removed.mse.get()),
        LimitedMetric::Nmse => shift_removed.nmse.map(Finite::get),
        LimitedMetric::MaxAbs => Some(shift_removed.max_abs.get()),
        LimitedMetric::Kl => Some(metrics.kl.get()),
        LimitedMetric::Top5Overlap => Some(metrics.top_k_overlap.k5.get()),
        LimitedMetric::Top1Equal => Some(f64::from(u8::from(metrics.top1_equal))),
        LimitedMetric::FlipGap => None,
    }
}
