//! Greedy steps that are bad though the positions before them are right.

use schemas::symptom::{Pattern, Symptom};

use super::seen::SeenCase;
use super::size;
use super::subject::Subject;

/// Nothing of a case whose positions are bad already: they say more.
pub(super) fn find(case: &SeenCase, subject: &Subject) -> Vec<Symptom> {
    let Some(step) = case.steps.iter().position(|row| row.is_bad) else {
        return Vec::new();
    };
    if case.positions.iter().any(|row| row.is_bad) {
        return Vec::new();
    }
    let mut found: Vec<Symptom> = size::not_finite(&case.steps, subject).into_iter().collect();
    let [candidate, reference] = [0, 1].map(|side| case.chosen[side].get(step).copied());
    let chosen = match (candidate, reference) {
        (Some(ours), Some(theirs)) => {
            format!("it chooses token {ours}, the reference {theirs}")
        }
        _ => "what it chooses is not known".to_owned(),
    };
    let n = case.positions.len();
    match (step, n) {
        // It is the last position's row, and whether that is right was not looked at.
        (0, 0) => {}
        (0, _) => found.push(Symptom {
            pattern: Pattern::FirstStep,
            cause: "the first step is chosen from the last position's row, which was right: \
                another row is taken (the one after a micro-batch, or of the wanted outputs), \
                or it is computed again and otherwise"
                .to_owned(),
            evidence: format!("{n} positions are right, step 0 is not; {chosen}"),
            next_command: subject.per_token(&["--max-tokens", "1", "--dump-ids", "--dump-cpp-ids"]),
        }),
        _ => found.push(Symptom {
            pattern: Pattern::LaterStep,
            cause: "tokens that are evaluated alone: the cache's update, the position that a new \
                token gets, or a kernel for one row that is not that for many"
                .to_owned(),
            evidence: match n {
                0 => format!("the steps before {step} are right, step {step} is not; {chosen}"),
                _ => format!(
                    "{n} positions and the steps before {step} are right, step {step} is not; {chosen}"
                ),
            },
            next_command: subject.per_token(&["--micro-batch", "1"]),
        }),
    }
    if candidate.is_some() && candidate == reference {
        found.push(Symptom {
            pattern: Pattern::SameTokenOtherRow,
            cause: "the same text comes out for now: not sampling, but the numbers under it"
                .to_owned(),
            evidence: format!(
                "step {step} chooses the reference's token from a row with {} other numbers",
                case.steps[step].differing
            ),
            next_command: subject.per_token(&["--max-tokens", "32"]),
        });
    }
    found
}
