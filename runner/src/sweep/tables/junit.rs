//! A run as a JUnit file, which test reports of CI services show: a suite for each comparison, a test
//! for each planned case.
//!
//! There is no schema by its authors; this is what Jenkins' has, and nothing that is of a machine or a
//! time. Texts are escaped twice: as for a terminal, since XML has no form for most control characters,
//! and then for XML.

use std::fmt::Write as _;

use schemas::plan::Plan;
use schemas::run_summary::RunSummary;

use super::entry::{self, Entry, Mark, place};
use crate::text::escape_for_terminal;

/// The whole file.
pub(super) fn text(plan: &Plan, summary: &RunSummary) -> String {
    let entries = entry::all(plan, summary);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "<testsuites name=\"{}\"{}>",
        escape(&summary.name),
        counts(&entries)
    );
    for suite in entries.chunk_by(|a, b| a.suite == b.suite) {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\"{} skipped=\"{}\">",
            escape(suite[0].suite),
            counts(suite),
            count(suite, Mark::Skipped)
        );
        for entry in suite {
            push_test(&mut text, entry);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn counts(entries: &[Entry<'_>]) -> String {
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\"",
        entries.len(),
        count(entries, Mark::Failed),
        count(entries, Mark::Error)
    )
}

fn count(entries: &[Entry<'_>], mark: Mark) -> usize {
    entries.iter().filter(|entry| entry.mark == mark).count()
}

fn push_test(text: &mut String, entry: &Entry<'_>) {
    let _ = write!(
        text,
        "    <testcase classname=\"{}\" name=\"{}\"",
        escape(entry.suite),
        escape(&entry.name)
    );
    let element = match entry.mark {
        Mark::Passed => {
            text.push_str("/>\n");
            return;
        }
        Mark::Failed => "failure",
        Mark::Error => "error",
        Mark::Skipped => "skipped",
    };
    let reason = escape(&entry.reason);
    let _ = match entry.mark {
        // Jenkins' schema gives it no attributes.
        Mark::Skipped => write!(text, ">\n      <skipped>{}: {reason}", entry.word),
        _ => write!(
            text,
            ">\n      <{element} type=\"{}\" message=\"{reason}\">{}: {reason}",
            entry.word, entry.word
        ),
    };
    if let Some(first) = entry.first_bad {
        let _ = write!(text, " (first bad: {})", place(first));
    }
    let _ = writeln!(text, "</{element}>\n    </testcase>");
}

/// Text fit for an element and for an attribute in double quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in escape_for_terminal(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Neither a control character nor one that XML has.
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(character));
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use schemas::receipt::Verdict;
    use schemas::run_summary::RunProblemKind;

    use super::*;
    use crate::exit::Exit;
    use crate::sweep::tables::testing::{HOSTILE, Merged, hostile, problem};
    use crate::sweep::testing::{Sweep, Told};

    fn of(run: &Merged) -> String {
        text(&run.run.plan, &run.summary)
    }

    #[test]
    fn each_case_is_a_test_of_its_comparison() {
        let sweep = Sweep::of(&[
            Told::DivergedAt(1),
            Told::Same,
            Told::OtherTokens,
            Told::TimedOut,
        ]);
        let mut run = Merged::without(&sweep, 1);
        run.summary.problems[0].detail = "it has no receipt".to_owned();
        run.summary.cases[0].reason = "position 1: 1 logit has other bits".to_owned();
        run.summary.cases[1].verdict = Verdict::NotReached;
        let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"nightly\" tests=\"4\" failures=\"1\" errors=\"2\">
  <testsuite name=\"tiny-rust-engine-llama-scalar-exact\" tests=\"4\" failures=\"1\" errors=\"2\" skipped=\"1\">
    <testcase classname=\"tiny-rust-engine-llama-scalar-exact\" name=\"greetings.jsonl/p00000 [raw]\">
      <failure type=\"DIVERGED\" message=\"position 1: 1 logit has other bits\">DIVERGED: position 1: 1 logit has other bits (first bad: position 1)</failure>
    </testcase>
    <testcase classname=\"tiny-rust-engine-llama-scalar-exact\" name=\"greetings.jsonl/p00001 [raw]\">
      <error type=\"missing\" message=\"it has no receipt\">missing: it has no receipt</error>
    </testcase>
";
        let text = of(&run);
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("      <skipped>NOT-REACHED: "), "{text}");
        assert!(
            text.contains("      <error type=\"ENGINE-FAILED\" message=\"rust-engine: gave no")
        );
    }

    #[test]
    fn hostile_text_stays_text() {
        let text = of(&hostile());
        assert!(
            text.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&lt;b&gt; | `x`"),
            "{text}"
        );
        assert!(text.contains("]]&gt;"), "{text}");
        assert!(
            text.contains(r"\u{0}\u{1b}[31m\u{fffe}\u{202e} &amp; "),
            "{text}"
        );
        for absent in ["<script", HOSTILE, "\u{fffe}", "\0", "\u{1b}"] {
            assert!(!text.contains(absent), "{absent:?} in {text}");
        }
    }

    /// Whoever looks at tests alone would take such a run for a sound one.
    #[test]
    fn what_no_case_says_is_a_test_of_its_own() {
        let sweep = Sweep::of(&[Told::Same, Told::Same]);
        let mut run = Merged::without(&sweep, 1);
        run.summary.cases.push(run.summary.cases[0].clone());
        run.summary.cases[1].keys = sweep.plan.cases[1].keys.clone();
        run.summary.problems.clear();
        for passes in [true, false] {
            let exit = if passes {
                Exit::Parity
            } else {
                Exit::Inconclusive
            };
            run.summary.comparisons[0].exit = exit.record();
            run.summary.comparisons[0].verdict = Verdict::Inconclusive;
            run.summary.exit = exit.record();
            let text = of(&run);
            assert_eq!(
                text.matches("<testcase").count(),
                if passes { 2 } else { 3 },
                "{text}"
            );
            assert_eq!(
                text.contains("<failure type=\"INCONCLUSIVE\""),
                !passes,
                "{text}"
            );
        }
        run.summary.comparisons[0].exit = Exit::Parity.record();
        run.summary.verdict = Verdict::Diverged;
        let text = of(&run);
        assert!(
            text.contains("name=\"all comparisons together\">\n      <failure type=\"DIVERGED\"")
        );
        run.summary
            .problems
            .push(problem("0123456789abcdef", RunProblemKind::Unplanned));
        let text = of(&run);
        assert!(
            text.contains("<testsuite name=\"run\" tests=\"1\" failures=\"0\" errors=\"1\""),
            "{text}"
        );
        assert!(text.contains("<error type=\"unplanned\""), "{text}");
    }
}
