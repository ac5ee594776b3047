//! The planned cases of a run, each with what it came to: the rows of `cases.csv`.

use std::borrow::Cow;
use std::collections::HashMap;

use schemas::plan::{Plan, PlannedCase, PlannedComparison};
use schemas::receipt::Receipt;
use schemas::run_summary::{CaseSummary, RowPlace, RunProblem, RunProblemKind, RunSummary};

use super::cell::{Cell, Named};
use crate::judge;

/// A planned case. What it came to is `None` where no receipt of it counts.
pub(super) struct Case<'a> {
    pub(super) planned: &'a PlannedCase,
    pub(super) comparison: Option<&'a PlannedComparison>,
    pub(super) found: Option<&'a CaseSummary>,
    pub(super) problems: Vec<&'a RunProblem>,
}

/// All cases in the plan's order.
pub(super) fn all<'a>(plan: &'a Plan, summary: &'a RunSummary) -> Vec<Case<'a>> {
    let comparisons = plan.comparisons.iter().map(|it| (it.name.as_str(), it));
    let comparisons: HashMap<_, _> = comparisons.collect();
    let found = summary.cases.iter().map(|it| (it.keys.id.as_str(), it));
    let found: HashMap<_, _> = found.collect();
    let mut problems: HashMap<_, Vec<_>> = HashMap::new();
    for problem in &summary.problems {
        problems
            .entry(problem.case.as_str())
            .or_default()
            .push(problem);
    }
    let cases = plan.cases.iter().map(|planned| Case {
        planned,
        comparison: comparisons.get(planned.comparison.as_str()).copied(),
        found: found.get(planned.keys.id.as_str()).copied(),
        problems: problems
            .remove(planned.keys.id.as_str())
            .unwrap_or_default(),
    });
    cases.collect()
}

/// The word for a problem, as in JSON.
pub(super) fn problem_word(kind: RunProblemKind) -> &'static str {
    match kind {
        RunProblemKind::Missing => "missing",
        RunProblemKind::Conflicting => "conflicting",
        RunProblemKind::MixedBuild => "mixed-build",
        RunProblemKind::Unsound => "unsound",
        RunProblemKind::Unplanned => "unplanned",
    }
}

/// The row of a case and its receipt.
pub(super) fn cells<'a>(of: Option<(&Case<'a>, Option<&Receipt>)>) -> Vec<Named<'a>> {
    let case = of.map(|(case, _)| case);
    let planned = case.map(|case| case.planned);
    let comparison = case.and_then(|case| case.comparison);
    let found = case.and_then(|case| case.found);
    // Of a mixed build it is another one than the plan's.
    let keys = found
        .map(|it| &it.keys)
        .or(planned.map(|planned| &planned.keys));
    let tokens = of.and_then(|(_, receipt)| receipt?.tokens.as_ref());
    let worst = found.map(|it| &it.worst);
    let figure = |figure: fn(&_) -> Option<_>| Cell::number(worst.and_then(figure));
    vec![
        ("id", Cell::text(keys.map(|keys| keys.id.as_str()))),
        (
            "comparison",
            Cell::text(planned.map(|it| it.comparison.as_str())),
        ),
        ("model", Cell::text(comparison.map(|it| it.model.as_str()))),
        (
            "candidate",
            Cell::text(comparison.map(|it| it.candidate.as_str())),
        ),
        (
            "reference",
            Cell::text(comparison.map(|it| it.reference.as_str())),
        ),
        (
            "profile",
            Cell::text(comparison.map(|it| it.profile.name())),
        ),
        (
            "prompt_set",
            Cell::text(planned.map(|it| it.prompt_set.as_str())),
        ),
        ("prompt", Cell::text(planned.map(|it| it.prompt.as_str()))),
        (
            "template",
            Cell::text(planned.map(|it| it.template.as_str())),
        ),
        (
            "problems",
            Cell::Text(case.and_then(problem_words).map(Cow::Owned)),
        ),
        (
            "verdict",
            Cell::text(found.map(|it| judge::word(it.verdict))),
        ),
        (
            "exit_code",
            Cell::Count(found.map(|it| it.exit.code.into())),
        ),
        ("reason", Cell::text(found.map(|it| it.reason.as_str()))),
        (
            "tokens",
            Cell::Count(tokens.map(|tokens| tokens.len() as u64)),
        ),
        ("positions", Cell::Count(found.map(|it| it.positions))),
        ("greedy_steps", Cell::Count(found.map(|it| it.greedy_steps))),
        (
            "first_bad",
            Cell::Text(found.and_then(|it| it.first_bad).map(place).map(Cow::Owned)),
        ),
        ("flips", Cell::Count(worst.map(|it| it.flips))),
        ("worst_max_abs", figure(|it| it.max_abs)),
        ("worst_mse", figure(|it| it.mse)),
        ("worst_nmse", figure(|it| it.nmse)),
        ("worst_cosine", figure(|it| it.cosine)),
        ("worst_kl", figure(|it| it.kl)),
        ("worst_excess_kl", figure(|it| it.excess_kl)),
        ("worst_excess_mse", figure(|it| it.excess_mse)),
        ("worst_excess_max_abs", figure(|it| it.excess_max_abs)),
        (
            "pairing_key",
            Cell::text(keys.map(|keys| keys.pairing_key.as_str())),
        ),
        (
            "identity",
            Cell::text(keys.map(|keys| keys.identity.as_str())),
        ),
        (
            "receipt_digest",
            Cell::text(found.map(|it| it.receipt_digest.as_str())),
        ),
    ]
}

fn problem_words(case: &Case<'_>) -> Option<String> {
    let words: Vec<_> = case
        .problems
        .iter()
        .map(|it| problem_word(it.kind))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn place(place: RowPlace) -> String {
    match place {
        RowPlace::Position(position) => format!("position:{position}"),
        RowPlace::Step(step) => format!("step:{step}"),
    }
}
