//! What a run says to programs that know tests: that one passed, failed, could not be carried out, or
//! was left out.
//!
//! Each planned case is an entry. More are there where cases do not say all: a comparison can fail
//! though each of its cases is in order, because of what they are together. Whoever reads only entries
//! must not take such a run for a sound one.

use std::collections::HashSet;

use schemas::plan::Plan;
use schemas::receipt::{ExitRecord, Verdict};
use schemas::run_summary::{RowPlace, RunProblem, RunProblemKind, RunSummary};

use super::case::{self, Case, problem_word};
use crate::exit::Exit;
use crate::judge;

/// What an entry says, in the words of test reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Parity.
    Passed,
    /// What was compared, or was to be, is not the same, or shows nothing.
    Failed,
    /// Nothing was found out, or what was found does not count.
    Error,
    /// It was not asked for, or not reached.
    Skipped,
}

/// One test. Its texts are as plans, models and engines have them.
pub(super) struct Entry<'a> {
    /// The comparison that it is of; of the whole run [`RUN`].
    pub(super) suite: &'a str,
    pub(super) name: String,
    pub(super) mark: Mark,
    /// The verdict, or the problem.
    pub(super) word: &'static str,
    pub(super) reason: String,
    pub(super) first_bad: Option<RowPlace>,
    /// Whether a failure is only that something is not known: not compared, or not enough of it.
    pub(super) is_unknown: bool,
}

/// What is of no comparison.
pub(super) const RUN: &str = "run";

/// All entries: comparison by comparison its cases and what they do not say, then the run's.
pub(super) fn all<'a>(plan: &'a Plan, summary: &'a RunSummary) -> Vec<Entry<'a>> {
    let cases = case::all(plan, summary);
    let mut entries = Vec::with_capacity(cases.len());
    for cases in cases.chunk_by(|a, b| a.planned.comparison == b.planned.comparison) {
        let before = entries.len();
        entries.extend(cases.iter().map(of_case));
        let name = cases[0].planned.comparison.as_str();
        let whole = summary.comparisons.iter().find(|it| it.name == name);
        entries.extend(whole.and_then(|whole| {
            let outcome = (whole.verdict, &whole.exit, whole.reason.as_str());
            unsaid(name, "all cases together", outcome, &entries[before..])
        }));
    }
    entries.extend(unplanned(summary, &cases));
    let outcome = (summary.verdict, &summary.exit, summary.reason.as_str());
    let run = unsaid(RUN, "all comparisons together", outcome, &entries);
    entries.extend(run);
    entries
}

fn of_case<'a>(case: &Case<'a>) -> Entry<'a> {
    let planned = case.planned;
    let (mark, word) = match (case.problems.first(), case.found) {
        (Some(problem), _) => (Mark::Error, problem_word(problem.kind)),
        (None, Some(found)) => (mark(found.verdict, &found.exit), judge::word(found.verdict)),
        (None, None) => (Mark::Error, "missing"),
    };
    let is_missing = |it: &&RunProblem| it.kind == RunProblemKind::Missing;
    let is_only_missing = case.problems.iter().all(is_missing);
    let details = case.problems.iter().map(|it| it.detail.as_str());
    let reason = case.found.map(|found| found.reason.as_str());
    let reasons: Vec<_> = details.chain(reason).collect();
    Entry {
        suite: &planned.comparison,
        name: format!(
            "{}/{} [{}]",
            planned.prompt_set, planned.prompt, planned.template
        ),
        mark,
        word,
        reason: reasons.join("; "),
        first_bad: case.found.and_then(|found| found.first_bad),
        is_unknown: is_only_missing && case.found.is_none_or(|found| is_unknown(&found.exit)),
    }
}

/// The exit code decides whether it passed, as it does for `gate`.
fn mark(verdict: Verdict, exit: &ExitRecord) -> Mark {
    match verdict {
        Verdict::NotReached | Verdict::Skipped => Mark::Skipped,
        _ if exit.code == Exit::Parity.code() => Mark::Passed,
        Verdict::Diverged | Verdict::TokenMismatch | Verdict::Inconclusive => Mark::Failed,
        _ => Mark::Error,
    }
}

fn is_unknown(exit: &ExitRecord) -> bool {
    let exit = Exit::of_code(exit.code);
    matches!(
        exit,
        Some(Exit::Inconclusive | Exit::Incomplete | Exit::Retryable)
    )
}

/// An entry for what failed, if none of these says that something did.
fn unsaid<'a>(
    suite: &'a str,
    name: &str,
    (verdict, exit, reason): (Verdict, &ExitRecord, &str),
    entries: &[Entry<'_>],
) -> Option<Entry<'a>> {
    let is_said = entries
        .iter()
        .any(|it| matches!(it.mark, Mark::Failed | Mark::Error));
    let has_passed = exit.code == Exit::Parity.code();
    (!has_passed && !is_said).then(|| Entry {
        suite,
        name: name.to_owned(),
        mark: match mark(verdict, exit) {
            Mark::Failed => Mark::Failed,
            // A run of which everything was left out has not passed either.
            _ => Mark::Error,
        },
        word: judge::word(verdict),
        reason: reason.to_owned(),
        first_bad: None,
        is_unknown: is_unknown(exit),
    })
}

/// Problems of what is in no plan.
fn unplanned<'a>(summary: &'a RunSummary, cases: &[Case<'_>]) -> Vec<Entry<'a>> {
    let planned: HashSet<_> = cases.iter().map(|it| &it.planned.keys.id).collect();
    let problems = summary.problems.iter();
    let unplanned = problems.filter(|problem| !planned.contains(&problem.case));
    let entries = unplanned.map(|problem| Entry {
        suite: RUN,
        name: problem.case.clone(),
        mark: Mark::Error,
        word: problem_word(problem.kind),
        reason: problem.detail.clone(),
        first_bad: None,
        is_unknown: false,
    });
    entries.collect()
}

/// Where a row is, for people.
pub(super) fn place(place: RowPlace) -> String {
    match place {
        RowPlace::Position(position) => format!("position {position}"),
        RowPlace::Step(step) => format!("greedy step {step}"),
    }
}
