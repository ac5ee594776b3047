use std::fs;

use schemas::receipt::Verdict;
use schemas::run_summary::{RowPlace, RunProblemKind as Kind, RunSummary};

use super::*;
use crate::seal::seal;
use crate::sweep::folder::{CASES, RECEIPT};
use crate::sweep::testing::{Sweep, Told};

/// The summary of a run with all of these cases but some.
fn without(sweep: &Sweep, missing: &[usize]) -> RunSummary {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = 0..sweep.receipts.len();
    let there: Vec<_> = cases.filter(|case| !missing.contains(case)).collect();
    of(&sweep.write_some(folder.path(), &there)).expect("a run")
}

fn summary(told: &[Told]) -> RunSummary {
    without(&Sweep::of(told), &[])
}

fn kinds(summary: &RunSummary) -> Vec<Kind> {
    summary.problems.iter().map(|it| it.kind).collect()
}

#[test]
fn equal_bits_everywhere_are_bit_exact() {
    let found = summary(&[Told::Same; 3]);
    assert_eq!((found.verdict, found.exit.code), (Verdict::BitExact, 0));
    assert_eq!(
        (found.planned, found.cases.len(), found.problems.len()),
        (3, 3, 0)
    );
    let said = "every number of 9 positions has the same bits; a small prompt set was allowed \
                (`allow_small` in [settings] of the sweep)";
    assert!(found.reason.contains(said), "{}", found.reason);
}

/// One case is enough to fail the run, wherever it lies.
#[test]
fn the_worst_case_decides() {
    let ends = [
        (Told::DivergedAt(2), Verdict::Diverged, 1),
        (Told::OtherTokens, Verdict::TokenMismatch, 2),
        (Told::TimedOut, Verdict::EngineFailed, 75),
    ];
    for (told, verdict, code) in ends {
        for place in 0..3 {
            let mut all = [Told::Same; 3];
            all[place] = told;
            let found = summary(&all);
            assert_eq!((found.verdict, found.exit.code), (verdict, code));
            let name = format!("prompt p0000{place} of greetings.jsonl, template raw: ");
            assert!(found.reason.contains(&name), "{}", found.reason);
        }
    }
    let all = [
        Told::TimedOut,
        Told::OtherTokens,
        Told::DivergedAt(0),
        Told::Same,
    ];
    for (worst, code) in [(2, 1), (1, 2), (0, 75)] {
        let found = summary(&all[..=worst]);
        assert_eq!(found.exit.code, code);
    }
}

#[test]
fn a_case_says_where_it_diverged_and_how_far() {
    let found = summary(&[Told::DivergedAt(1)]);
    let case = &found.cases[0];
    assert_eq!(case.first_bad, Some(RowPlace::Position(1)));
    assert_eq!(
        (case.positions, case.greedy_steps, case.worst.flips),
        (3, 0, 0)
    );
    assert_eq!(
        case.worst.max_abs.map(schemas::number::Finite::get),
        Some(0.25)
    );
    assert!(
        case.worst
            .cosine
            .is_some_and(|it| it.get() < 1.0 && it.get() > 0.9)
    );
    assert_eq!(case.worst.excess_kl, None);
    let found = summary(&[Told::Floors(0.5)]);
    let excess = found.cases[0].worst.excess_max_abs;
    assert!(
        excess.is_some_and(|it| (it.get() - 0.5).abs() < 0.01),
        "{excess:?}"
    );
    assert_eq!(found.cases[0].first_bad, None);
}

#[test]
fn what_is_missing_makes_a_run_incomplete_and_hides_nothing() {
    let sweep = Sweep::of(&[Told::Same, Told::Same, Told::DivergedAt(0)]);
    let found = without(&sweep, &[1, 2]);
    assert_eq!((found.verdict, found.exit.code), (Verdict::Inconclusive, 5));
    assert_eq!(found.reason, "2 of 3 cases have no receipt");
    assert_eq!(kinds(&found), [Kind::Missing; 2]);
    assert_eq!(found.cases.len(), 1);
    let found = without(&sweep, &[1]);
    assert_eq!((found.verdict, found.exit.code), (Verdict::Diverged, 1));
    assert!(
        found.reason.ends_with("; 1 of 3 cases have no receipt"),
        "{}",
        found.reason
    );
    let found = without(&sweep, &[0, 1, 2]);
    assert_eq!((found.exit.code, found.comparisons[0].exit.code), (5, 4));
}

/// The worst of a comparison and of the run itself: what cannot be believed outweighs a divergence.
#[test]
fn what_is_wrong_with_the_run_weighs_by_its_code() {
    let mut sweep = Sweep::of(&[Told::DivergedAt(0), Told::Same]);
    sweep.receipts[1].verdict = Verdict::Match;
    seal(&mut sweep.receipts[1]);
    let found = without(&sweep, &[]);
    assert_eq!(
        (found.verdict, found.exit.code),
        (Verdict::Inconclusive, 65)
    );
    assert_eq!(kinds(&found), [Kind::Unsound]);
    assert_eq!(
        found.reason,
        "1 of 2 cases have receipts that cannot be believed"
    );

    let mut sweep = Sweep::of(&[Told::Same, Told::Same]);
    sweep.edit(1, |receipt| receipt.model.sha256.push('0'));
    let found = without(&sweep, &[]);
    assert_eq!(found.exit.code, 5);
    assert_eq!(kinds(&found), [Kind::MixedBuild]);
    assert_eq!(
        (found.cases.len(), found.comparisons[0].coverage.prompts),
        (1, 1)
    );
}

/// Of an empty plan, of a comparison without cases, and of cases of which nothing was compared.
#[test]
fn nothing_compared_is_never_a_pass() {
    let found = summary(&[]);
    assert_eq!((found.verdict, found.exit.code), (Verdict::Inconclusive, 4));
    let mut sweep = Sweep::of(&[Told::Same, Told::Floors(0.5)]);
    sweep.plan.cases.pop();
    sweep.receipts.pop();
    let found = without(&sweep, &[]);
    assert_eq!((found.verdict, found.exit.code), (Verdict::Inconclusive, 4));
    assert!(
        found
            .reason
            .contains("no position of any prompt was compared"),
        "{}",
        found.reason
    );
}

#[test]
fn too_few_prompts_have_no_verdict_unless_that_is_allowed() {
    let strict = |plan: &mut Plan| plan.settings.allow_small = false;
    let found = without(&Sweep::planned(&[Told::Same; 3], strict), &[]);
    assert_eq!((found.verdict, found.exit.code), (Verdict::Inconclusive, 4));
    assert!(
        found.reason.contains("`allow_small = true`"),
        "{}",
        found.reason
    );
    // What diverged has diverged, however little was compared.
    let told = [Told::Same, Told::DivergedAt(0)];
    let found = without(&Sweep::planned(&told, strict), &[]);
    assert_eq!(found.exit.code, 1);
}

#[test]
fn code_is_told_by_the_plans_tags() {
    let mut sweep = Sweep::of(&[Told::Same; 3]);
    let tag = schemas::line::ItemId::new("code").expect("an id");
    sweep.plan.prompt_sets[0].prompts[1].tags.push(tag);
    let found = without(&sweep, &[]);
    let coverage = &found.comparisons[0].coverage;
    assert_eq!((coverage.prompts, coverage.positions), (3, 9));
    assert_eq!((coverage.code_prompts, coverage.chat_prompts), (1, 0));
}

/// Each case alone has too few rows for them.
#[test]
fn limits_of_a_whole_comparison_hold_for_all_cases_together() {
    for (cases, verdict, code) in [(21, Verdict::Drift, 0), (22, Verdict::Diverged, 1)] {
        let found = summary(&vec![Told::Floors(1.06); cases]);
        assert!(
            found
                .cases
                .iter()
                .all(|case| case.verdict == Verdict::Drift)
        );
        assert_eq!(
            (found.verdict, found.exit.code),
            (verdict, code),
            "{}",
            found.reason
        );
        assert_eq!(found.reason.contains("all prompts together"), code == 1);
        assert!(found.comparisons[0].excess.is_some());
    }
}

#[test]
fn a_comparison_that_holds_does_not_hide_one_that_does_not() {
    let found = summary(&[Told::Same, Told::Floors(40.0)]);
    assert_eq!(found.exit.code, 1);
    let codes: Vec<_> = found.comparisons.iter().map(|it| it.exit.code).collect();
    assert_eq!(codes, [0, 1]);
    let found = summary(&[Told::Same, Told::Floors(0.5)]);
    assert_eq!((found.verdict, found.exit.code), (Verdict::Drift, 0));
    assert!(
        found.reason.starts_with("all 2 comparisons hold; "),
        "{}",
        found.reason
    );
}

#[test]
fn what_is_in_no_plan_is_told_and_weighs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Sweep::of(&[Told::Same]).write(folder.path());
    let other = folder.path().join(CASES).join("other");
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join(RECEIPT), "{}").expect("a file");
    let found = of(&run).expect("a run");
    assert_eq!((found.exit.code, kinds(&found)), (0, vec![Kind::Unplanned]));
    assert_eq!(found.problems[0].case, "other");
}

#[test]
fn verdicts_are_counted_the_best_first() {
    let found = summary(&[Told::DivergedAt(0), Told::Same, Told::Same, Told::TimedOut]);
    let counts: Vec<_> = found
        .verdicts
        .iter()
        .map(|it| (it.verdict, it.cases))
        .collect();
    let expected = [
        (Verdict::BitExact, 2),
        (Verdict::Diverged, 1),
        (Verdict::EngineFailed, 1),
    ];
    assert_eq!(counts, expected);
    assert_eq!(found.comparisons[0].verdicts, found.verdicts);
}
