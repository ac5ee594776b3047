//! What a failure may come from, by what its numbers look like. Pure: judged rows in, guesses out.
//!
//! In reading order: this file (the question and the order of the guesses), `seen` (what is looked
//! at of a row), `ids` (most likely tokens that follow a rule), `size` (how the numbers differ),
//! `place` (where they differ), `steps` (greedy steps), `tokens` (a mismatch at the gate);
//! `thresholds` has every number with its basis, `trend` the statistics, `subject` the commands.
//!
//! A guess changes no verdict. docs/symptoms.md says how often they were right.

mod ids;
mod place;
mod seen;
mod size;
mod steps;
mod subject;
#[cfg(test)]
mod tests;
mod thresholds;
mod tokens;
mod trend;

use schemas::symptom::{Pattern, Symptom};

pub use seen::{Numbers, SeenCase, SeenRow};
pub use subject::Subject;

use crate::gate::{Evidence, Mismatch};

/// More would only bury the first ones.
const AT_MOST: usize = 5;

/// What failed, and the numbers of it. Cases are in the order in which they were evaluated.
#[derive(Clone, Copy, Debug)]
pub enum Failure<'a> {
    /// The tokens of a prompt.
    Tokens(&'a Mismatch, &'a Evidence),
    /// The lengths of the candidate's rows and of the reference's.
    Shapes(u64, u64),
    /// The candidate's logits of the first position change with the tokens from the second on.
    Mask(usize, usize),
    /// The first position of cases.
    FirstLogits(&'a [SeenCase]),
    /// The positions of cases.
    Positions(&'a [SeenCase]),
    /// The greedy steps of cases.
    Decode(&'a [SeenCase]),
}

/// What it may come from, the most likely first; nothing where nothing diverged.
pub fn find(failure: &Failure<'_>, subject: &Subject) -> Vec<Symptom> {
    let mut found = match *failure {
        Failure::Tokens(mismatch, evidence) => tokens::find(mismatch, evidence, subject),
        Failure::Shapes(candidate, reference) => vec![row_length(candidate, reference, subject)],
        Failure::Mask(position, changed_from) => vec![mask(position, changed_from, subject)],
        Failure::FirstLogits(cases) => {
            let firsts = cases.iter().filter_map(|case| case.positions.first());
            let firsts: Vec<SeenRow> = firsts.cloned().collect();
            let mut found = of_rows(&firsts, subject);
            // Rows of several prompts have no places among them.
            found.retain(|symptom| !place::is_of_place(symptom.pattern));
            found
        }
        Failure::Positions(cases) => of_cases(cases, subject),
        Failure::Decode(cases) => cases
            .iter()
            .map(|case| steps::find(case, subject))
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
    };
    found.truncate(AT_MOST);
    found
}

/// What rows of several prompts say together, then what the first bad prompt says alone.
fn of_cases(cases: &[SeenCase], subject: &Subject) -> Vec<Symptom> {
    let is_bad = |case: &SeenCase| case.positions.iter().any(|row| row.is_bad);
    let Some(first_bad) = cases.iter().position(is_bad) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    found.extend(ids::previous_prompt(cases, subject));
    found.extend(ids::only_later_prompts(cases, subject));
    found.extend(of_rows(&cases[first_bad].positions, subject));
    found
}

/// Positions of one prompt, or first positions of several. What is told by more numbers comes
/// first, and a place or a rule before a size, for it leads nearer to the line of code.
fn of_rows(rows: &[SeenRow], subject: &Subject) -> Vec<Symptom> {
    if !rows.iter().any(|row| row.is_bad) {
        return Vec::new();
    }
    let mut found: Vec<_> = size::not_finite(rows, subject).into_iter().collect();
    // Each of these leaves nothing for the others to explain.
    let explained = ids::constant_offset(rows, subject)
        .or_else(|| ids::shifted_positions(rows, subject))
        .or_else(|| size::factor(rows, subject))
        .or_else(|| size::constant_shift(rows, subject))
        .or_else(|| size::far_too_large(rows, subject));
    if let Some(explained) = explained {
        found.push(explained);
        return found;
    }
    found.extend(place::of_place(rows, subject));
    found.extend(size::of_all(rows, subject));
    found.extend(size::top_five(rows, subject));
    found
}

fn mask(position: usize, changed_from: usize, subject: &Subject) -> Symptom {
    Symptom {
        pattern: Pattern::SeesLaterTokens,
        cause: "the causal mask is not there, is off by one, or does not hold for tokens that are \
                evaluated together"
            .to_owned(),
        evidence: format!(
            "position {position} changes when only the tokens from position {changed_from} on do"
        ),
        next_command: subject.per_token(&["--micro-batch", "1"]),
    }
}

fn row_length(candidate: u64, reference: u64, subject: &Subject) -> Symptom {
    let cause = if candidate > reference && candidate.is_multiple_of(64) {
        "the candidate's rows are padded: it gives the width of its output matrix, not the size \
         of the vocabulary"
    } else {
        "the engines have different vocabularies: another model file, or added tokens counted on \
         one side only"
    };
    Symptom {
        pattern: Pattern::RowLength,
        cause: cause.to_owned(),
        evidence: format!("rows have {candidate} logits, the reference's {reference}"),
        next_command: subject.inspect(&["--show-kv", "*vocab*"]),
    }
}
