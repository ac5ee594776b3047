//! One fault: whether it can be made, where it is caught, or how it hides.

use schemas::faults::{Acts, Begins, STRONGEST};
use schemas::ladder::LadderRung;
use schemas::receipt::{Profile, Verdict};
use schemas::row::RowRecord;
use schemas::sabotage::{Hidden, Trial, TrialOutcome};

use super::bench::{Bench, Ground};
use super::error::SabotageError;
use super::faults::{CONSTANT_SHIFT, Fault};
use super::hiding;
use crate::exit::Exit;
use crate::ladder::Climbed;

/// One fault, and the exit code of its climb where that failed.
pub(super) struct Tried {
    pub(super) trial: Trial,
    pub(super) failed: Option<Exit>,
}

/// What a climb says of a fault.
enum Seen {
    /// A difference, at this rung.
    At(LadderRung),
    /// None.
    Nothing,
    /// It ended by something else.
    Failed(Exit),
}

/// Tries one fault.
pub(super) fn of(bench: &Bench<'_>, fault: &Fault) -> Result<Tried, SabotageError> {
    let ground = match applicable(bench, fault)? {
        Ok(ground) => ground,
        Err(reason) => return Ok(blank(bench, fault, TrialOutcome::NotApplicable, reason)),
    };
    let sound = bench.sound(ground)?;
    if sound.exit != Exit::Parity {
        let reason = format!("without a fault: {}", sound.ladder.reason);
        return Ok(Tried {
            failed: Some(sound.exit),
            ..blank(bench, fault, TrialOutcome::Failed, reason)
        });
    }
    let climbed = bench.climb_with(ground, fault, 1)?;
    let reason = climbed.ladder.reason.clone();
    let mut tried = match seen(fault, &climbed) {
        Seen::Failed(exit) => Tried {
            failed: Some(exit),
            ..blank(bench, fault, TrialOutcome::Failed, reason)
        },
        Seen::At(rung) => caught(bench, fault, rung, reason),
        Seen::Nothing => unseen(bench, fault, ground, &climbed)?,
    };
    tried.trial.verdict = Some(climbed.ladder.verdict);
    Ok(tried)
}

/// On what it is tried, or why there is nothing that it could change.
fn applicable<'b>(
    bench: &'b Bench<'_>,
    fault: &Fault,
) -> Result<Result<&'b Ground, String>, SabotageError> {
    if fault.is_of_engine() {
        let arithmetic = bench.arithmetic()?;
        if arithmetic.is_some_and(|arithmetic| !fault.acts_in(arithmetic)) {
            let profile = bench.profile().name();
            return Ok(Err(format!(
                "it changes nothing in the arithmetic of {profile}"
            )));
        }
        if let Some(objection) = bench.objection(fault)? {
            return Ok(Err(objection));
        }
    }
    if fault.begins != Begins::WindowEnd {
        return Ok(Ok(bench.usual()));
    }
    let reason = "the model's window is too long for a prompt that outruns it";
    Ok(bench.window().ok_or_else(|| reason.to_owned()))
}

/// A crash proves nothing of numbers; of an answer that is not what was asked for it is the proof.
fn seen(fault: &Fault, climbed: &Climbed) -> Seen {
    let mut rungs = climbed.ladder.rungs.iter();
    let last = rungs.rfind(|it| !matches!(it.verdict, Verdict::NotReached | Verdict::Skipped));
    let verdict = climbed.ladder.verdict;
    match (climbed.exit, last) {
        (Exit::Parity, _) => Seen::Nothing,
        (Exit::Diverged | Exit::TokensDiffer, Some(last)) => Seen::At(last.rung),
        (Exit::BadInput, Some(last))
            if verdict == Verdict::EngineFailed && fault.acts == Acts::Output =>
        {
            Seen::At(last.rung)
        }
        (exit, _) => Seen::Failed(exit),
    }
}

/// In `exact` every bit counts, so it is seen at once. Elsewhere a rung may let it through that has
/// less to see it by, and a later one not.
fn caught(bench: &Bench<'_>, fault: &Fault, rung: LadderRung, reason: String) -> Tried {
    let expected = fault.expected(bench.profile());
    let is_late = expected.iter().all(|&it| rung > it);
    let is_there = expected.contains(&rung)
        || is_late && !expected.is_empty() && bench.profile() != Profile::Exact;
    let outcome = if is_there {
        TrialOutcome::Caught
    } else {
        TrialOutcome::Slipped
    };
    let mut tried = blank(bench, fault, outcome, reason);
    tried.trial.caught_at = Some(rung);
    tried
}

/// All rungs hold.
fn unseen(
    bench: &Bench<'_>,
    fault: &Fault,
    ground: &Ground,
    climbed: &Climbed,
) -> Result<Tried, SabotageError> {
    let slipped = |reason: &str| blank(bench, fault, TrialOutcome::Slipped, reason.to_owned());
    if rows(climbed).eq(rows(bench.sound(ground)?)) {
        return Ok(slipped(
            "every figure is that of the engine without a fault",
        ));
    }
    if bench.profile() == Profile::Exact {
        return Ok(slipped("all rungs hold"));
    }
    if fault.name == CONSTANT_SHIFT {
        // It is made in the file of positions alone.
        let pairs = positions(climbed).zip(positions(bench.sound(ground)?));
        return Ok(match hiding::smallest_shift(pairs) {
            Some(shift) if shift >= hiding::LEAST_SHIFT => {
                let reason = format!("each row's mean_shift grows by {shift:.3} or more");
                blank(bench, fault, TrialOutcome::Reported, reason)
            }
            _ => slipped("mean_shift does not show it"),
        });
    }
    let receipts = climbed.outcomes.iter().map(|outcome| &outcome.receipt);
    let Some(hiding) = hiding::of(receipts) else {
        return Ok(slipped("no limit has a share to show it by"));
    };
    let caught_at_strength = strong_enough(bench, fault, ground)?;
    let mut tried = blank(
        bench,
        fault,
        TrialOutcome::Hidden,
        format!("it uses up {hiding}"),
    );
    tried.trial.hidden = Some(Hidden {
        share: Some(hiding.share),
        metric: Some(hiding.metric),
        caught_at_strength,
        strength: fault.strength.clone(),
    });
    Ok(tried)
}

fn rows(climbed: &Climbed) -> impl Iterator<Item = &RowRecord> {
    climbed.outcomes.iter().flat_map(|it| it.receipt.rows())
}

fn positions(climbed: &Climbed) -> impl Iterator<Item = &RowRecord> {
    let receipts = climbed.outcomes.iter().map(|outcome| &outcome.receipt);
    let positions = receipts.flat_map(|receipt| &receipt.positions);
    positions.map(|position| &position.row)
}

/// Twice as strong each time, until it is caught.
fn strong_enough(
    bench: &Bench<'_>,
    fault: &Fault,
    ground: &Ground,
) -> Result<Option<u32>, SabotageError> {
    if fault.strength.is_none() {
        return Ok(None);
    }
    let mut strength = 2;
    while strength <= STRONGEST {
        let climbed = bench.climb_with(ground, fault, strength)?;
        match seen(fault, &climbed) {
            Seen::At(_) => return Ok(Some(strength)),
            Seen::Failed(_) => return Ok(None),
            Seen::Nothing => strength *= 2,
        }
    }
    Ok(None)
}

fn blank(bench: &Bench<'_>, fault: &Fault, outcome: TrialOutcome, reason: String) -> Tried {
    Tried {
        trial: Trial {
            fault: fault.name.clone(),
            does: fault.does.clone(),
            acts: fault.acts,
            begins: fault.begins,
            expected: fault.expected(bench.profile()),
            outcome,
            caught_at: None,
            verdict: None,
            reason,
            hidden: None,
        },
        failed: None,
    }
}
