//! What all comparisons of a run and what is wrong with the run itself come to.

use schemas::run_summary::{ComparisonSummary, RunProblem, RunProblemKind};

use crate::conclusion::Conclusion;
use crate::exit::Exit;

/// The kinds that weigh on a run, each with its exit code and the words for cases that have it.
const KINDS: [(RunProblemKind, Exit, &str); 4] = [
    (
        RunProblemKind::Unsound,
        Exit::BadInput,
        "have receipts that cannot be believed",
    ),
    (
        RunProblemKind::Conflicting,
        Exit::BadInput,
        "have receipts that contradict each other",
    ),
    (
        RunProblemKind::MixedBuild,
        Exit::Incomplete,
        "have receipts of another build alone",
    ),
    (RunProblemKind::Missing, Exit::Incomplete, "have no receipt"),
];

/// The first exit code of all that occurs decides; what else is wrong with the run is told behind it.
pub(super) fn conclude(
    planned: u64,
    comparisons: &[ComparisonSummary],
    problems: &[RunProblem],
) -> Conclusion {
    let told = KINDS.into_iter().filter_map(|(kind, exit, words)| {
        let n = problems.iter().filter(|it| it.kind == kind).count();
        (n > 0).then(|| (exit, format!("{n} of {planned} cases {words}")))
    });
    let told: Vec<_> = told.collect();
    let problem = told
        .iter()
        .map(|(exit, _)| *exit)
        .min_by_key(|it| it.place());
    let worst = comparisons
        .iter()
        .map(of_comparison)
        .min_by_key(Conclusion::order);
    let worst = worst.unwrap_or_else(|| Conclusion::inconclusive("nothing is planned".to_owned()));
    let told = told
        .into_iter()
        .map(|(_, words)| words)
        .collect::<Vec<_>>()
        .join("; ");
    match problem {
        None => Conclusion {
            reason: match comparisons {
                [_, _, ..] if worst.exit == Exit::Parity => {
                    format!(
                        "all {} comparisons hold; {}",
                        comparisons.len(),
                        worst.reason
                    )
                }
                _ => worst.reason,
            },
            ..worst
        },
        Some(exit) if exit.place() < worst.exit.place() => Conclusion {
            exit,
            ..Conclusion::inconclusive(told)
        },
        Some(_) => Conclusion {
            reason: format!("{}; {told}", worst.reason),
            ..worst
        },
    }
}

fn of_comparison(comparison: &ComparisonSummary) -> Conclusion {
    Conclusion {
        verdict: comparison.verdict,
        // It was made of one.
        exit: Exit::of_code(comparison.exit.code).unwrap_or(Exit::Internal),
        reason: format!("{}: {}", comparison.name, comparison.reason),
    }
}
