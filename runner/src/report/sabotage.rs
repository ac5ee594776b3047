//! What came of a sabotage as text: a table of faults for each profile, and what they come to.

use std::fmt::Write as _;

use schemas::faults::{Acts, Begins};
use schemas::sabotage::{Sabotage, SabotagedProfile, Trial};

use crate::judge;
use crate::ladder;
use crate::sabotage::word;
use crate::text::escape_for_terminal;

/// The whole text, for standard output.
pub fn text(record: &Sabotage) -> String {
    let mut text = String::new();
    for profile in &record.profiles {
        push_profile(&mut text, profile);
    }
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "{}", escape_for_terminal(&record.reason));
    text
}

fn push_profile(text: &mut String, profile: &SabotagedProfile) {
    let _ = writeln!(
        text,
        "{}: {} against {}\nwithout a fault: {}: {}\n",
        profile.profile.name(),
        escape_for_terminal(&profile.engines.candidate.name),
        escape_for_terminal(&profile.engines.reference.name),
        judge::word(profile.sound.verdict),
        escape_for_terminal(&profile.sound.reason)
    );
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(profile.trials.iter().map(row));
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows.iter().filter(|_| !profile.trials.is_empty()) {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    for warning in &profile.warnings {
        let _ = writeln!(text, "warning: {}", escape_for_terminal(warning));
    }
    text.push('\n');
}

const HEAD: [&str; 6] = [
    "fault",
    "begins",
    "expected at",
    "caught at",
    "verdict",
    "outcome",
];

fn row(trial: &Trial) -> [String; 6] {
    let rungs = |rungs: &[schemas::ladder::LadderRung]| match rungs {
        [] => "-".to_owned(),
        rungs => rungs
            .iter()
            .map(|&it| ladder::word(it))
            .collect::<Vec<_>>()
            .join(" or "),
    };
    let caught_at: Vec<_> = trial.caught_at.into_iter().collect();
    [
        escape_for_terminal(&trial.fault),
        format!("{}, {}", acts(trial.acts), begins(trial.begins)),
        rungs(&trial.expected),
        rungs(&caught_at),
        trial.verdict.map_or("-", judge::word).to_owned(),
        format!(
            "{}: {}",
            word(trial.outcome),
            escape_for_terminal(&explained(trial))
        ),
    ]
}

/// By what it was caught, or how it hides.
fn explained(trial: &Trial) -> String {
    let Some(hidden) = &trial.hidden else {
        return trial.reason.clone();
    };
    let stronger = match (&hidden.strength, hidden.caught_at_strength) {
        (None, _) => "it has no strength".to_owned(),
        (Some(meaning), Some(strength)) => {
            format!("caught at strength {strength} (S = {strength}: {meaning})")
        }
        (Some(meaning), None) => format!("not caught at any strength S ({meaning})"),
    };
    format!("{}; {stronger}", trial.reason)
}

fn acts(acts: Acts) -> &'static str {
    match acts {
        Acts::Tokens => "tokens",
        Acts::Weights => "weights",
        Acts::Forward => "forward",
        Acts::Cache => "cache",
        Acts::Output => "output",
    }
}

fn begins(begins: Begins) -> String {
    match begins {
        Begins::Tokens => "tokens".to_owned(),
        Begins::Position(position) => format!("position {position}"),
        Begins::WindowEnd => "window end".to_owned(),
        Begins::SecondItem => "second item".to_owned(),
        Begins::Step(step) => format!("step {step}"),
        Begins::Answer => "answer".to_owned(),
    }
}
