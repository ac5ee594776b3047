//! What differs, for people: causes first, then the cases, what has to be looked at first before the
//! rest, and how many became what. Of equal runs nothing at all is said.
//!
//! ```text
//! Why it may be:
//!   reference llama-scalar changed (2 cases): build.library.version: 0.1.160 -> 0.1.161
//!
//! Worse:
//!   0123456789abcdef greetings hello (tiny-rust-engine-llama-scalar-exact)
//!     BIT-EXACT -> DIVERGED, first bad: position 7 (was: none)
//!     max_abs 0 -> 2.500e-1 (worse); kl 0 -> 1.235e-3 (worse)
//!     first row that changed: position 7
//!     now: position 7: 64 logits have other bits, the largest difference is 2.500e-1
//!     may be: reference-changed
//!
//! 1 worse, 0 new, 0 gone, 0 better, 1 same
//! ```

use std::fmt::Write as _;

use schemas::diff::{
    CaseDiff, CaseOutcome, Cause, CauseKind, Change, ComparedFigure, FieldChange, FigureChange,
    RunDiff,
};
use schemas::number::Finite;
use schemas::run_summary::RowPlace;

use super::cause_word;
use crate::judge;
use crate::text::escape_for_terminal;

/// Cases of each kind, causes, and fields of a cause that are shown without `--all`.
const SHOWN: usize = 20;

/// All that there is to say, or nothing.
pub(super) fn tell(diff: &RunDiff, all: bool) -> String {
    if diff.causes.is_empty() && diff.cases.is_empty() {
        return String::new();
    }
    let shown = if all { usize::MAX } else { SHOWN };
    let mut text = String::new();
    if !diff.causes.is_empty() {
        text.push_str("Why it may be:\n");
        let causes: Vec<_> = diff.causes.iter().map(|it| cause(it, shown)).collect();
        push_some(&mut text, &causes, shown);
        text.push('\n');
    }
    let passes = |case: &&CaseDiff| case.after.as_ref().is_some_and(|it| it.exit.code == 0);
    let of = |change| diff.cases.iter().filter(move |case| case.change == change);
    push_cases(&mut text, "Worse", of(Change::Worse), shown);
    let failing = of(Change::New).filter(|case| !passes(case));
    push_cases(&mut text, "New, and not passing", failing, shown);
    push_cases(&mut text, "Gone", of(Change::Gone), shown);
    push_cases(&mut text, "Better", of(Change::Better), shown);
    push_cases(&mut text, "New", of(Change::New).filter(passes), shown);
    let counts = &diff.counts;
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} worse, {} new, {} gone, {} better, {} same",
        counts.worse, counts.new, counts.gone, counts.better, counts.same
    );
    text
}

fn cause_words(kind: CauseKind, subject: &str) -> String {
    let subject = escape_for_terminal(subject);
    match kind {
        CauseKind::NotReproducible => format!(
            "NOT REPRODUCIBLE: {subject} computed other numbers, and nothing that decides them changed, \
             nor did the programs"
        ),
        CauseKind::Conflicting => {
            format!("{subject} has cases whose receipts CONTRADICT each other")
        }
        CauseKind::Missing => format!("{subject} has planned cases without a receipt"),
        CauseKind::Unexplained => format!(
            "NOT EXPLAINED: {subject} computed other numbers, and nothing that receipts tell of changed; \
             whether the programs did is not known"
        ),
        CauseKind::LimitsLoosened => format!("limits of {subject} LOOSENED"),
        CauseKind::LimitsTightened => format!("limits of {subject} tightened"),
        CauseKind::LimitsRenamed => format!("limits of {subject} renamed, with the same values"),
        CauseKind::FloorRaised => format!("floors of {subject} RAISED, which lets more pass"),
        CauseKind::FloorLowered => format!("floors of {subject} lowered"),
        CauseKind::FloorChanged => format!("floors of {subject} changed"),
        CauseKind::ReferenceChanged => format!("reference {subject} changed"),
        CauseKind::CandidateChanged => format!("candidate {subject} changed"),
        CauseKind::ModelChanged => format!("model {subject} changed"),
        CauseKind::ReferenceModelChanged => format!("the reference's model {subject} changed"),
        CauseKind::TokenizerChanged => format!("tokenizer {subject} changed"),
        CauseKind::TokensChanged => format!("engines of {subject} made other tokens"),
        CauseKind::IdentityChanged => format!(
            "{subject} has cases of another identity, and receipts do not tell why (the way in which \
             distances are computed, say)"
        ),
        CauseKind::SettingsChanged => {
            format!("settings of {subject} changed, so that its cases are others")
        }
    }
}

fn cause(cause: &Cause, shown: usize) -> String {
    let cases = match cause.cases {
        0 => String::new(),
        1 => " (1 case)".to_owned(),
        n => format!(" ({n} cases)"),
    };
    let words = cause_words(cause.kind, &cause.subject);
    let fields: Vec<_> = cause
        .fields
        .iter()
        .take(shown)
        .map(field_in_words)
        .collect();
    let more = cause.fields.len() - fields.len();
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    match fields.as_slice() {
        [] => format!("  {words}{cases}\n"),
        [field] => format!("  {words}{cases}: {field}\n"),
        _ => format!("  {words}{cases}:\n    {}{more}\n", fields.join("\n    ")),
    }
}

/// A fact before and after.
pub(in crate::sweep) fn field_in_words(field: &FieldChange) -> String {
    let side = |value: &Option<String>| match value {
        None => "(none)".to_owned(),
        Some(value) => escape_for_terminal(value),
    };
    let name = escape_for_terminal(&field.field);
    format!("{name}: {} -> {}", side(&field.before), side(&field.after))
}

fn push_some(text: &mut String, items: &[String], shown: usize) {
    for item in items.iter().take(shown) {
        text.push_str(item);
    }
    if let Some(more) = items.len().checked_sub(shown).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more (hint: --all)");
    }
}

fn push_cases<'a>(
    text: &mut String,
    title: &str,
    cases: impl Iterator<Item = &'a CaseDiff>,
    shown: usize,
) {
    let cases: Vec<_> = cases.map(case).collect();
    if !cases.is_empty() {
        let _ = writeln!(text, "{title}:");
        push_some(text, &cases, shown);
        text.push('\n');
    }
}

fn case(case: &CaseDiff) -> String {
    let mut lines = vec![format!("  {}", name(case))];
    match (&case.before, &case.after) {
        (Some(before), Some(after)) => {
            lines.push(format!("    {}", outcomes(before, after)));
            if !case.figures.is_empty() {
                let figures: Vec<_> = case.figures.iter().map(figure).collect();
                lines.push(format!("    {}", figures.join("; ")));
            }
            if let Some(place) = case.first_changed {
                lines.push(format!("    first row that changed: {}", row(place)));
            }
            if after.reason != before.reason {
                lines.push(format!("    now: {}", escape_for_terminal(&after.reason)));
            }
        }
        (Some(only), None) | (None, Some(only)) => {
            let verdict = judge::word(only.verdict);
            let reason = escape_for_terminal(&only.reason);
            lines.push(format!("    {verdict}: {reason}"));
        }
        (None, None) => {}
    }
    if !case.causes.is_empty() {
        let causes: Vec<_> = case.causes.iter().map(|kind| cause_word(*kind)).collect();
        lines.push(format!("    may be: {}", causes.join(", ")));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn name(case: &CaseDiff) -> String {
    let engines = || {
        let profile = case.profile.name();
        format!("{}, {}, {profile}", case.candidate, case.reference)
    };
    let comparison = case.comparison.clone().unwrap_or_else(engines);
    let prompt = case.prompt.as_ref();
    let prompt = prompt.map(|prompt| format!("{} {}", prompt.set, prompt.name));
    let words = [case.id.clone(), prompt, Some(format!("({comparison})"))];
    let words: Vec<_> = words.into_iter().flatten().collect();
    escape_for_terminal(&words.join(" "))
}

fn outcomes(before: &CaseOutcome, after: &CaseOutcome) -> String {
    let [old, new] = [before, after].map(|it| judge::word(it.verdict));
    let verdict = if before.exit == after.exit && old == new {
        format!("{new} as before")
    } else if old == new {
        let [old, new] = [before, after].map(|it| it.exit.code);
        format!(
            "{} with exit code {old} -> {new}",
            judge::word(after.verdict)
        )
    } else {
        format!("{old} -> {new}")
    };
    let place = |place: Option<RowPlace>| place.map_or("none".to_owned(), row);
    match (before.first_bad, after.first_bad) {
        (None, None) => verdict,
        (old, new) if old == new => format!("{verdict}, first bad: {} as before", place(new)),
        (old, new) => format!("{verdict}, first bad: {} (was: {})", place(new), place(old)),
    }
}

fn figure(change: &FigureChange) -> String {
    let sides = [change.before, change.after];
    let mut words = sides.map(|side| number(side, short));
    if words[0] == words[1] {
        // Two that differ must not look alike.
        words = sides.map(|side| number(side, |value| format!("{value:e}")));
    }
    let word = if change.worse { "worse" } else { "better" };
    let [before, after] = words;
    format!(
        "{} {before} -> {after} ({word})",
        figure_name(change.figure)
    )
}

/// Figures that differ have both sides; what JSON has no number for is beyond all.
fn number(value: Option<Finite>, write: fn(f64) -> String) -> String {
    value.map_or("beyond all numbers".to_owned(), |value| write(value.get()))
}

/// Counts as they are.
fn short(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        format!("{value}")
    } else {
        format!("{value:.3e}")
    }
}

/// As in JSON.
pub(super) fn figure_name(figure: ComparedFigure) -> &'static str {
    match figure {
        ComparedFigure::BadRows => "bad_rows",
        ComparedFigure::Flips => "flips",
        ComparedFigure::Kl => "kl",
        ComparedFigure::MaxAbs => "max_abs",
        ComparedFigure::Mse => "mse",
        ComparedFigure::Nmse => "nmse",
        ComparedFigure::OneMinusCosine => "one_minus_cosine",
        ComparedFigure::ExcessKl => "excess_kl",
        ComparedFigure::ExcessMse => "excess_mse",
        ComparedFigure::ExcessMaxAbs => "excess_max_abs",
        ComparedFigure::Differing => "differing",
        ComparedFigure::Rows => "rows",
        ComparedFigure::FirstTokenDifference => "first_token_difference",
    }
}

pub(super) fn row(place: RowPlace) -> String {
    match place {
        RowPlace::Position(position) => format!("position {position}"),
        RowPlace::Step(step) => format!("greedy step {step}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: Option<f64>, after: Option<f64>) -> String {
        figure(&FigureChange {
            figure: ComparedFigure::Kl,
            before: before.and_then(Finite::new),
            after: after.and_then(Finite::new),
            worse: true,
        })
    }

    #[test]
    fn figures_are_short_as_long_as_they_differ() {
        assert_eq!(
            told(Some(0.0), Some(0.001_234_56)),
            "kl 0 -> 1.235e-3 (worse)"
        );
        let near = told(Some(0.123_456_7), Some(0.123_456_8));
        assert_eq!(near, "kl 1.234567e-1 -> 1.234568e-1 (worse)");
        assert_eq!(told(Some(3.0), None), "kl 3 -> beyond all numbers (worse)");
    }
}
