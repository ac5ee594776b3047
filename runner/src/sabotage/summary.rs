//! What all trials of a profile come to.

use schemas::sabotage::{Trial, TrialOutcome};

use super::trial::Tried;
use crate::exit::Exit;
use crate::ladder::Climbed;

/// Fewer faults than this say little of an installation.
const ENOUGH: usize = 30;

/// What all trials of a profile come to.
pub(super) struct Summary {
    pub(super) exit: Exit,
    pub(super) reason: String,
}

/// One fault that slips through outweighs all that are caught.
pub(super) fn of(sound: &Climbed, tried: &[Tried]) -> Summary {
    if sound.exit != Exit::Parity {
        let reason = &sound.ladder.reason;
        return Summary {
            exit: sound.exit,
            reason: format!("nothing is proved, for without a fault: {reason}"),
        };
    }
    let of = |outcome| {
        let trials = tried.iter().map(|tried| &tried.trial);
        let names = trials.filter(move |it| it.outcome == outcome);
        names.map(|trial| trial.fault.as_str()).collect::<Vec<_>>()
    };
    let (slipped, failed) = (of(TrialOutcome::Slipped), of(TrialOutcome::Failed));
    let (hidden, reported) = (of(TrialOutcome::Hidden), of(TrialOutcome::Reported));
    let n_caught = of(TrialOutcome::Caught).len();
    let n_tried = tried.len() - of(TrialOutcome::NotApplicable).len();
    if !slipped.is_empty() {
        return Summary {
            exit: Exit::Diverged,
            reason: format!(
                "{} of {n_tried} faults slipped through: {}",
                slipped.len(),
                slipped.join(", ")
            ),
        };
    }
    if !failed.is_empty() {
        return Summary {
            exit: Exit::of_all(tried.iter().filter_map(|tried| tried.failed)),
            reason: format!(
                "{} of {n_tried} faults could not be tried: {}",
                failed.len(),
                failed.join(", ")
            ),
        };
    }
    if n_tried == 0 {
        return Summary {
            exit: Exit::Inconclusive,
            reason: "no fault could be made".to_owned(),
        };
    }
    let mut reason = format!("{n_caught} of {n_tried} faults are caught");
    for (names, what) in [(hidden, "hide in the limits"), (reported, "are reported")] {
        if !names.is_empty() {
            reason = format!("{reason}, {} {what}", names.len());
        }
    }
    Summary {
        exit: Exit::Parity,
        reason,
    }
}

/// What is odd and changes no outcome.
pub(super) fn warnings(trials: &[Trial]) -> Vec<String> {
    let applies = |trial: &&Trial| trial.outcome != TrialOutcome::NotApplicable;
    let n_tried = trials.iter().filter(applies).count();
    if trials.is_empty() || n_tried >= ENOUGH {
        return Vec::new();
    }
    vec![format!(
        "{n_tried} of {} faults can be made with this model, and fewer than {ENOUGH} say little",
        trials.len()
    )]
}
