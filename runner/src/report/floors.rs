//! What `lockstep floor` found, for people.
//!
//! ```text
//! Floor of llama-native on model.gguf: 10 prompts, 1040 rows, each compared with that of the base
//!
//!   kl              median      p90      p99      max  flips
//!   micro-batch-1  1.2e-03  8.8e-03  4.1e-02  1.2e-01      6
//! ```

use schemas::floor::{FloorDistribution, Quantiles};
use schemas::floor_report::{FloorReport, SelfCheck, VariantSummary};

use crate::text::escape_for_terminal;

/// The whole report.
pub fn text(report: &FloorReport) -> String {
    let mut lines = Vec::new();
    if let (Some(reference), Some(model)) = (&report.reference, &report.model) {
        let rows: u64 = report.cases.iter().map(|case| case.rows).sum();
        lines.push(format!(
            "Floor of {} on {}: {} prompts, {rows} rows, each compared with that of the base",
            escape_for_terminal(&reference.name),
            escape_for_terminal(&model.label),
            report.cases.iter().filter(|case| case.rows > 0).count(),
        ));
        let variants = &report.variants;
        lines.extend(table("kl", variants, |it| &it.kl));
        lines.extend(table("mse", variants, |it| &it.mse));
        lines.extend(table("max_abs", variants, |it| &it.max_abs));
        lines.extend(left_out(&report.variants));
    }
    for case in &report.cases {
        if let Some(why) = &case.no_floor {
            let prompt = escape_for_terminal(&case.prompt);
            lines.push(format!("No floor for prompt {prompt}: {why}"));
        }
    }
    if let Some(candidate) = &report.candidate {
        lines.push(String::new());
        let name = escape_for_terminal(&candidate.engine.name);
        lines.push(format!("{name} against itself:"));
        lines.extend(candidate.checks.iter().map(self_check));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn table(
    name: &str,
    variants: &[VariantSummary],
    of: impl Fn(&FloorDistribution) -> &Quantiles,
) -> Vec<String> {
    let width = variants.iter().map(|it| it.variant.name.len());
    let width = width.chain([name.len()]).max().unwrap_or_default();
    let head = format!(
        "  {name:width$}  {:>8}  {:>8}  {:>8}  {:>8}  flips",
        "median", "p90", "p99", "max"
    );
    let mut lines = vec![String::new(), head];
    for summary in variants {
        let Some(distribution) = &summary.distribution else {
            continue;
        };
        let quantiles = of(distribution).ascending();
        let figures = quantiles.map(|it| format!("{:>8}", figure(it)));
        lines.push(format!(
            "  {:width$}  {}  {:>5}",
            summary.variant.name,
            figures.join("  "),
            distribution.flips
        ));
    }
    lines
}

/// Rounding can take a KL of equal distributions below 0.
fn figure(value: f64) -> String {
    if value.abs() < 1e-15 {
        return "0".to_owned();
    }
    format!("{value:.1e}")
}

fn left_out(variants: &[VariantSummary]) -> Vec<String> {
    let left_out = variants.iter().filter_map(|summary| {
        let reason = summary.variant.left_out.as_ref()?;
        let reason = escape_for_terminal(reason);
        Some(format!("  {}: {reason}", summary.variant.name))
    });
    let left_out: Vec<_> = left_out.collect();
    if left_out.is_empty() {
        return left_out;
    }
    let head = [String::new(), "Left out:".to_owned()];
    head.into_iter().chain(left_out).collect()
}

fn self_check(check: &SelfCheck) -> String {
    let SelfCheck {
        name,
        rows,
        differing_rows,
        first,
        failure,
    } = check;
    let line = match first {
        None => format!("  {name}: {rows} rows, equal bits"),
        Some(place) => format!(
            "  {name}: {differing_rows} of {rows} rows differ, the first is position {} of prompt {}",
            place.position,
            escape_for_terminal(&place.prompt)
        ),
    };
    match failure {
        None => line,
        Some(failure) => format!("{line}; {}", escape_for_terminal(failure)),
    }
}
