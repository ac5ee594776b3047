//! An outcome as text: one line a position, the greedy tokens, the verdict.

use std::fmt::Write as _;

use schemas::number::Finite;
use schemas::receipt::{EngineRecord, PromptRecord, Receipt, TemplateElsewhere, Verdict};
use schemas::row::{GreedyStretch, RowRecord};

use super::{floor, triangulation};
use crate::engine::{arithmetic_word, kv_word};
use crate::judge::word;
use crate::text::escape_for_terminal;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The verdict alone.
    Quiet,
    /// Positions, greedy tokens, verdict.
    Normal,
    /// Also who the engines are and how long they took.
    Verbose,
}

impl Detail {
    /// By the flags `--verbose` and `--quiet`, of which there is one at most.
    pub fn of(verbose: bool, quiet: bool) -> Self {
        match (verbose, quiet) {
            (true, _) => Self::Verbose,
            (_, true) => Self::Quiet,
            _ => Self::Normal,
        }
    }
}

/// The whole text, for standard output.
pub fn outcome(receipt: &Receipt, detail: Detail) -> String {
    let mut text = String::new();
    if detail == Detail::Verbose {
        push_engine(&mut text, "candidate", &receipt.engines.candidate);
        push_engine(&mut text, "reference", &receipt.engines.reference);
    }
    if detail != Detail::Quiet {
        push_template(&mut text, &receipt.prompt);
        push_rows(&mut text, receipt, detail);
        floor::push(&mut text, receipt);
        triangulation::push(&mut text, receipt);
    }
    if detail == Detail::Verbose {
        push_times(&mut text, receipt);
    }
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "{}: {}",
        word(receipt.verdict),
        escape_for_terminal(&receipt.reason)
    );
    text
}

/// Both sequences of ids, for `--dump-ids` and `--dump-cpp-ids`.
pub fn ids(receipt: &Receipt, rust: bool, cpp: bool) -> String {
    let mut text = String::new();
    let agreed = receipt.tokens.as_ref();
    let sides = [
        (rust, "Rust", receipt.rust_tokens.as_ref().or(agreed)),
        (cpp, "C++", receipt.cpp_tokens.as_ref().or(agreed)),
    ];
    for (wanted, side, ids) in sides {
        if let (true, Some(ids)) = (wanted, ids) {
            let _ = writeln!(text, "[{side} token IDs]: {ids:?}");
        }
    }
    text
}

fn push_engine(text: &mut String, role: &str, engine: &EngineRecord) {
    let _ = write!(text, "{role}: {}", escape_for_terminal(&engine.name));
    if let Some(version) = &engine.version {
        let _ = write!(text, " {}", escape_for_terminal(version));
    }
    if let Some(build) = &engine.build {
        let simd = escape_for_terminal(&build.simd.join(" "));
        let _ = write!(
            text,
            ", {}, simd {simd}",
            escape_for_terminal(&build.compiler)
        );
        if let Some(library) = &build.library {
            let version = escape_for_terminal(&library.version);
            let _ = write!(text, ", {} ({version})", escape_for_terminal(&library.name));
        }
    }
    if let Some(kernels) = engine.kernels_in_use() {
        let _ = write!(
            text,
            ", kernels {}",
            escape_for_terminal(&kernels.join(" "))
        );
    }
    if let Some(settings) = &engine.settings {
        let _ = write!(
            text,
            ", {} with micro-batch {}, kv {}, context {}",
            arithmetic_word(settings.arithmetic),
            settings.micro_batch,
            kv_word(settings.kv),
            settings.context
        );
    }
    text.push('\n');
}

/// Which template was taken, where the command line leaves that to the model file.
fn push_template(text: &mut String, prompt: &PromptRecord) {
    let chat = prompt.chat_template.as_ref();
    if chat.is_none() && prompt.template_asked == prompt.template {
        return;
    }
    let _ = write!(
        text,
        "template: {} ({}: {}",
        prompt.template,
        escape_for_terminal(&prompt.template_asked),
        chat.map_or_else(
            || "the model file has no chat template".to_owned(),
            |chat| escape_for_terminal(&chat.key)
        )
    );
    if let Some(date) = chat.and_then(|chat| chat.date.as_ref()) {
        let _ = write!(text, ", told that today is {}", escape_for_terminal(date));
    }
    let elsewhere = match (prompt.in_reference_model, chat) {
        (Some(TemplateElsewhere::Different), Some(_)) => "; the reference's file has another",
        (Some(TemplateElsewhere::Different), None) => "; the reference's file has one",
        (Some(TemplateElsewhere::Absent), Some(_)) => "; the reference's file has none",
        _ => "",
    };
    let _ = writeln!(text, "{elsewhere})");
}

fn push_rows(text: &mut String, receipt: &Receipt, detail: Detail) {
    if let Some(all) = receipt.prompt_tokens {
        let _ = writeln!(
            text,
            "evaluated the first {} of {all} tokens",
            receipt.tokens.as_ref().map_or(0, Vec::len)
        );
    }
    for position in &receipt.positions {
        let _ = writeln!(
            text,
            "t={} {}",
            position.position,
            row(&position.row, detail)
        );
    }
    if let Some(first) = receipt.first_divergence_token {
        let _ = writeln!(text, "first divergence at token {first}");
    }
    if let Some(largest) = receipt.max_absolute_diff {
        let _ = writeln!(text, "max absolute difference: {:e}", largest.get());
    }
    for stretch in receipt.greedy.iter().flatten() {
        push_stretch(text, stretch);
    }
}

fn row(row: &RowRecord, detail: Detail) -> String {
    let Some(metrics) = &row.metrics else {
        return format!(
            "{}: {} logits of the candidate and {} of the reference are not finite",
            word(row.verdict),
            row.candidate_non_finite.count,
            row.reference_non_finite.count
        );
    };
    let cosine = match metrics.cosine {
        Some(cosine) => format!("{:.9}", cosine.get()),
        None => "none".to_owned(),
    };
    let mut text = format!(
        "cosine={cosine} l2={:.3e} max_abs={:.3e}",
        metrics.l2.get(),
        metrics.max_abs.get()
    );
    if detail == Detail::Verbose {
        let _ = write!(
            text,
            " mse={:.3e} kl={:.3e} shift={:.3e} top1={}/{} gap={:.3e} differing={}",
            metrics.mse.get(),
            metrics.kl.get(),
            metrics.mean_shift.get(),
            metrics.candidate_top1,
            metrics.reference_top1,
            metrics.reference_top2_gap.map_or(0.0, Finite::get),
            row.differing
        );
    }
    if row.verdict == Verdict::TieFlip {
        let gap = metrics.reference_top2_gap.map_or(0.0, Finite::get);
        let (candidate, reference) = (metrics.candidate_top1, metrics.reference_top1);
        let _ = write!(
            text,
            " {}: token {candidate} instead of {reference}, which leads by {gap:.3e}",
            word(row.verdict)
        );
    }
    if row.verdict == Verdict::Diverged {
        let _ = write!(text, " {}", word(row.verdict));
        if !row.broken.is_empty() {
            let _ = write!(text, " ({})", row.broken.join("; "));
        }
    }
    text
}

fn push_stretch(text: &mut String, stretch: &GreedyStretch) {
    let (rust, cpp) = (&stretch.candidate_ids, &stretch.reference_ids);
    if stretch.first_step > 0 {
        let step = stretch.first_step;
        let _ = writeln!(
            text,
            "greedy: both go on behind the C++ token, from step {step}"
        );
    }
    let _ = writeln!(text, "[Rust generated IDs]: {rust:?}");
    let _ = writeln!(text, "[C++ generated IDs]:  {cpp:?}");
    // The tokens of the last step that was compared.
    let last = stretch.steps.len().saturating_sub(1);
    let _ = match (stretch.first_difference, rust.get(last), cpp.get(last)) {
        (Some(_), Some(rust), Some(cpp)) => writeln!(
            text,
            "greedy: step {} chooses {rust} on the Rust side and {cpp} on the C++ side; \
             what follows has another prefix and is not compared",
            stretch.end().saturating_sub(1)
        ),
        _ => writeln!(
            text,
            "greedy: {} of {0} steps choose the same token",
            stretch.steps.len()
        ),
    };
}

fn push_times(text: &mut String, receipt: &Receipt) {
    let Some(environment) = &receipt.environment else {
        return;
    };
    let n_tokens = receipt.tokens.as_ref().map_or(0, Vec::len);
    for (role, engine) in [
        ("candidate", &environment.candidate),
        ("reference", &environment.reference),
    ] {
        if let Some(ns) = engine.prefill_ns.filter(|&ns| ns > 0) {
            let seconds = ns as f64 / 1e9;
            let rate = n_tokens as f64 / seconds;
            let _ = write!(
                text,
                "{role}: {n_tokens} tokens in {seconds:.3} s, {rate:.1} tokens/s"
            );
            if let Some(threads) = engine.threads {
                let _ = write!(text, " with {threads} threads");
            }
            text.push('\n');
        }
    }
}
