//! Whether a receipt of a comparison that came to no row says nothing but that.

use schemas::receipt::{Receipt, Verdict};

use super::Finding;
use crate::conclusion::is_unstored;
use crate::exit::Exit;
use crate::judge;
use crate::limits::Limits;
use crate::outcome::MISMATCH_ERROR;

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let codes: &[u8] = match receipt.verdict {
        Verdict::Diverged => &[1],
        Verdict::TokenMismatch => &[2],
        Verdict::Refused => &[69],
        Verdict::EngineFailed => &[65, 69, 75],
        Verdict::Inconclusive => &[4, 65],
        Verdict::BitExact
        | Verdict::Match
        | Verdict::Drift
        | Verdict::TieFlip
        | Verdict::NotReached
        | Verdict::Skipped => &[],
    };
    let code = receipt.exit.code;
    if !codes.contains(&code) && !is_unstored(receipt) {
        let word = judge::word(receipt.verdict);
        let problem = format!("is {word} with {code}, and nothing was compared");
        findings.push(Finding::new("verdict", problem));
    }
    if Exit::of_code(code).is_none_or(|exit| exit.record() != receipt.exit) {
        let problem = format!("{code} is not the number of {}", receipt.exit.name);
        findings.push(Finding::new("exit", problem));
    }
    if receipt.status != judge::status(receipt.verdict) {
        findings.push(Finding::new("status", "is not that of the verdict"));
    }
    let has_rows = receipt.floor.is_some()
        || receipt.excess.is_some()
        || receipt.triangulation.is_some()
        || receipt.no_triangulation.is_some()
        || !receipt.warnings.is_empty()
        || !receipt.positions.is_empty()
        || !receipt.per_token_cosine_sim.is_empty()
        || !receipt.per_token_l2_dist.is_empty()
        || receipt.max_absolute_diff.is_some()
        || receipt.first_divergence_token.is_some();
    if has_rows {
        findings.push(Finding::new(
            "positions",
            "are there, and nothing was compared",
        ));
    }
    if receipt.threshold != Limits::of_receipt(receipt).smallest_cosine() {
        findings.push(Finding::new("threshold", "is not that of the limits"));
    }
    check_words(receipt, findings);
}

fn check_words(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let error = match receipt.verdict {
        Verdict::TokenMismatch => {
            let index = receipt.first_diff_idx.unwrap_or_default();
            let begin = format!("the tokens differ at index {index}; nothing was evaluated");
            if !receipt.reason.starts_with(&begin) || receipt.tokens.is_some() {
                let problem = format!("expected `{begin}`, and no agreed tokens");
                findings.push(Finding::new("reason", problem));
            }
            MISMATCH_ERROR
        }
        _ => &receipt.reason,
    };
    if receipt.error.as_deref() != Some(error) && !is_unstored(receipt) {
        findings.push(Finding::new("error", format!("expected `{error}`")));
    }
}
