//! Whether the greedy stretches of a receipt follow each other, and their tokens are those of their
//! rows.

use schemas::row::GreedyStretch;

use super::Finding;
use crate::rows::ends_in_a_tie;

pub(super) fn check(stretches: &[GreedyStretch], asked: u32, findings: &mut Vec<Finding>) {
    if stretches.is_empty() && asked > 0 {
        let problem = format!("is empty, {asked} steps were asked for");
        findings.push(Finding::new("greedy", problem));
    }
    let mut before: Option<&GreedyStretch> = None;
    for (index, stretch) in stretches.iter().enumerate() {
        let place = format!("greedy[{index}]");
        let expected = before.map_or(0, GreedyStretch::end);
        if stretch.first_step != expected {
            let problem = format!("is {}, expected {expected}", stretch.first_step);
            findings.push(Finding::new(format!("{place}.first_step"), problem));
        }
        if before.is_some_and(|before| !ends_in_a_tie(before)) {
            let problem = "goes on behind a step that is no TIE-FLIP";
            findings.push(Finding::new(&place, problem));
        }
        check_stretch(&place, stretch, asked, findings);
        before = Some(stretch);
    }
}

fn check_stretch(place: &str, stretch: &GreedyStretch, asked: u32, findings: &mut Vec<Finding>) {
    let (candidate, reference) = (&stretch.candidate_ids, &stretch.reference_ids);
    let lengths = [candidate, reference].map(|ids| ids.len() as u64);
    let left = u64::from(asked).saturating_sub(stretch.first_step);
    if lengths != [left; 2] || left == 0 {
        let problem = format!("have {lengths:?} tokens, {left} of {asked} steps were left");
        findings.push(Finding::new(format!("{place}.*_ids"), problem));
        return;
    }
    let first = (0..candidate.len()).find(|&step| candidate[step] != reference[step]);
    let n_steps = first.map_or(candidate.len(), |first| first + 1);
    let first = first.map(|first| first as u64);
    if stretch.first_difference != first {
        let found = stretch.first_difference;
        let problem = format!("is {found:?}, the tokens differ at {first:?}");
        findings.push(Finding::new(format!("{place}.first_difference"), problem));
    }
    if stretch.steps.len() != n_steps {
        let problem = format!("has {} rows, expected {n_steps}", stretch.steps.len());
        findings.push(Finding::new(format!("{place}.steps"), problem));
        return;
    }
    for (step, row) in stretch.steps.iter().enumerate() {
        let Some(metrics) = &row.metrics else {
            continue;
        };
        let chosen = [metrics.candidate_top1, metrics.reference_top1];
        let said = [candidate[step], reference[step]];
        if said != chosen {
            let problem = format!("chose {said:?}, its rows choose {chosen:?}");
            findings.push(Finding::new(format!("{place}.steps[{step}]"), problem));
        }
    }
}
