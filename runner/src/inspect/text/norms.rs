//! The norm weights for people, and what the gate made of them.

use std::fmt::Write as _;

use schemas::norms::{GateMode, GateVerdict, NormGate, NormReport, NormWeight, Severity};
use schemas::number::Finite;

use super::Request;
use crate::exit::Exit;
use crate::text::{escape_for_terminal, escape_path};

/// How many findings are shown: a model that was exported wrongly has one for each of its norms.
const SHOWN_FINDINGS: usize = 20;

/// A line for each weight, then the gate.
pub(super) fn tell(report: &NormReport) -> String {
    let names = report
        .weights
        .iter()
        .map(|weight| weight.name.chars().count());
    let width = names.max().unwrap_or(0).max("Norm weight".len());
    let mut text = format!(
        "{:width$}  type  elements      RMS     mean      min      max  non-finite\n",
        "Norm weight"
    );
    for weight in &report.weights {
        line(&mut text, width, weight);
    }
    if let Some(gate) = &report.gate {
        text.push('\n');
        tell_gate(&mut text, gate, report.weights.len());
    }
    text
}

// Writing to a string cannot fail, here and below.

fn line(text: &mut String, width: usize, weight: &NormWeight) {
    let name = escape_for_terminal(&weight.name);
    let _ = write!(
        text,
        "{name:width$}  {:4}  {:>8}",
        weight.r#type, weight.n_elements
    );
    if let Some(statistics) = &weight.statistics {
        for value in [
            statistics.rms,
            statistics.mean,
            statistics.min,
            statistics.max,
        ] {
            let _ = write!(text, " {:>8}", number(value));
        }
        let _ = write!(text, "  {:>10}", statistics.n_non_finite);
    }
    if let Some(reason) = &weight.unread {
        let _ = write!(text, "  not read: {}", escape_for_terminal(reason));
    }
    text.push('\n');
}

/// Four digits, in the form that shows them.
fn number(value: Option<Finite>) -> String {
    match value.map(Finite::get) {
        None => "-".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(value) if (0.01..10_000.0).contains(&value.abs()) => format!("{value:.4}"),
        Some(value) => format!("{value:.1e}"),
    }
}

fn tell_gate(text: &mut String, gate: &NormGate, n_weights: usize) {
    let mode = match gate.mode {
        GateMode::Auto => "auto",
        GateMode::Strict => "strict",
    };
    let verdict = match gate.verdict {
        GateVerdict::Passed => "PASSED",
        GateVerdict::Failed => "FAILED",
        GateVerdict::Inconclusive => "INCONCLUSIVE",
    };
    let count = |severity| {
        let findings = gate.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let _ = writeln!(
        text,
        "Gate {mode}: {verdict} (norm weights: {n_weights}, failures: {}, warnings: {}; limits {} \
         version {}, family {})",
        count(Severity::Failure),
        count(Severity::Warning),
        escape_for_terminal(&gate.limits_name),
        gate.limits_version,
        gate.family
            .as_deref()
            .map_or("(absent)".to_owned(), escape_for_terminal),
    );
    for finding in gate.findings.iter().take(SHOWN_FINDINGS) {
        let severity = match finding.severity {
            Severity::Failure => "failure",
            Severity::Warning => "warning",
        };
        let tensor = finding.tensor.as_deref().map_or(String::new(), |name| {
            format!(" {}:", escape_for_terminal(name))
        });
        let problem = escape_for_terminal(&finding.problem);
        let _ = writeln!(text, "  {severity}:{tensor} {problem}");
        let _ = writeln!(text, "    basis: {}", escape_for_terminal(&finding.basis));
    }
    let left = gate.findings.len().saturating_sub(SHOWN_FINDINGS);
    if left > 0 {
        let _ = writeln!(text, "  … {left} more (--format json has them)");
    }
}

/// What standard error says of a gate that was not passed.
pub(crate) fn complaint(request: &Request, gate: &NormGate, exit: Exit) -> Option<String> {
    let path = escape_path(&request.model);
    let problem = match (gate.verdict, gate.findings.first()) {
        (GateVerdict::Passed, _) => return None,
        (GateVerdict::Inconclusive, _) => "no norm weight was found, nothing was judged".to_owned(),
        (GateVerdict::Failed, None) => "the norm weights are not right".to_owned(),
        (GateVerdict::Failed, Some(finding)) => {
            let tensor = finding.tensor.as_deref().unwrap_or("norm weights");
            let problem = format!("{tensor}: {}", finding.problem);
            format!(
                "findings about norm weights: {}, the first: {}",
                gate.findings.len(),
                escape_for_terminal(&problem)
            )
        }
    };
    Some(format!(
        "{path}: {problem} (exit {}, {})",
        exit.code(),
        exit.name()
    ))
}
