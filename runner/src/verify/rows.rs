//! Whether the rows of a receipt lie in order, and the numbers of each fit the others.

use schemas::receipt::Receipt;
use schemas::row::{GreedyRecord, RowRecord};

use super::Finding;
use super::identities;

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let tokens = receipt.tokens.as_deref().unwrap_or_default();
    let positions = &receipt.positions;
    if positions.len() != tokens.len() {
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
    if let Some(greedy) = &receipt.greedy {
        check_greedy(greedy, receipt.greedy_steps, findings);
        for (index, row) in greedy.steps.iter().enumerate() {
            check_row(&format!("greedy.steps[{index}]"), row, n_logits, findings);
        }
    }
}

fn check_row(place: &str, row: &RowRecord, n_logits: Option<u64>, findings: &mut Vec<Finding>) {
    let problems = identities::broken(row, n_logits);
    let problems = problems.into_iter().map(|it| Finding::new(place, it));
    findings.extend(problems);
}

fn check_greedy(greedy: &GreedyRecord, asked: u32, findings: &mut Vec<Finding>) {
    let (candidate, reference) = (&greedy.candidate_ids, &greedy.reference_ids);
    let lengths = [candidate.len(), reference.len()];
    if lengths != [asked as usize; 2] {
        let problem = format!("have {lengths:?} tokens, {asked} were asked for");
        findings.push(Finding::new("greedy.*_ids", problem));
        return;
    }
    let first = (0..candidate.len()).find(|&step| candidate[step] != reference[step]);
    let n_steps = first.map_or(candidate.len(), |first| first + 1);
    let first = first.map(|first| first as u64);
    if greedy.first_difference != first {
        let found = greedy.first_difference;
        let problem = format!("is {found:?}, the tokens differ at {first:?}");
        findings.push(Finding::new("greedy.first_difference", problem));
    }
    if greedy.steps.len() != n_steps {
        let problem = format!("has {} rows, expected {n_steps}", greedy.steps.len());
        findings.push(Finding::new("greedy.steps", problem));
        return;
    }
    for (step, row) in greedy.steps.iter().enumerate() {
        let Some(metrics) = &row.metrics else {
            continue;
        };
        let chosen = [metrics.candidate_top1, metrics.reference_top1];
        let said = [candidate[step], reference[step]];
        if said != chosen {
            let problem = format!("chose {said:?}, its rows choose {chosen:?}");
            findings.push(Finding::new(format!("greedy.steps[{step}]"), problem));
        }
    }
}
