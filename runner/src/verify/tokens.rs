//! Whether the tokens of a receipt fit each other.

use schemas::receipt::{Receipt, TokensFrom, Verdict};

use super::Finding;

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let tokens = receipt.tokens.as_deref();
    if let Some(all) = receipt.prompt_tokens
        && tokens.is_none_or(|tokens| all <= tokens.len() as u64)
    {
        let problem = format!("is {all}, and so many tokens are there");
        findings.push(Finding::new("prompt_tokens", problem));
    }
    if receipt.tokens_from.is_some() != tokens.is_some() {
        findings.push(Finding::new(
            "tokens_from",
            "is there without tokens, or they without it",
        ));
    }
    let both = receipt
        .rust_tokens
        .as_deref()
        .zip(receipt.cpp_tokens.as_deref());
    let told = [
        receipt.rust_tokens.is_some(),
        receipt.cpp_tokens.is_some(),
        receipt.suggestions.is_some(),
        receipt.first_diff_idx.is_some(),
    ];
    let adopted = receipt.tokens_from == Some(TokensFrom::Reference);
    let is_mismatch = receipt.verdict == Verdict::TokenMismatch || adopted;
    if told != [is_mismatch; 4] {
        let problem = "are told of a mismatch of tokens together, and of nothing else";
        let place = "rust_tokens, cpp_tokens, suggestions, first_diff_idx";
        findings.push(Finding::new(place, problem));
    }
    let Some((rust, cpp)) = both else {
        return;
    };
    let shorter = rust.len().min(cpp.len());
    let first = (0..shorter).find(|&i| rust[i] != cpp[i]);
    let first = first.or((rust.len() != cpp.len()).then_some(shorter));
    let first = first.map(|index| index as u64);
    if first != receipt.first_diff_idx {
        let problem = format!(
            "is {:?}, the tokens differ at {first:?}",
            receipt.first_diff_idx
        );
        findings.push(Finding::new("first_diff_idx", problem));
    }
    let all = receipt
        .prompt_tokens
        .unwrap_or(tokens.map_or(0, <[u32]>::len) as u64);
    if adopted && (!cpp.starts_with(tokens.unwrap_or_default()) || all != cpp.len() as u64) {
        findings.push(Finding::new(
            "tokens",
            "are not the first of the reference's",
        ));
    }
}
