//! Why a verdict is what it is, in one sentence for people.

use schemas::floor::{CaseExcess, ExcessStatistics};
use schemas::number::Finite;
use schemas::receipt::{Profile, Verdict};
use schemas::row::{GreedyStretch, Metrics, RowRecord};

use crate::judge::Terms;
use crate::rows::Rows;

/// What is added to a pass of a program against itself.
pub const SAME_PROGRAM: &str =
    "; candidate and reference are the same program, so this says nothing about a port";

/// The sentence for rows; `verdict` is theirs, whoever's tokens they are of. `adopted` is where the
/// candidate's own tokens begin to differ, if it was given the reference's.
pub fn of_rows(
    rows: &Rows,
    verdict: Verdict,
    terms: &Terms<'_>,
    excess: Option<&CaseExcess>,
    adopted: Option<u64>,
) -> String {
    let whose = |index| {
        format!(", on the reference's tokens (the candidate's differ from index {index} on)")
    };
    let parts = [
        Some(of_verdict(rows, verdict, terms, excess)),
        adopted.map(whose),
        of_constants(rows, "candidate", |row| row.candidate_constant),
        of_constants(rows, "reference", |row| row.reference_constant),
    ];
    parts.into_iter().flatten().collect()
}

/// The sentence where every row says the same, however many prompts they are of.
pub fn of_parity(verdict: Verdict, positions: usize, steps: usize) -> Option<String> {
    let compared = compared(positions, steps);
    match verdict {
        Verdict::BitExact => Some(format!("every number of {compared} has the same bits")),
        Verdict::Match => Some(format!("every limit is kept by {compared}")),
        _ => None,
    }
}

fn compared(positions: usize, steps: usize) -> String {
    let (of_positions, of_steps) = (
        counted(positions, "position"),
        counted(steps, "greedy step"),
    );
    match (positions, steps) {
        (_, 0) => of_positions,
        (0, _) => of_steps,
        _ => format!("{of_positions} and {of_steps}"),
    }
}

fn of_verdict(
    rows: &Rows,
    verdict: Verdict,
    terms: &Terms<'_>,
    excess: Option<&CaseExcess>,
) -> String {
    let (positions, steps) = (rows.positions.len(), rows.n_steps());
    if let Some(parity) = of_parity(verdict, positions, steps) {
        return parity;
    }
    let compared = compared(positions, steps);
    let of_case = excess.map_or(&[][..], |excess| &excess.broken);
    match verdict {
        Verdict::Drift => format!(
            "{compared} no further from the reference than it is from itself{}",
            excess.map_or(String::new(), in_floors)
        ),
        Verdict::TieFlip => of_ties(rows, terms),
        Verdict::Inconclusive if terms.profile == Profile::Production && terms.floor.is_none() => {
            let why = terms
                .no_floor
                .map_or(String::new(), |why| format!(" ({why})"));
            format!(
                "measured {compared}; no floor is known{why}, so there is nothing to judge them by"
            )
        }
        _ => of_all(rows, verdict, of_case),
    }
}

/// The first row that is such, or else what all of them break together.
fn of_all(rows: &Rows, verdict: Verdict, of_case: &[String]) -> String {
    match first_bad(rows, verdict) {
        Some(found) => found,
        None if of_case.is_empty() => "nothing was compared".to_owned(),
        None => format!("all rows together: {}", of_case.join("; ")),
    }
}

/// The middle and the largest distance over the floor, each of the metric in which it is largest.
fn in_floors(excess: &CaseExcess) -> String {
    let worst = |of: fn(&ExcessStatistics) -> Option<Finite>| {
        let metrics = [&excess.kl, &excess.mse, &excess.max_abs];
        let values = metrics.map(|it| of(it).map_or(f64::INFINITY, Finite::get));
        values.into_iter().fold(0.0, f64::max)
    };
    let (median, max) = (worst(|it| it.median), worst(|it| it.max));
    format!(": {median:.2} times its floor in the middle, {max:.2} at most")
}

/// Which flips there are, and why they are none.
fn of_ties(rows: &Rows, terms: &Terms<'_>) -> String {
    let is_tie = |row: &&RowRecord| row.verdict == Verdict::TieFlip;
    let n_ties = rows.all().filter(is_tie).count();
    let n_rows = rows.all().count();
    let largest = terms
        .floor
        .map_or(0.0, |floor| floor.largest_difference.get());
    let widest = |metrics: &Metrics| metrics.reference_top2_gap.map_or(0.0, Finite::get);
    let metrics = rows
        .all()
        .filter(is_tie)
        .filter_map(|row| row.metrics.as_ref());
    let widest = metrics.map(widest).fold(0.0, f64::max);
    format!(
        "the most likely token is another one in {n_ties} of {n_rows} rows, over gaps of at most \
         {widest:.3e}; the reference's own logits move by up to {largest:.3e}, and every other limit \
         of divergence is kept"
    )
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
fn first_bad(rows: &Rows, verdict: Verdict) -> Option<String> {
    let bad = |row: &RowRecord| row.verdict == verdict;
    if let Some(position) = rows.positions.iter().find(|position| bad(&position.row)) {
        let found = of_row(&position.row);
        return Some(format!("position {}: {found}", position.position));
    }
    let mut steps = rows.greedy.iter().flat_map(GreedyStretch::numbered);
    let (step, row) = steps.find(|(_, row)| bad(row))?;
    Some(format!("greedy step {step}: {}", of_row(row)))
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
