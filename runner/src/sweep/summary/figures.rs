//! What one case comes to, in a few figures.

use schemas::number::Finite;
use schemas::receipt::{Receipt, Verdict};
use schemas::row::{GreedyStretch, Metrics, RowRecord};
use schemas::run_summary::{CaseSummary, RowPlace, WorstFigures};

use crate::sweep::lookup::CaseOf;

/// A case by its receipt.
pub(super) fn case(of: &CaseOf<'_>, receipt: &Receipt) -> CaseSummary {
    let (case, comparison) = (of.case, of.comparison);
    CaseSummary {
        keys: case.keys.clone(),
        comparison: comparison.name.clone(),
        model: comparison.model.clone(),
        candidate: comparison.candidate.clone(),
        reference: comparison.reference.clone(),
        profile: comparison.profile,
        prompt_set: case.prompt_set.clone(),
        prompt: case.prompt.to_string(),
        template: case.template.clone(),
        verdict: receipt.verdict,
        exit: receipt.exit.clone(),
        reason: receipt.reason.clone(),
        positions: receipt.positions.len() as u64,
        greedy_steps: steps(receipt),
        first_bad: first_bad(receipt),
        worst: worst(receipt),
        receipt_digest: receipt.digest.clone(),
    }
}

/// Greedy steps that were compared.
pub(super) fn steps(receipt: &Receipt) -> u64 {
    let stretches = receipt.greedy.iter().flatten();
    stretches.map(|it| it.steps.len() as u64).sum()
}

fn first_bad(receipt: &Receipt) -> Option<RowPlace> {
    let is_bad = |row: &RowRecord| row.verdict == Verdict::Diverged;
    let mut positions = receipt.positions.iter();
    if let Some(position) = positions.find(|it| is_bad(&it.row)) {
        return Some(RowPlace::Position(position.position));
    }
    let mut steps = receipt
        .greedy
        .iter()
        .flatten()
        .flat_map(GreedyStretch::numbered);
    let (step, _) = steps.find(|(_, row)| is_bad(row))?;
    Some(RowPlace::Step(step))
}

fn worst(receipt: &Receipt) -> WorstFigures {
    let largest = |value: fn(&Metrics) -> Option<Finite>| {
        let values = receipt
            .rows()
            .filter_map(|row| value(row.metrics.as_ref()?));
        values.reduce(larger)
    };
    let negative_cosine = |metrics: &Metrics| Finite::new(-metrics.cosine?.get());
    let is_flip = |row: &&RowRecord| row.metrics.as_ref().is_some_and(|it| !it.top1_equal);
    WorstFigures {
        max_abs: largest(|it| Some(it.max_abs)),
        mse: largest(|it| Some(it.mse)),
        nmse: largest(|it| it.nmse),
        cosine: largest(negative_cosine).and_then(|it| Finite::new(-it.get())),
        kl: largest(|it| Some(it.kl)),
        flips: receipt.rows().filter(is_flip).count() as u64,
        excess_kl: receipt.excess.as_ref().and_then(|it| it.kl.max),
        excess_mse: receipt.excess.as_ref().and_then(|it| it.mse.max),
        excess_max_abs: receipt.excess.as_ref().and_then(|it| it.max_abs.max),
    }
}

fn larger(a: Finite, b: Finite) -> Finite {
    if a.get() < b.get() { b } else { a }
}
