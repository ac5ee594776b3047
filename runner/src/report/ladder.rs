//! A climb as text: one line a rung, what was found of prompts, the verdict.

use std::fmt::Write as _;
use std::path::Path;

use schemas::ladder::{Ladder, RungRecord};
use schemas::receipt::Verdict;

use super::floor;
use super::text::Detail;
use crate::judge::word;
use crate::ladder;
use crate::text::{escape_for_terminal, path_argument, quote_for_sh};

/// The whole text, for standard output. Commands get the `model` as this machine knows it.
pub fn text(record: &Ladder, model: &Path, detail: Detail) -> String {
    let mut text = String::new();
    if detail != Detail::Quiet {
        for rung in &record.rungs {
            push_rung(&mut text, rung, detail);
            push_symptoms(&mut text, rung, [Path::new(&record.model.label), model]);
        }
    }
    if let (Some(excess), true) = (&record.excess, detail != Detail::Quiet) {
        floor::push_excess(&mut text, excess);
    }
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "{}: {}",
        word(record.verdict),
        escape_for_terminal(&record.reason)
    );
    text
}

fn push_rung(text: &mut String, rung: &RungRecord, detail: Detail) {
    let _ = writeln!(
        text,
        "{:<13} {:<14} {}",
        ladder::word(rung.rung),
        word(rung.verdict),
        escape_for_terminal(&rung.reason)
    );
    for prompt in &rung.prompts {
        let is_sound = matches!(
            prompt.verdict,
            Verdict::BitExact | Verdict::Match | Verdict::Drift
        );
        if is_sound && detail != Detail::Verbose {
            continue;
        }
        let _ = writeln!(
            text,
            "  {:<24} {:<14} {}",
            escape_for_terminal(&prompt.prompt),
            word(prompt.verdict),
            escape_for_terminal(&prompt.reason)
        );
    }
}

fn push_symptoms(text: &mut String, rung: &RungRecord, [label, model]: [&Path; 2]) {
    let word = |path: &Path| format!(" {} ", quote_for_sh(&path_argument(path).to_string_lossy()));
    for symptom in &rung.symptoms {
        let next = format!("{} ", symptom.next_command);
        let next = next.replacen(&word(label), &word(model), 1);
        let _ = writeln!(
            text,
            "  perhaps: {}\n    seen: {}\n    next: {}",
            escape_for_terminal(&symptom.cause),
            escape_for_terminal(&symptom.evidence),
            escape_for_terminal(next.trim_end())
        );
    }
}
