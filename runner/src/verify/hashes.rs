//! Whether the hashes and sizes of a receipt are those of what it holds.

use schemas::receipt::{EngineRecord, Receipt, Sizes};

use super::Finding;
use crate::seal::{of_tokens, sha256};

/// Whether words have the form of a digest.
pub(super) fn is_digest(words: &str) -> bool {
    let digits = words.strip_prefix("sha256:").unwrap_or_default();
    let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    digits.len() == 64 && digits.bytes().all(is_digit)
}

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let of_these = receipt.tokens.as_deref().map(of_tokens);
    if receipt.tokens_sha256 != of_these {
        let place = "tokens_sha256";
        findings.push(Finding::new(place, "is not that of the tokens"));
    }
    let prompt = &receipt.prompt;
    if prompt.formatted_sha256 != sha256(prompt.formatted.as_bytes()) {
        let place = "prompt.formatted_sha256";
        findings.push(Finding::new(place, "is not that of the formatted prompt"));
    }
    if receipt
        .prompt_set
        .as_ref()
        .is_some_and(|set| !is_digest(&set.sha256))
    {
        findings.push(Finding::new("prompt_set.sha256", "is no digest"));
    }
    if let Some(sizes) = &receipt.sizes {
        check_sizes(sizes, receipt, findings);
    }
}

fn check_sizes(sizes: &Sizes, receipt: &Receipt, findings: &mut Vec<Finding>) {
    let mut problem = |field: &str, problem: String| {
        findings.push(Finding::new(format!("sizes.{field}"), problem));
    };
    let tokens = receipt.tokens.as_deref().unwrap_or_default();
    if sizes.tokens != tokens.len() as u64 {
        let problem_of = format!("is {}, there are {}", sizes.tokens, tokens.len());
        problem("tokens", problem_of);
    }
    let stretches = receipt.greedy.iter().flatten();
    let chosen = stretches.flat_map(|it| it.candidate_ids.iter().chain(&it.reference_ids));
    let largest = tokens
        .iter()
        .chain(chosen)
        .max()
        .copied()
        .map_or(0, u64::from);
    if largest >= sizes.vocabulary {
        let vocabulary = sizes.vocabulary;
        problem(
            "vocabulary",
            format!("is {vocabulary}, there is a token {largest}"),
        );
    }
    let chosen = u64::from(receipt.greedy_steps.saturating_sub(1));
    let needed = sizes.tokens.saturating_add(chosen);
    let had = |engine: &EngineRecord| engine.settings.as_ref().map(|it| it.context);
    // What is noted is the reference's; the candidate may have more room.
    if let Some(had) = had(&receipt.engines.reference).filter(|&had| had != sizes.context) {
        let problem_of = format!("is {}, the reference had {had}", sizes.context);
        problem("context", problem_of);
    }
    if let Some(had) = had(&receipt.engines.candidate).filter(|&had| u64::from(had) < needed) {
        let problem_of = format!("is {}, the candidate had {had}", sizes.context);
        problem("context", problem_of);
    }
    let context = u64::from(sizes.context);
    // A model's context of 0 is one that is not told.
    let model = match sizes.model_context {
        0 => u32::MAX,
        told => told,
    };
    if context < needed || u64::from(model) < needed {
        let problem_of = format!("{needed} tokens are beyond {context}, or that beyond {model}");
        problem("model_context", problem_of);
    }
}
