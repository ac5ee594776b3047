//! A trend as CSV: one row for each comparison and run.

use schemas::number::Finite;
use schemas::trend::{ComparisonTrend, Mark, Trend, TrendPoint};

use super::text::label;
use crate::judge;
use crate::sweep::diff::cause_word;
use crate::text::escape_for_terminal;

const HEAD: [&str; 22] = [
    "comparison",
    "model",
    "candidate",
    "reference",
    "profile",
    "run",
    "verdict",
    "exit",
    "planned",
    "max_abs_worst",
    "max_abs_median",
    "kl_worst",
    "kl_median",
    "flips_worst",
    "flips_median",
    "excess_kl_median",
    "excess_mse_median",
    "excess_max_abs_median",
    "candidate_version",
    "reference_version",
    "since_previous",
    "since_first",
];

/// The table.
pub(super) fn csv(trend: &Trend) -> Result<String, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(HEAD)?;
    for comparison in &trend.comparisons {
        for point in &comparison.points {
            table.write_record(row(trend, comparison, point))?;
        }
    }
    let bytes = table
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes).expect("every cell is text"))
}

fn row(trend: &Trend, comparison: &ComparisonTrend, point: &TrendPoint) -> [String; 22] {
    let number = |value: Option<Finite>| value.map_or(String::new(), |it| it.get().to_string());
    let count = |value: Option<u64>| value.map_or(String::new(), |it| it.to_string());
    let kinds = |marks: &[Mark]| {
        let kinds: Vec<_> = marks.iter().map(|mark| cause_word(mark.kind)).collect();
        kinds.join(" ")
    };
    let excess = point.excess.as_ref();
    [
        escape_for_terminal(&comparison.name),
        escape_for_terminal(&comparison.model),
        escape_for_terminal(&comparison.candidate),
        escape_for_terminal(&comparison.reference),
        comparison.profile.name().to_owned(),
        label(trend, point),
        judge::word(point.verdict).to_owned(),
        point.exit.code.to_string(),
        point.planned.to_string(),
        number(point.worst.max_abs),
        number(point.median.max_abs),
        number(point.worst.kl),
        number(point.median.kl),
        count(point.worst.flips),
        count(point.median.flips),
        number(excess.and_then(|it| it.kl.median)),
        number(excess.and_then(|it| it.mse.median)),
        number(excess.and_then(|it| it.max_abs.median)),
        escape_for_terminal(&point.candidate_version),
        escape_for_terminal(&point.reference_version),
        kinds(&point.since_previous),
        kinds(&point.since_first),
    ]
}
