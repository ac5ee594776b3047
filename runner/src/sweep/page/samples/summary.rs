//! What made-up runs come to. Their numbers do not stand before `verify`, so `summary` would not take
//! their receipts.

use schemas::number::Finite;
use schemas::plan::PlannedComparison;
use schemas::receipt::{Receipt, Verdict};
use schemas::row::Metrics;
use schemas::run_summary::{
    CaseSummary, ComparisonSummary, RowPlace, RunProblem, RunProblemKind, RunSummary, VerdictCount,
    WorstFigures,
};
use schemas::tag::Tag;

use crate::coverage::{self, ComparedPrompt};
use crate::exit::Exit;
use crate::floor::excess::Excesses;
use crate::judge;
use crate::sweep::testing::Sweep;

/// What a run comes to of which these cases have receipts.
pub(in super::super) fn summary(sweep: &Sweep, present: &[usize]) -> RunSummary {
    let receipts: Vec<&Receipt> = present.iter().map(|&it| &sweep.receipts[it]).collect();
    let cases: Vec<CaseSummary> = present.iter().map(|&it| case(sweep, it)).collect();
    let missing = (0..sweep.plan.cases.len()).filter(|it| !present.contains(it));
    let problems: Vec<RunProblem> = missing
        .map(|it| RunProblem {
            case: sweep.id(it).to_owned(),
            kind: RunProblemKind::Missing,
            detail: "it has no receipt".to_owned(),
        })
        .collect();
    let exit = Exit::of_all(exits(&receipts).chain(problems.iter().map(|_| Exit::Incomplete)));
    let comparisons = sweep.plan.comparisons.iter();
    RunSummary {
        schema: Tag::new(),
        name: sweep.plan.name.clone(),
        plan_sha256: String::new(),
        verdict: match exit {
            Exit::Incomplete => Verdict::Inconclusive,
            _ => worst(&receipts),
        },
        exit: exit.record(),
        reason: format!(
            "{} of {} cases have receipts",
            cases.len(),
            sweep.plan.cases.len()
        ),
        verdicts: Vec::new(),
        planned: sweep.plan.cases.len() as u64,
        problems,
        comparisons: comparisons.map(|it| comparison(it, &receipts)).collect(),
        cases,
    }
}

fn exits<'a>(receipts: &'a [&Receipt]) -> impl Iterator<Item = Exit> + 'a {
    receipts.iter().filter_map(|it| Exit::of_code(it.exit.code))
}

fn worst(receipts: &[&Receipt]) -> Verdict {
    let verdicts = receipts.iter().map(|it| it.verdict);
    let worst = verdicts.max_by_key(|it| judge::badness(*it));
    worst.unwrap_or(Verdict::Inconclusive)
}

fn comparison(planned: &PlannedComparison, receipts: &[&Receipt]) -> ComparisonSummary {
    let own = receipts.iter().filter(|it| it.profile == planned.profile);
    let own: Vec<&Receipt> = own.copied().collect();
    let compared = own.iter().map(|it| ComparedPrompt {
        tokens: it.tokens.as_deref().unwrap_or_default(),
        positions: it.positions.len() as u64,
        chat: false,
        code: false,
    });
    let compared: Vec<_> = compared.collect();
    let verdict = worst(&own);
    ComparisonSummary {
        name: planned.name.clone(),
        verdict,
        exit: Exit::of_all(exits(&own)).record(),
        reason: format!("the worst of {} cases", own.len()),
        verdicts: vec![VerdictCount {
            verdict,
            cases: own.len() as u64,
        }],
        coverage: coverage::measure(&compared, &coverage::shipped(), true),
        excess: Excesses::of(own.iter().flat_map(|it| it.rows())).together(),
    }
}

fn case(sweep: &Sweep, case: usize) -> CaseSummary {
    let (planned, receipt) = (&sweep.plan.cases[case], &sweep.receipts[case]);
    let metrics = || receipt.rows().filter_map(|row| row.metrics.as_ref());
    let largest = |value: fn(&Metrics) -> f64| {
        let all = metrics().map(value);
        all.reduce(f64::max).and_then(Finite::new)
    };
    CaseSummary {
        keys: planned.keys.clone(),
        comparison: planned.comparison.clone(),
        model: "tiny".to_owned(),
        candidate: receipt.engines.candidate.name.clone(),
        reference: receipt.engines.reference.name.clone(),
        profile: receipt.profile,
        prompt_set: planned.prompt_set.clone(),
        prompt: planned.prompt.to_string(),
        template: planned.template.clone(),
        verdict: receipt.verdict,
        exit: receipt.exit.clone(),
        reason: receipt.reason.clone(),
        positions: receipt.positions.len() as u64,
        greedy_steps: receipt
            .greedy
            .iter()
            .flatten()
            .map(|it| it.steps.len() as u64)
            .sum(),
        first_bad: receipt.first_divergence_token.map(RowPlace::Position),
        worst: WorstFigures {
            max_abs: largest(|it| it.max_abs.get()),
            nmse: largest(|it| it.shift_removed.nmse.map_or(0.0, Finite::get)),
            kl: largest(|it| it.kl.get()),
            ..WorstFigures::default()
        },
        receipt_digest: receipt.digest.clone(),
    }
}
