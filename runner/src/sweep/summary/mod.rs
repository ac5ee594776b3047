//! What all cases of a run come to: comparison by comparison, and the whole.
//!
//! In: how each case stands, one after the other; of a receipt only figures are kept, so that a run may
//! have as many as it likes. Out: a [`RunSummary`], the same for the same receipts. A comparison is
//! judged as a climb of the ladder is: by its worst case, by how much was compared, and by what all of
//! its rows are together.

mod comparison;
mod figures;
#[cfg(test)]
mod tests;
mod whole;

use std::collections::BTreeSet;

use schemas::plan::Plan;
use schemas::receipt::Verdict;
use schemas::run_summary::{CaseSummary, RunProblem, RunProblemKind, RunSummary, VerdictCount};
use schemas::tag::Tag;

use super::folder::{FolderError, PLAN, RunFolder};
use super::lookup::{self, CaseOf};
use super::standing::Standing;
use crate::in_turn::in_turn;
use crate::judge;
use comparison::ComparisonSum;

/// The summary of a run, from its plan and its receipts and from nothing else.
pub fn of(run: &RunFolder) -> Result<RunSummary, FolderError> {
    let cases = planned(run)?;
    let mut summing = Summing::new(&run.plan);
    in_turn(
        &cases,
        |of| Standing::in_run(run, of),
        |of, standing| {
            summing.add(of, &standing);
            Ok::<_, FolderError>(())
        },
    )?;
    let ids: BTreeSet<_> = cases.iter().map(CaseOf::id).collect();
    let folders = run.case_folders()?.into_iter();
    summing.problems.extend(
        folders
            .filter(|it| !ids.contains(it.as_str()))
            .map(unplanned),
    );
    Ok(summing.finish(&run.plan_sha256))
}

/// The cases of a run's plan.
pub fn planned(run: &RunFolder) -> Result<Vec<CaseOf<'_>>, FolderError> {
    lookup::cases(&run.plan).map_err(|problem| FolderError {
        path: run.root().join(PLAN),
        problem,
    })
}

/// A folder of a case that is in no plan.
pub(super) fn unplanned(case: String) -> RunProblem {
    RunProblem {
        case,
        kind: RunProblemKind::Unplanned,
        detail: "the plan has no such case".to_owned(),
    }
}

/// A summary on its way.
pub struct Summing<'a> {
    plan: &'a Plan,
    comparisons: Vec<ComparisonSum<'a>>,
    cases: Vec<CaseSummary>,
    problems: Vec<RunProblem>,
}

impl<'a> Summing<'a> {
    /// Of the cases of this plan.
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            comparisons: plan.comparisons.iter().map(ComparisonSum::new).collect(),
            cases: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The next case, in the plan's order.
    pub fn add(&mut self, of: &CaseOf<'a>, standing: &Standing) {
        self.problems.extend(standing.problems(of));
        let Some(receipt) = standing.receipt() else {
            return;
        };
        let mut comparisons = self.comparisons.iter_mut();
        if let Some(sum) = comparisons.find(|sum| sum.name() == of.comparison.name) {
            sum.add(of, receipt);
        }
        self.cases.push(figures::case(of, receipt));
    }

    /// What all of them come to.
    pub fn finish(mut self, plan_sha256: &str) -> RunSummary {
        self.problems.sort();
        let allow_small = self.plan.settings.allow_small;
        let comparisons = self.comparisons.into_iter();
        let comparisons: Vec<_> = comparisons.map(|it| it.conclude(allow_small)).collect();
        let planned = self.plan.cases.len() as u64;
        let whole = whole::conclude(planned, &comparisons, &self.problems);
        RunSummary {
            schema: Tag::new(),
            name: self.plan.name.clone(),
            plan_sha256: plan_sha256.to_owned(),
            verdict: whole.verdict,
            exit: whole.exit.record(),
            reason: whole.reason,
            verdicts: counts(self.cases.iter().map(|case| case.verdict)),
            planned,
            problems: self.problems,
            comparisons,
            cases: self.cases,
        }
    }
}

/// How many have which verdict, the best first.
fn counts(verdicts: impl Iterator<Item = Verdict>) -> Vec<VerdictCount> {
    let mut verdicts: Vec<_> = verdicts.collect();
    verdicts.sort_by_key(|verdict| judge::badness(*verdict));
    let chunks = verdicts.chunk_by(|a, b| a == b);
    let counts = chunks.map(|chunk| VerdictCount {
        verdict: chunk[0],
        cases: chunk.len() as u64,
    });
    counts.collect()
}
