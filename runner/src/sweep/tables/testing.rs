//! Runs that nobody ran, with what they come to.

use schemas::plan::Plan;
use schemas::receipt::{Receipt, Verdict};
use schemas::run_summary::{
    CaseSummary, ComparisonSummary, RowPlace, RunProblem, RunProblemKind, RunSummary, WorstFigures,
};
use tempfile::TempDir;

use crate::exit::Exit;
use crate::sweep::folder::RunFolder;
use crate::sweep::testing::{Sweep, Told};

/// What a model or an engine could have written to harm who looks at it.
pub(super) const HOSTILE: &str = "<script>alert(\"1\")</script><b> | `x` ``y`` ::error title=a,b:c::d%0A @all\r\n=cmd,'\0\u{1b}[31m\
     \u{fffe}\u{202e} & ]]> \\| größe";

const SUMMARY: &str =
    include_str!("../../../../schemas/examples/run-summary/valid.one-missing.json");

/// A summary as of a merged run, but for what no table shows.
pub(super) fn summed_up(plan: &Plan, receipts: &[Receipt]) -> RunSummary {
    let example: RunSummary = serde_json::from_str(SUMMARY).expect("an example");
    let comparisons = plan.comparisons.iter().map(|comparison| {
        let of_this = receipts
            .iter()
            .filter(|it| it.profile == comparison.profile);
        let worst = of_this.max_by_key(|it| it.exit.code);
        ComparisonSummary {
            name: comparison.name.clone(),
            verdict: worst.map_or(Verdict::Inconclusive, |it| it.verdict),
            exit: worst.map_or(Exit::Inconclusive.record(), |it| it.exit.clone()),
            ..example.comparisons[0].clone()
        }
    });
    let cases = plan.cases.iter().filter_map(|case| {
        let receipt = receipts
            .iter()
            .find(|it| it.case.as_ref() == Some(&case.keys))?;
        Some(CaseSummary {
            keys: case.keys.clone(),
            comparison: case.comparison.clone(),
            prompt_set: case.prompt_set.clone(),
            prompt: case.prompt.as_str().to_owned(),
            template: case.template.clone(),
            verdict: receipt.verdict,
            exit: receipt.exit.clone(),
            reason: receipt.reason.clone(),
            positions: receipt.positions.len() as u64,
            greedy_steps: 0,
            first_bad: receipt.first_divergence_token.map(RowPlace::Position),
            worst: WorstFigures {
                max_abs: receipt.max_absolute_diff,
                ..WorstFigures::default()
            },
            receipt_digest: receipt.digest.clone(),
            ..example.cases[0].clone()
        })
    });
    RunSummary {
        comparisons: comparisons.collect(),
        cases: cases.collect(),
        problems: Vec::new(),
        planned: plan.cases.len() as u64,
        ..example
    }
}

pub(super) fn problem(case: &str, kind: RunProblemKind) -> RunProblem {
    RunProblem {
        case: case.to_owned(),
        kind,
        detail: format!("what is wrong: {HOSTILE}"),
    }
}

/// A run in a folder of its own.
pub(super) struct Merged {
    pub(super) folder: TempDir,
    pub(super) run: RunFolder,
    pub(super) summary: RunSummary,
}

impl Merged {
    /// All these cases but one, which has no receipt.
    pub(super) fn without(sweep: &Sweep, missing: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let there: Vec<_> = (0..sweep.receipts.len())
            .filter(|&case| case != missing)
            .collect();
        let receipts: Vec<_> = there
            .iter()
            .map(|&case| sweep.receipts[case].clone())
            .collect();
        let mut summary = summed_up(&sweep.plan, &receipts);
        let problem = problem(sweep.id(missing), RunProblemKind::Missing);
        summary.problems.push(problem);
        Self {
            run: sweep.write_some(folder.path(), &there),
            folder,
            summary,
        }
    }
}

/// A case that diverged for a hostile reason, one without a receipt, and one within its floor.
pub(super) fn hostile() -> Merged {
    let mut sweep = Sweep::of(&[Told::DivergedAt(1), Told::Same, Told::Floors(0.5)]);
    sweep.edit(0, |receipt| receipt.reason = HOSTILE.to_owned());
    for case in &mut sweep.plan.cases {
        case.template = format!("{}{HOSTILE}", case.template);
    }
    Merged::without(&sweep, 1)
}
