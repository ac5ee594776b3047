//! The cases of a run in the order in which a reader wants them: what broke, and how badly, first.

use std::collections::BTreeMap;

use schemas::number::Finite;
use schemas::plan::{Plan, PlannedCase};
use schemas::receipt::Profile;
use schemas::run_summary::{CaseSummary, RunProblem, RunProblemKind, RunSummary};

use crate::exit::Exit;
use crate::judge;

/// A planned case and what the run says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) planned: &'a PlannedCase,
    /// Its comparison's place in the plan.
    pub(super) comparison: usize,
    /// What it came to; `None`: it has no receipt that counts.
    pub(super) summary: Option<&'a CaseSummary>,
    /// What the run complains of about it.
    pub(super) problem: Option<&'a RunProblem>,
}

impl<'a> Entry<'a> {
    /// Of all planned cases, in the plan's order.
    pub(super) fn of_all(plan: &'a Plan, summary: &'a RunSummary) -> Vec<Self> {
        let by_id = |cases: &'a [CaseSummary]| -> BTreeMap<&str, &CaseSummary> {
            cases.iter().map(|it| (it.keys.id.as_str(), it)).collect()
        };
        let summaries = by_id(&summary.cases);
        let problems = summary.problems.iter();
        let problems: BTreeMap<&str, &RunProblem> =
            problems.map(|it| (it.case.as_str(), it)).collect();
        let comparisons = plan.comparisons.iter().enumerate();
        let comparisons: BTreeMap<&str, usize> = comparisons
            .map(|(place, it)| (it.name.as_str(), place))
            .collect();
        let entries = plan.cases.iter().map(|planned| Self {
            planned,
            comparison: comparisons
                .get(planned.comparison.as_str())
                .copied()
                .unwrap_or(plan.comparisons.len()),
            summary: summaries.get(planned.keys.id.as_str()).copied(),
            problem: problems.get(planned.keys.id.as_str()).copied(),
        });
        entries.collect()
    }

    pub(super) fn id(&self) -> &'a str {
        &self.planned.keys.id
    }

    /// The exit code that it stands for.
    pub(super) fn exit(&self) -> Exit {
        let problem = self.problem.map(|it| match it.kind {
            RunProblemKind::Missing | RunProblemKind::MixedBuild => Exit::Incomplete,
            _ => Exit::BadInput,
        });
        let summary = self.summary;
        // A code that is unknown is of a receipt that cannot be believed.
        let own = summary.map(|it| Exit::of_code(it.exit.code).unwrap_or(Exit::BadInput));
        let both: Vec<Exit> = problem.into_iter().chain(own).collect();
        if both.is_empty() {
            Exit::Incomplete
        } else {
            Exit::of_all(both)
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.exit() == Exit::Parity
    }

    /// Its verdict in a word.
    pub(super) fn word(&self) -> &'static str {
        match (self.problem.map(|it| it.kind), self.summary) {
            (Some(RunProblemKind::Conflicting), _) => "CONFLICTING",
            (Some(RunProblemKind::MixedBuild), _) => "OTHER-BUILD",
            (Some(RunProblemKind::Unsound | RunProblemKind::Unplanned), _) => "UNSOUND",
            (Some(RunProblemKind::Missing) | None, None) => "MISSING",
            (_, Some(summary)) => judge::word(summary.verdict),
        }
    }

    /// Why, for people.
    pub(super) fn reason(&self) -> &'a str {
        let problem = self.problem.map(|it| it.detail.as_str());
        let reason = self.summary.map(|it| it.reason.as_str());
        problem.or(reason).unwrap_or("it has no receipt")
    }

    /// The largest distance of its rows, by which cases of one verdict are ordered.
    fn distance(&self) -> f64 {
        let Some(summary) = self.summary else {
            return 0.0;
        };
        let worst = &summary.worst;
        let figures = match summary.profile {
            Profile::Production => [worst.excess_kl, worst.excess_mse, worst.excess_max_abs],
            Profile::Exact | Profile::F32 => [worst.nmse, None, None],
        };
        let figures = figures.into_iter().flatten().map(Finite::get);
        figures.fold(0.0, f64::max)
    }
}

/// The places of entries, the gravest first, and by the plan where nothing else decides.
pub(super) fn worst_first(entries: &[Entry<'_>]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..entries.len()).collect();
    places.sort_by(|&a, &b| {
        let (one, other) = (&entries[a], &entries[b]);
        let by_exit = one.exit().place().cmp(&other.exit().place());
        by_exit
            .then_with(|| other.distance().total_cmp(&one.distance()))
            .then(a.cmp(&b))
    });
    places
}

/// The class that gives a verdict its colour.
pub(super) fn verdict_class(word: &str) -> &'static str {
    match word {
        "BIT-EXACT" | "MATCH" | "DRIFT" | "TIE-FLIP" => "good",
        "DIVERGED" => "bad",
        "TOKEN-MISMATCH" => "tokens",
        "MISSING" | "OTHER-BUILD" | "NOT-REACHED" | "SKIPPED" => "missing",
        "INCONCLUSIVE" => "unsure",
        _ => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::testing::{Sweep, Told};

    #[test]
    fn what_broke_comes_first_and_what_is_missing_before_what_is_sound() {
        let told = [
            Told::Same,
            Told::OtherTokens,
            Told::DivergedAt(2),
            Told::Same,
        ];
        let sweep = Sweep::of(&told);
        let summary = crate::sweep::page::samples::summary::summary(&sweep, &[0, 1, 2]);
        let entries = Entry::of_all(&sweep.plan, &summary);
        let order = worst_first(&entries);
        let words = order.iter().map(|&it| entries[it].word());
        assert_eq!(
            words.collect::<Vec<_>>(),
            ["DIVERGED", "TOKEN-MISMATCH", "MISSING", "BIT-EXACT"]
        );
    }
}
