//! A table for each comparison, for people, and below it what changed from run to run.
//!
//! ```text
//! tiny-rust-engine-llama-native-production
//!   run    verdict  passing  max_abs  median   of first  kl  …  changed         since first
//!   mon    DRIFT    4 of 4   1.2e-1   1.0e-1             …
//!   tue    DRIFT    4 of 4   1.3e-1   1.0e-1   1.08      …      LIMITS LOOSENED  LIMITS LOOSENED
//!
//!   tue: limits LOOSENED: positions kl excess, at most: 3 -> 4
//! ```

use std::fmt::Write as _;

use schemas::diff::CauseKind;
use schemas::floor::{CaseExcess, ExcessStatistics};
use schemas::number::Finite;
use schemas::trend::{ComparisonTrend, Mark, Trend, TrendPoint};

use crate::judge;
use crate::sweep::diff::field_in_words;
use crate::text::escape_for_terminal;

const HEAD: [&str; 13] = [
    "run",
    "verdict",
    "passing",
    "max_abs",
    "median",
    "of first",
    "kl",
    "median",
    "of first",
    "flips",
    "excess",
    "changed",
    "since first",
];

/// Fields of one change that are told.
const FIELDS: usize = 5;

/// All of it.
pub(super) fn tell(trend: &Trend) -> String {
    let mut text = String::new();
    for comparison in &trend.comparisons {
        push(&mut text, trend, comparison);
    }
    text.push_str(
        "Figures are the largest of any case, and the medians of each case's largest; `of first` holds \
         them against the first run. Excess is the median over all rows of the distance over the floor, \
         of the metric in which it is largest.\n",
    );
    text
}

fn push(text: &mut String, trend: &Trend, comparison: &ComparisonTrend) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", escape_for_terminal(&comparison.name));
    let first = comparison.points.first();
    let points = comparison.points.iter();
    let rows = points.clone().map(|point| cells(trend, point, first));
    let mut table = vec![HEAD.map(str::to_owned)];
    table.extend(rows);
    push_table(text, &table);
    for point in points.filter(|point| !point.since_previous.is_empty()) {
        let run = label(trend, point);
        let versions = versions(point);
        for mark in &point.since_previous {
            let fields = mark.fields.iter().take(FIELDS).map(field_in_words);
            let fields: Vec<_> = fields.collect();
            let more = mark.fields.len() - fields.len();
            let more = if more > 0 {
                format!("; and {more} more")
            } else {
                String::new()
            };
            let what = word(mark.kind);
            let version = versions(mark.kind);
            let _ = writeln!(
                text,
                "  {run}: {what}{version}: {}{more}",
                fields.join("; ")
            );
        }
    }
    text.push('\n');
}

/// Where an engine changed: what it is now.
fn versions(point: &TrendPoint) -> impl Fn(CauseKind) -> String + '_ {
    |kind| {
        let version = match kind {
            CauseKind::ReferenceChanged => &point.reference_version,
            CauseKind::CandidateChanged => &point.candidate_version,
            _ => return String::new(),
        };
        format!(" (now {})", escape_for_terminal(version))
    }
}

fn cells(trend: &Trend, point: &TrendPoint, first: Option<&TrendPoint>) -> [String; 13] {
    let figure = |value: Option<Finite>| value.map_or("-".to_owned(), |it| short(it.get()));
    let of_first = |of: fn(&TrendPoint) -> Option<Finite>| {
        let first = first.filter(|first| first.run != point.run);
        ratio(first.and_then(of), of(point))
    };
    let passing = point.verdicts.iter();
    let passing = passing.filter(|it| judge::exit(it.verdict, None).code() == 0);
    let passing: u64 = passing.map(|it| it.cases).sum();
    let flips = point.worst.flips;
    [
        label(trend, point),
        judge::word(point.verdict).to_owned(),
        format!("{passing} of {}", point.planned),
        figure(point.worst.max_abs),
        figure(point.median.max_abs),
        of_first(|it| it.worst.max_abs),
        figure(point.worst.kl),
        figure(point.median.kl),
        of_first(|it| it.worst.kl),
        flips.map_or("-".to_owned(), |flips| flips.to_string()),
        point.excess.as_ref().map_or("-".to_owned(), excess),
        words(&point.since_previous),
        words(&point.since_first),
    ]
}

/// How many times the first figure another is.
fn ratio(first: Option<Finite>, now: Option<Finite>) -> String {
    match (first.map(Finite::get), now.map(Finite::get)) {
        (Some(first), Some(now)) if first == now => "1".to_owned(),
        (Some(first), Some(_)) if first <= 0.0 => "from 0".to_owned(),
        (Some(first), Some(now)) => format!("{:.2}", now / first),
        _ => String::new(),
    }
}

fn excess(excess: &CaseExcess) -> String {
    let metrics: [&ExcessStatistics; 3] = [&excess.kl, &excess.mse, &excess.max_abs];
    let medians = metrics.map(|it| it.median.map_or(f64::INFINITY, Finite::get));
    short(medians.into_iter().fold(0.0, f64::max))
}

fn short(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if (0.01..1000.0).contains(&value) {
        format!("{value:.3}")
    } else {
        format!("{value:.2e}")
    }
}

pub(super) fn label(trend: &Trend, point: &TrendPoint) -> String {
    let run = usize::try_from(point.run).ok();
    let run = run.and_then(|run| trend.runs.get(run));
    run.map_or(String::new(), |run| escape_for_terminal(&run.label))
}

fn words(marks: &[Mark]) -> String {
    let words: Vec<_> = marks.iter().map(|mark| word(mark.kind)).collect();
    words.join(", ")
}

/// What has changed, in a word; what lets more pass is loud.
pub(super) fn word(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::LimitsLoosened => "LIMITS LOOSENED",
        CauseKind::LimitsTightened => "limits tightened",
        CauseKind::LimitsRenamed => "limits renamed",
        CauseKind::ReferenceChanged => "reference",
        CauseKind::CandidateChanged => "candidate",
        CauseKind::ModelChanged => "model",
        CauseKind::ReferenceModelChanged => "reference's model",
        CauseKind::TokenizerChanged => "tokenizer",
        // Plans do not tell of the others.
        _ => "other",
    }
}

fn push_table(text: &mut String, rows: &[[String; 13]]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..HEAD.len()).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
}
