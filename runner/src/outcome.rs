//! What came of a comparison, and its record.

use std::path::Path;
use std::time::Instant;

use schemas::environment::Environment;
use schemas::receipt::{Receipt, Verdict};
use schemas::worst_rows::WorstRows;

use crate::case::{Case, Known};
use crate::compare::{Evaluations, FailingRow};
use crate::conclusion::Conclusion;
use crate::engine::{EngineFault, FaultKind};
use crate::exit::Exit;
use crate::gate::{self, AgreedTokens, Mismatch, NotAdopted};
use crate::judge;
use crate::reason;
use crate::record::{self, Identities};
use crate::run::Run;
use crate::seal::seal;
use crate::text::{path_argument, quote_for_sh};

/// The error of a token mismatch, in the words of older documents.
pub const MISMATCH_ERROR: &str = "Token Sequence Mismatch";

/// What ended a comparison before there were rows.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The tokens differ, and nothing was evaluated; why not on the reference's, if that was asked.
    Mismatch(Option<NotAdopted>),
    /// An engine cannot do this.
    Refused(String),
    /// There is nothing to compare.
    Nothing(String),
    /// A floor is required, and there is none.
    NoFloor(String),
    /// The rows have different lengths.
    Shapes(String),
    /// An engine contradicts itself.
    Inconsistent(String),
    /// An engine failed.
    Failed(EngineFault),
    /// A file or folder cannot be used.
    Unusable(Unusable),
}

/// A file or folder that cannot be used.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// What it is for and what is wrong with it. It has no path: receipts are the same everywhere.
    pub reason: String,
    /// The same with its path, for people.
    pub detail: String,
}

impl Ending {
    /// The user stopped it.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Failed(fault) if matches!(*fault.kind, FaultKind::Interrupted))
    }

    /// An engine failed in a way that another try may not: nothing that lasts follows from it.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Failed(fault) if fault.exit() == Exit::Retryable)
    }

    /// Of a failure all that is known, for people: last words and paths are in no receipt.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Failed(fault) => Some(fault.to_string()),
            Self::Unusable(unusable) => Some(unusable.detail.clone()),
            _ => None,
        }
    }
}

/// What came of a comparison.
pub struct Outcome {
    /// The exit code.
    pub exit: Exit,
    /// The record, its environment included.
    pub receipt: Receipt,
    /// On a failure: all that is known of it, for people.
    pub fault: Option<String>,
    /// The user stopped it: nothing is stored.
    pub interrupted: bool,
    /// The files of logits, to be kept or dropped.
    pub evaluations: Option<Evaluations>,
    /// Where there are none: both engines' logits of the first row that diverged.
    pub failing: Option<FailingRow>,
    /// What both find most likely at the worst rows, where that is kept.
    pub worst: Option<WorstRows>,
}

impl Outcome {
    /// Puts the record together.
    pub fn new(
        run: &Run<'_>,
        known: &Known,
        case: Case,
        identities: &Identities,
        started: Instant,
    ) -> Self {
        let adopted = case.tokens.as_ref().and_then(AgreedTokens::adopted);
        let adopted = adopted.map(|index| index as u64);
        let Conclusion {
            verdict,
            exit,
            reason,
        } = match (&case.ended, &case.rows) {
            (Some(ending), _) => without_rows(case.mismatch.as_ref(), ending),
            (None, Some(rows)) => Conclusion::of(rows, &run.terms(&case), adopted),
            (None, None) => without_rows(None, &nothing()),
        };
        let mut receipt = record::receipt(run, known, &case, identities, verdict, exit);
        receipt.reason = reason;
        let environment = record::environment(run, identities, &case, started);
        if exit == Exit::Parity && is_one_program(&environment) {
            receipt.reason.push_str(reason::SAME_PROGRAM);
        }
        receipt.environment = Some(environment);
        let fault = case.ended.as_ref().and_then(Ending::detail);
        if let Some(mismatch) = &case.mismatch {
            // The receipt is the same wherever the model lies.
            let label = path_argument(Path::new(&receipt.model.label));
            let label = quote_for_sh(&label.to_string_lossy());
            let suggestions = gate::suggestions(mismatch, &case.plan.evidence, &label);
            add_mismatch(&mut receipt, mismatch, suggestions);
        }
        if matches!(case.ended, Some(Ending::Mismatch(_))) {
            receipt.error = Some(MISMATCH_ERROR.to_owned());
        } else if exit != Exit::Parity && case.rows.is_none() {
            receipt.error = Some(receipt.reason.clone());
        }
        seal(&mut receipt);
        Self {
            exit,
            receipt,
            fault,
            interrupted: case.ended.as_ref().is_some_and(Ending::is_interrupted),
            evaluations: case.evaluations,
            failing: case.failing,
            worst: case.worst,
        }
    }
}

impl Outcome {
    /// The verdict stands and is shown, but whoever relies on the stored files must notice.
    pub fn was_not_stored(&mut self, problem: &str) {
        self.exit = Exit::Internal;
        self.receipt.exit = self.exit.record();
        self.receipt.error = Some(problem.to_owned());
        seal(&mut self.receipt);
        let fault = self.fault.iter().map(String::as_str).chain([problem]);
        self.fault = Some(fault.collect::<Vec<_>>().join("\nlockstep: "));
    }
}

/// Whether both engines are one program, under whatever names. An interpreter is told from what it
/// runs by its arguments.
fn is_one_program(environment: &Environment) -> bool {
    let Environment {
        candidate,
        reference,
        ..
    } = environment;
    let same_arguments = candidate.command.get(1..) == reference.command.get(1..);
    let same_bytes =
        candidate.binary_sha256.is_some() && candidate.binary_sha256 == reference.binary_sha256;
    candidate.command == reference.command || (same_arguments && same_bytes)
}

/// A prompt that no stage came to.
fn nothing() -> Ending {
    Ending::Nothing("nothing was compared".to_owned())
}

/// The sentence where nothing was compared, in words that are the same on every machine.
pub(crate) fn reason(mismatch: Option<&Mismatch>, ending: &Ending) -> String {
    match ending {
        Ending::Mismatch(not_adopted) => {
            let index = mismatch.map_or(0, |m| m.first_difference);
            let why = not_adopted.map_or(String::new(), |problem| format!(": {problem}"));
            format!("the tokens differ at index {index}; nothing was evaluated{why}")
        }
        Ending::Refused(reason)
        | Ending::Nothing(reason)
        | Ending::Shapes(reason)
        | Ending::Inconsistent(reason) => reason.clone(),
        Ending::NoFloor(why) => format!("there is no floor: {why}"),
        Ending::Unusable(unusable) => unusable.reason.clone(),
        Ending::Failed(fault) => format!("{}: {}", fault.engine, fault.kind),
    }
}

/// What an ending before any row comes to.
pub(crate) fn without_rows(mismatch: Option<&Mismatch>, ending: &Ending) -> Conclusion {
    let (verdict, failure_exit) = match ending {
        Ending::Mismatch(_) => (Verdict::TokenMismatch, None),
        Ending::Refused(_) => (Verdict::Refused, None),
        Ending::Shapes(_) => (Verdict::Diverged, None),
        Ending::Inconsistent(_) => (Verdict::EngineFailed, Some(Exit::BadInput)),
        Ending::Failed(fault) => (Verdict::EngineFailed, Some(fault.exit())),
        Ending::Nothing(_) | Ending::NoFloor(_) | Ending::Unusable(_) => {
            (Verdict::Inconclusive, None)
        }
    };
    Conclusion {
        verdict,
        exit: match ending {
            Ending::Unusable(_) => Exit::BadInput,
            _ => judge::exit(verdict, failure_exit),
        },
        reason: reason(mismatch, ending),
    }
}

fn add_mismatch(receipt: &mut Receipt, mismatch: &Mismatch, suggestions: Vec<String>) {
    receipt.rust_tokens = Some(mismatch.candidate.ids.clone());
    receipt.cpp_tokens = Some(mismatch.reference.ids.clone());
    receipt.first_diff_idx = Some(mismatch.first_difference as u64);
    receipt.suggestions = Some(suggestions);
}
