//! A run as workflow commands of GitHub, which shows them beside a job.
//!
//! ```text
//! ::error title=TITLE::MESSAGE
//! ```
//! Of each kind a step shows ten. Errors tell of what is wrong, warnings of what is not known.

use std::fmt::Write as _;

use schemas::plan::Plan;
use schemas::run_summary::RunSummary;

use super::entry::{self, Entry, Mark, place};
use crate::text::escape_for_terminal;

/// So many of a kind are shown.
const SHOWN: usize = 10;

/// The commands, one a line; none where all has passed.
pub fn github(summary: &RunSummary, plan: &Plan) -> String {
    let mut failing = entry::all(plan, summary);
    failing.retain(|entry| matches!(entry.mark, Mark::Failed | Mark::Error));
    let (unknown, wrong): (Vec<_>, Vec<_>) = failing.into_iter().partition(|it| it.is_unknown);
    let mut text = String::new();
    for (command, entries) in [("error", &wrong), ("warning", &unknown)] {
        for entry in entries.iter().take(SHOWN) {
            push(&mut text, command, entry);
        }
    }
    let left = [wrong, unknown].map(|entries| entries.len().saturating_sub(SHOWN));
    if left != [0, 0] {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "::notice title=lockstep::{} more errors and {} more warnings are in junit.xml",
            left[0], left[1]
        );
    }
    text
}

fn push(text: &mut String, command: &str, entry: &Entry<'_>) {
    let title = format!("{}: {}: {}", entry.word, entry.suite, entry.name);
    let mut message = entry.reason.clone();
    if let Some(first) = entry.first_bad {
        let _ = write!(message, " (first bad: {})", place(first));
    }
    let _ = writeln!(
        text,
        "::{command} title={}::{}",
        property(&title),
        data(&message)
    );
}

/// The text behind a command. Line ends, which would begin another command, are gone before.
fn data(text: &str) -> String {
    escape_for_terminal(text).replace('%', "%25")
}

/// A value among others.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use schemas::run_summary::RunProblemKind;

    use super::*;
    use crate::sweep::tables::testing::{Merged, hostile};
    use crate::sweep::testing::{Sweep, Told};

    #[test]
    fn what_is_wrong_is_an_error_and_what_is_unknown_a_warning() {
        let sweep = Sweep::of(&[Told::DivergedAt(1), Told::Same, Told::TimedOut]);
        let mut run = Merged::without(&sweep, 1);
        run.summary.problems[0].detail = "it has no receipt".to_owned();
        run.summary.cases[0].reason = "100% wrong, see: 1".to_owned();
        let suite = "tiny-rust-engine-llama-scalar-exact";
        assert_eq!(
            github(&run.summary, &run.run.plan),
            format!(
                "::error title=DIVERGED%3A {suite}%3A greetings.jsonl/p00000 [raw]::100%25 wrong, \
                 see: 1 (first bad: position 1)\n\
                 ::warning title=missing%3A {suite}%3A greetings.jsonl/p00001 [raw]::it has no \
                 receipt\n\
                 ::warning title=ENGINE-FAILED%3A {suite}%3A greetings.jsonl/p00002 \
                 [raw]::rust-engine: gave no answer for 600 s\n"
            )
        );
        run.summary.problems[0].kind = RunProblemKind::Unsound;
        let text = github(&run.summary, &run.run.plan);
        assert!(text.contains("::error title=unsound%3A "), "{text}");
    }

    #[test]
    fn ten_of_a_kind_are_shown_and_the_others_counted() {
        let mut told = vec![Told::DivergedAt(0); 13];
        told.push(Told::Same);
        let run = Merged::without(&Sweep::of(&told), 13);
        let text = github(&run.summary, &run.run.plan);
        let lines = |command: &str| {
            text.lines()
                .filter(|line| line.starts_with(command))
                .count()
        };
        assert_eq!(
            [lines("::error "), lines("::warning "), lines("::notice ")],
            [10, 1, 1]
        );
        assert!(
            text.ends_with("::3 more errors and 0 more warnings are in junit.xml\n"),
            "{text}"
        );
    }

    #[test]
    fn hostile_text_is_no_command() {
        let run = hostile();
        let text = github(&run.summary, &run.run.plan);
        assert_eq!(text.lines().count(), 2);
        for line in text.lines() {
            let rest = line
                .strip_prefix("::error title=")
                .or(line.strip_prefix("::warning title="));
            let (title, message) = rest
                .and_then(|rest| rest.split_once("::"))
                .expect("a command");
            assert!(!title.contains([':', ',']), "{title}");
            assert!(
                title.contains("%253A") || title.contains("%250A"),
                "{title}"
            );
            assert!(
                !message.contains(char::is_control) && message.contains("%250A"),
                "{message}"
            );
        }
    }
}
