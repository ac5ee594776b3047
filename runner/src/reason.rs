//! Why a verdict is what it is, in one sentence for people.

use schemas::number::Finite;
use schemas::receipt::{Profile, Verdict};
use schemas::row::RowRecord;

use crate::rows::Rows;

/// What is added to a pass of a program against itself.
pub const SAME_PROGRAM: &str =
    "; candidate and reference are the same program, so this says nothing about a port";

/// The sentence for rows; `verdict` is theirs, whoever's tokens they are of. `adopted` is where the
/// candidate's own tokens begin to differ, if it was given the reference's.
pub fn of_rows(rows: &Rows, verdict: Verdict, profile: Profile, adopted: Option<u64>) -> String {
    let whose = |index| {
        format!(", on the reference's tokens (the candidate's differ from index {index} on)")
    };
    let parts = [
        Some(of_verdict(rows, verdict, profile)),
        adopted.map(whose),
        of_constants(rows, "candidate", |row| row.candidate_constant),
        of_constants(rows, "reference", |row| row.reference_constant),
    ];
    parts.into_iter().flatten().collect()
}

fn of_verdict(rows: &Rows, verdict: Verdict, profile: Profile) -> String {
    let positions = rows.positions.len();
    let steps = rows.greedy.steps.len();
    let compared = match (positions, steps) {
        (_, 0) => counted(positions, "position"),
        (0, _) => counted(steps, "greedy step"),
        _ => format!(
            "{} and {}",
            counted(positions, "position"),
            counted(steps, "greedy step")
        ),
    };
    match verdict {
        Verdict::BitExact => format!("every number of {compared} has the same bits"),
        Verdict::Match => format!("every limit is kept by {compared}"),
        Verdict::Inconclusive if profile == Profile::Production => {
            format!("measured {compared}; no floor is known, so there is nothing to judge them by")
        }
        _ => first_bad(rows, verdict),
    }
}

/// What is added where rows of an engine hold one number throughout.
fn of_constants(
    rows: &Rows,
    engine: &str,
    constant: impl Fn(&RowRecord) -> Option<Finite>,
) -> Option<String> {
    let found: Vec<Finite> = rows.all().filter_map(constant).collect();
    let first = found.first()?;
    let number = if found.iter().all(|other| other == first) {
        format!("one number, {:e}", first.get())
    } else {
        "one number throughout".to_owned()
    };
    let all = rows.all().count();
    Some(if found.len() == all {
        format!("; every row of the {engine} holds {number}")
    } else {
        let n = found.len();
        format!("; rows of the {engine} that hold {number}: {n} of {all}")
    })
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Where the verdict was first reached, and by what.
fn first_bad(rows: &Rows, verdict: Verdict) -> String {
    let bad = |row: &RowRecord| row.verdict == verdict;
    if let Some(position) = rows.positions.iter().find(|position| bad(&position.row)) {
        let found = of_row(&position.row);
        return format!("position {}: {found}", position.position);
    }
    match rows.greedy.steps.iter().position(bad) {
        Some(step) => format!("greedy step {step}: {}", of_row(&rows.greedy.steps[step])),
        None => "nothing was compared".to_owned(),
    }
}

fn of_row(row: &RowRecord) -> String {
    let not_finite = |who: &str, first: Option<u64>| {
        format!(
            "the {who} has logits that are not finite, the first for token {}",
            first.unwrap_or(0)
        )
    };
    if row.reference_non_finite.count > 0 {
        return not_finite("reference", row.reference_non_finite.first_index);
    }
    if row.candidate_non_finite.count > 0 {
        return not_finite("candidate", row.candidate_non_finite.first_index);
    }
    if !row.broken.is_empty() {
        return row.broken.join("; ");
    }
    if row.verdict == Verdict::Inconclusive && row.candidate_constant.is_some() {
        return "both rows hold one number throughout, which compares nothing".to_owned();
    }
    match &row.metrics {
        Some(metrics) => format!(
            "{} logits have other bits, the largest difference is {:.3e}",
            row.differing,
            metrics.max_abs.get()
        ),
        None => format!("{} logits have other bits", row.differing),
    }
}
