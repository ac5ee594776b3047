//! Whether the rows of a receipt lie in order, and the numbers of each fit the others.

use schemas::receipt::Receipt;
use schemas::row::RowRecord;

use super::{Finding, greedy, identities};

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let tokens = receipt.tokens.as_deref().unwrap_or_default();
    let positions = &receipt.positions;
    // The last rung of a ladder compares greedy steps alone, and they come from all tokens.
    let are_left_out = positions.is_empty() && receipt.rows().next().is_some();
    if positions.len() != tokens.len() && !are_left_out {
        let problem = format!("has {} rows, expected {}", positions.len(), tokens.len());
        findings.push(Finding::new("positions", problem));
    }
    let n_logits = receipt.sizes.as_ref().map(|sizes| sizes.vocabulary);
    if n_logits.is_none() {
        findings.push(Finding::new("sizes", "are missing, and rows were compared"));
    }
    for (index, row) in positions.iter().enumerate() {
        let place = format!("positions[{index}]");
        if row.position != index as u64 || tokens.get(index) != Some(&row.token) {
            let (position, token) = (row.position, row.token);
            let problem = format!("is of position {position} and token {token}");
            findings.push(Finding::new(&place, problem));
        }
        check_row(&place, &row.row, n_logits, findings);
    }
    let stretches = receipt.greedy.as_deref().unwrap_or_default();
    greedy::check(stretches, receipt.greedy_steps, findings);
    for (at, stretch) in stretches.iter().enumerate() {
        for (index, row) in stretch.steps.iter().enumerate() {
            let place = format!("greedy[{at}].steps[{index}]");
            check_row(&place, row, n_logits, findings);
        }
    }
}

fn check_row(place: &str, row: &RowRecord, n_logits: Option<u64>, findings: &mut Vec<Finding>) {
    let problems = identities::broken(row, n_logits);
    let problems = problems.into_iter().map(|it| Finding::new(place, it));
    findings.extend(problems);
}
