//! A run in short, for the pages of CI services that show Markdown as GitHub does.
//!
//! Whatever comes from a plan, a model or an engine stands as code: there Markdown has no markup, HTML,
//! links or mentions. Three lists are bounded in rows and bytes, so the whole stays far below what such
//! pages take.

use std::cmp::Ordering;
use std::fmt::Write as _;

use schemas::floor::CaseExcess;
use schemas::number::Finite;
use schemas::receipt::ExitRecord;
use schemas::run_summary::{CaseSummary, ComparisonSummary, RunSummary, VerdictCount};

use super::case::problem_word;
use super::entry::place;
use crate::exit::Exit;
use crate::judge;
use crate::text::escape_for_terminal;

/// Bytes of one list: GitHub takes 1 MiB of all steps of a job together, and three of these and their
/// frame stay below 60 kB.
const LIST_BYTES: usize = 18_000;
/// Cases that are shown.
const WORST: usize = 10;
/// Characters of one text.
const TEXT: usize = 200;

/// The whole page.
pub(super) fn text(summary: &RunSummary) -> String {
    // Writing to a string cannot fail, here and below.
    let mut text = format!(
        "**{}** (exit {}): {}\n\n",
        judge::word(summary.verdict),
        summary.exit.code,
        code(&summary.reason)
    );
    let _ = writeln!(
        text,
        "Run {}: {} of {} planned cases have a result: {}.\n",
        code(&summary.name),
        summary.cases.len(),
        summary.planned,
        counts(&summary.verdicts)
    );
    push_comparisons(&mut text, summary);
    push_worst(&mut text, summary);
    push_problems(&mut text, summary);
    text
}

fn push_comparisons(text: &mut String, summary: &RunSummary) {
    text.push_str("| comparison | verdict | cases | worst KL | worst excess |\n");
    text.push_str("|---|---|---|---|---|\n");
    let rows = summary.comparisons.iter().map(|it| {
        let cases = summary.cases.iter();
        let of_this = cases.filter(|case| case.comparison == it.name);
        format!(
            "| {} | {} | {} | {} | {} |\n",
            cell(&it.name),
            judge::word(it.verdict),
            counts(&it.verdicts),
            figure(of_this.filter_map(kl).reduce(f64::max)),
            figure(excess(it))
        )
    });
    push_rows(text, rows.collect());
}

/// In multiples of the floor, by whichever of the distances is furthest; beyond all numbers where the
/// floor is 0 and the distance is not.
fn excess(comparison: &ComparisonSummary) -> Option<f64> {
    let CaseExcess {
        kl, mse, max_abs, ..
    } = comparison.excess.as_ref()?;
    let largest = [kl, mse, max_abs].map(|it| it.max.map_or(f64::INFINITY, Finite::get));
    largest.into_iter().reduce(f64::max)
}

fn case_excess(case: &CaseSummary) -> Option<f64> {
    let worst = &case.worst;
    let known = [worst.excess_kl, worst.excess_mse, worst.excess_max_abs].into_iter();
    known.flatten().map(Finite::get).reduce(f64::max)
}

/// The cases that look worst: what is no parity, then what is furthest.
fn push_worst(text: &mut String, summary: &RunSummary) {
    let mut cases: Vec<_> = summary
        .cases
        .iter()
        .filter(|it| is_worth_a_look(it))
        .collect();
    // Cases that are alike stay in the plan's order.
    cases.sort_by(|a, b| {
        let by_exit = place_of(&a.exit).cmp(&place_of(&b.exit));
        let by_excess = || larger_first(case_excess(a), case_excess(b));
        let by_kl = || larger_first(kl(a), kl(b));
        by_exit.then_with(by_excess).then_with(by_kl)
    });
    if cases.is_empty() {
        return;
    }
    text.push_str("\n### Worst cases\n\n");
    text.push_str("| case | prompt | comparison | verdict | first bad | KL | excess | reason |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    let left = cases.len().saturating_sub(WORST);
    let rows = cases.into_iter().take(WORST).map(|it| {
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            cell(&it.keys.id),
            cell(&format!(
                "{}/{} [{}]",
                it.prompt_set, it.prompt, it.template
            )),
            cell(&it.comparison),
            judge::word(it.verdict),
            it.first_bad.map(place).unwrap_or_default(),
            figure(kl(it)),
            figure(case_excess(it)),
            cell(&it.reason)
        )
    });
    push_rows(text, rows.collect());
    if left > 0 {
        let _ = writeln!(text, "\nand {left} more, see `cases.csv`");
    }
}

fn is_worth_a_look(case: &CaseSummary) -> bool {
    case.exit.code != Exit::Parity.code() || case.worst.kl.is_some_and(|kl| kl.get() > 0.0)
}

fn larger_first(a: Option<f64>, b: Option<f64>) -> Ordering {
    b.unwrap_or(0.0).total_cmp(&a.unwrap_or(0.0))
}

fn kl(case: &CaseSummary) -> Option<f64> {
    case.worst.kl.map(Finite::get)
}

fn place_of(exit: &ExitRecord) -> u8 {
    Exit::of_code(exit.code).map_or(0, Exit::place)
}

fn push_problems(text: &mut String, summary: &RunSummary) {
    if summary.problems.is_empty() {
        return;
    }
    text.push_str("\n### Problems\n\n");
    let rows = summary.problems.iter().map(|it| {
        let word = problem_word(it.kind);
        format!("- {}: {word}: {}\n", code(&it.case), code(&it.detail))
    });
    push_rows(text, rows.collect());
}

/// As many rows as there is room for, and how many more there are.
fn push_rows(text: &mut String, rows: Vec<String>) {
    let mut room = LIST_BYTES;
    let all = rows.len();
    for (number, row) in rows.into_iter().enumerate() {
        let Some(left) = room.checked_sub(row.len()) else {
            let _ = writeln!(text, "\nand {} more, see `summary.json`", all - number);
            return;
        };
        room = left;
        text.push_str(&row);
    }
}

fn counts(verdicts: &[VerdictCount]) -> String {
    if verdicts.is_empty() {
        return "none".to_owned();
    }
    let counts = verdicts
        .iter()
        .map(|it| format!("{} {}", it.cases, judge::word(it.verdict)));
    counts.collect::<Vec<_>>().join(", ")
}

fn figure(value: Option<f64>) -> String {
    value
        .map(|value| format!("{value:.3e}"))
        .unwrap_or_default()
}

/// Text as code, which nothing but backticks could end.
fn code(text: &str) -> String {
    let mut shown = escape_for_terminal(text);
    if let Some((cut, _)) = shown.char_indices().nth(TEXT) {
        shown.truncate(cut);
        shown.push('…');
    }
    if shown.is_empty() {
        return shown;
    }
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // The blank beside a backtick is not shown; nor would be one that the text begins and ends with.
    let is_padded = |c: char| c == '`' || c == ' ';
    let pad = if shown.starts_with(is_padded) || shown.ends_with(is_padded) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{shown}{pad}{fence}")
}

/// The same in a table, which takes the backslash of `\|` away, in code too.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use schemas::run_summary::RunProblemKind;

    use super::*;
    use crate::sweep::tables::testing::{HOSTILE, Merged, hostile, problem};
    use crate::sweep::testing::{Sweep, Told};

    fn of(run: &Merged) -> String {
        text(&run.summary)
    }

    #[test]
    fn the_verdict_comes_first_and_then_what_is_worst() {
        let sweep = Sweep::of(&[Told::Same, Told::DivergedAt(1), Told::Same]);
        let mut run = Merged::without(&sweep, 2);
        run.summary.problems[0].detail = "it has no receipt".to_owned();
        run.summary.cases[1].reason = "position 1: 1 logit has other bits".to_owned();
        run.summary.cases[1].worst.kl = Finite::new(0.0123);
        run.summary.cases[1].worst.excess_mse = Finite::new(40.0);
        let ids: Vec<_> = (0..3).map(|case| sweep.id(case)).collect();
        let suite = "tiny-rust-engine-llama-scalar-exact";
        let expected = format!(
            "**DIVERGED** (exit 1): `1 of 2 cases diverged`\n\n\
             Run `nightly`: 2 of 3 planned cases have a result: 1 DIVERGED.\n\n\
             | comparison | verdict | cases | worst KL | worst excess |\n|---|---|---|---|---|\n\
             | `{suite}` | DIVERGED | 1 DIVERGED | 1.230e-2 |  |\n\n\
             ### Worst cases\n\n\
             | case | prompt | comparison | verdict | first bad | KL | excess | reason |\n\
             |---|---|---|---|---|---|---|---|\n\
             | `{}` | `greetings.jsonl/p00001 [raw]` | `{suite}` | DIVERGED | position 1 | 1.230e-2 \
             | 4.000e1 | `position 1: 1 logit has other bits` |\n\n\
             ### Problems\n\n\
             - `{}`: missing: `it has no receipt`\n",
            ids[1], ids[2]
        );
        assert_eq!(of(&run), expected);
    }

    #[test]
    fn code_cannot_be_left() {
        for (text, expected) in [
            ("", ""),
            ("a b", "`a b`"),
            ("``", "``` `` ```"),
            ("a`b", "``a`b``"),
            (" a ", "`  a  `"),
            ("a|b\\|c", r"`a\|b\\\|c`"),
            ("a\nb\0", r"`a\nb\u{0}`"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    /// What is outside of code is ours.
    #[test]
    fn hostile_text_is_in_code() {
        let mut run = hostile();
        run.summary.reason = HOSTILE.to_owned();
        run.summary.name = HOSTILE.to_owned();
        let text = of(&run);
        let shown = code(HOSTILE);
        assert!(shown.starts_with("```<script>"), "{shown}");
        assert!(text.contains(&shown), "{text}");
        let prompt = |prompt: &str| cell(&format!("greetings.jsonl/{prompt} [raw{HOSTILE}]"));
        let detail = code(&format!("what is wrong: {HOSTILE}"));
        let parts = [
            shown,
            cell(HOSTILE),
            detail,
            prompt("p00000"),
            prompt("p00002"),
        ];
        let rest = parts.iter().fold(text, |rest, part| rest.replace(part, ""));
        assert!(!rest.contains("script") && !rest.contains('@'), "{rest}");
    }

    #[test]
    fn a_long_run_is_a_short_page() {
        let told = vec![Told::DivergedAt(0); 40];
        let mut run = Merged::without(&Sweep::of(&told), 39);
        for case in &mut run.summary.cases {
            case.reason = "\u{e0041}".repeat(5000);
            case.prompt_set = "\u{e0041}|`".repeat(5000);
        }
        for number in 0..2000 {
            run.summary
                .problems
                .push(problem(&format!("{number:016x}"), RunProblemKind::Missing));
        }
        let text = of(&run);
        assert!(text.len() < 60_000, "{} bytes", text.len());
        assert!(text.contains("and 29 more, see `cases.csv`"), "{text}");
        assert!(
            text.trim_end().ends_with("more, see `summary.json`"),
            "{text}"
        );
    }
}
