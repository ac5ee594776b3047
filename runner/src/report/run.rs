//! A run as text: comparison by comparison, its worst cases, what is wrong with it, the verdict.

use std::fmt::Write as _;

use schemas::receipt::Verdict;
use schemas::run_summary::{
    CaseSummary, ComparisonSummary, RunProblem, RunProblemKind, RunSummary, VerdictCount,
};

use crate::exit::Exit;
use crate::judge::{badness, word};
use crate::text::escape_for_terminal;

/// Of many alike the first are shown.
const SHOWN: usize = 20;

/// The whole text, for standard output.
pub fn text(summary: &RunSummary) -> String {
    let mut text = String::new();
    for ComparisonSummary {
        name,
        verdict,
        reason,
        ..
    } in &summary.comparisons
    {
        push_line(&mut text, "", name, *verdict, reason);
    }
    push_worst(&mut text, &summary.cases);
    text.push_str(&problems(&summary.problems));
    let counts = summary.verdicts.iter();
    let counts =
        counts.map(|VerdictCount { verdict, cases }| format!("{cases} {}", word(*verdict)));
    let counts: Vec<_> = counts.collect();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "{} cases planned: {}",
        summary.planned,
        counts.join(", ")
    );
    let reason = escape_for_terminal(&summary.reason);
    let _ = writeln!(text, "{}: {reason}", word(summary.verdict));
    text
}

fn push_line(text: &mut String, indent: &str, name: &str, verdict: Verdict, reason: &str) {
    let (name, reason) = (escape_for_terminal(name), escape_for_terminal(reason));
    let _ = writeln!(text, "{indent}{name:<44} {:<14} {reason}", word(verdict));
}

/// The gravest first, and in the plan's order where they are alike.
fn push_worst(text: &mut String, cases: &[CaseSummary]) {
    let exit = |case: &CaseSummary| Exit::of_code(case.exit.code).unwrap_or(Exit::Internal);
    let bad = cases.iter().filter(|case| exit(case) != Exit::Parity);
    let mut bad: Vec<_> = bad.collect();
    bad.sort_by_key(|case| (exit(case).place(), u8::MAX - badness(case.verdict)));
    for case in bad.iter().take(SHOWN) {
        let name = format!(
            "{} {}/{} {}",
            case.keys.id, case.prompt_set, case.prompt, case.template
        );
        push_line(text, "  ", &name, case.verdict, &case.reason);
    }
    push_more(text, bad.len(), "cases that failed");
}

fn push_more(text: &mut String, all: usize, what: &str) {
    if let Some(more) = all.checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more {what}");
    }
}

/// What is wrong with a run, the first of each kind.
pub fn problems(problems: &[RunProblem]) -> String {
    const KINDS: [(RunProblemKind, &str); 5] = [
        (RunProblemKind::Unsound, "unsound"),
        (RunProblemKind::Conflicting, "conflicting"),
        (RunProblemKind::MixedBuild, "mixed build"),
        (RunProblemKind::Missing, "missing"),
        (RunProblemKind::Unplanned, "unplanned"),
    ];
    let mut text = String::new();
    for (kind, word) in KINDS {
        let of_kind = || problems.iter().filter(|it| it.kind == kind);
        for RunProblem { case, detail, .. } in of_kind().take(SHOWN) {
            let (case, detail) = (escape_for_terminal(case), escape_for_terminal(detail));
            let _ = writeln!(text, "{word}: case {case}: {detail}");
        }
        push_more(&mut text, of_kind().count(), word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::summary;
    use crate::sweep::testing::{Sweep, Told};

    fn shown(told: &[Told], there: &[usize]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let run = Sweep::of(told).write_some(folder.path(), there);
        text(&summary::of(&run).expect("a run"))
    }

    #[test]
    fn the_worst_come_first_and_the_verdict_last() {
        let told = [Told::TimedOut, Told::Same, Told::DivergedAt(1), Told::Same];
        let text = shown(&told, &[0, 1, 2]);
        let lines: Vec<_> = text.lines().collect();
        let [comparison, diverged, timed_out, missing, counts, verdict] = lines.as_slice() else {
            panic!("{text}");
        };
        assert!(
            comparison.starts_with("tiny-rust-engine-llama-scalar-exact "),
            "{text}"
        );
        assert!(diverged.contains("greetings.jsonl/p00002 raw") && diverged.contains("DIVERGED"));
        assert!(timed_out.contains("greetings.jsonl/p00000 raw"), "{text}");
        assert!(
            missing.starts_with("missing: case ") && missing.contains("p00003"),
            "{text}"
        );
        let expected = "4 cases planned: 1 BIT-EXACT, 1 DIVERGED, 1 ENGINE-FAILED";
        assert_eq!(*counts, expected);
        assert!(verdict.starts_with("DIVERGED: "), "{text}");
    }

    #[test]
    fn of_many_alike_the_first_are_shown() {
        let text = shown(&[Told::DivergedAt(0); 50], &(0..25).collect::<Vec<_>>());
        assert_eq!(text.matches("greetings.jsonl/").count(), 20, "{text}");
        assert!(text.contains("  and 5 more cases that failed\n"), "{text}");
        assert_eq!(text.matches("missing: case").count(), 20, "{text}");
        assert!(text.contains("  and 5 more missing\n"), "{text}");
    }

    #[test]
    fn nothing_in_it_obeys_a_terminal() {
        let mut problem = RunProblem {
            case: "a".to_owned(),
            kind: RunProblemKind::Unsound,
            detail: "\u{1b}[2J".to_owned(),
        };
        assert_eq!(
            problems(std::slice::from_ref(&problem)),
            "unsound: case a: \\u{1b}[2J\n"
        );
        problem.case = "\n".to_owned();
        assert!(problems(&[problem]).starts_with("unsound: case \\n: "));
    }
}
