//! Proves that an installation notices faults: an engine makes one fault at a time, on purpose, and
//! climbs the ladder against a sound reference. Each fault has to be caught, at the rung expected.
//!
//! In reading order: `faults` (what can be wrong, and at which rung it must be seen), `prompts` (on
//! what), `bench` (the climbs of one profile, the one without a fault first), `trial` (one fault),
//! `hiding` (how well a fault hides in limits), `summary` (what all of it comes to).

mod bench;
mod error;
mod faults;
mod hiding;
mod prompts;
mod summary;
mod trial;

use schemas::receipt::Profile;
use schemas::sabotage::{Sabotage, TrialOutcome};
use schemas::tag::Tag;

pub use error::SabotageError;
pub use faults::{FAULTY_ENGINE, MADE_BY};

use crate::engine::{Catalogue, Client, Places};
use crate::exit::Exit;
use crate::model_file;
use crate::request::Request;
use bench::Bench;
use faults::{Fault, faulty_engine};
use prompts::Prompts;
use summary::Summary;

/// What is asked for.
pub struct Asked {
    /// One for each profile, in the order in which they are tried; the candidate is
    /// [`FAULTY_ENGINE`].
    pub requests: Vec<Request>,
}

/// Greedy steps of each climb: faults of decoding begin at the first or second.
pub const GREEDY_STEPS: u32 = 4;

/// Tries every fault in every profile that was asked for. `progress` is told what is being tried.
pub fn run(
    asked: &Asked,
    catalogue: &Catalogue,
    places: &Places,
    progress: &dyn Fn(&str),
) -> Result<Sabotage, SabotageError> {
    let engine = faulty_engine(catalogue, places)?;
    let first = asked.requests.first().ok_or(SabotageError::NoProfile)?;
    let list = Client::new(&engine, first.supervision.clone()).faults()?;
    let faults = Fault::all(list);
    let prompts = Prompts::of(&model_file::read_header(&first.model)?);
    let mut profiles = Vec::new();
    let mut summaries = Vec::new();
    for request in &asked.requests {
        let bench = Bench::new(request, catalogue, &engine, &prompts);
        let (tried, summary) = bench.try_all(&faults, progress)?;
        profiles.push(tried);
        summaries.push(summary);
    }
    let exit = Exit::of_all(summaries.iter().map(|summary| summary.exit));
    let reasons = profiles.iter().zip(&summaries);
    let reasons = reasons
        .map(|(tried, Summary { reason, .. })| format!("{}: {reason}", tried.profile.name()));
    Ok(Sabotage {
        schema: Tag::new(),
        exit: exit.record(),
        reason: reasons.collect::<Vec<_>>().join("; "),
        model: model_file::identity(&first.model).map_err(SabotageError::Hash)?,
        profiles,
    })
}

/// The word for an outcome, as in JSON.
pub fn word(outcome: TrialOutcome) -> &'static str {
    match outcome {
        TrialOutcome::Caught => "caught",
        TrialOutcome::Hidden => "hidden",
        TrialOutcome::Reported => "reported",
        TrialOutcome::Slipped => "slipped",
        TrialOutcome::Failed => "failed",
        TrialOutcome::NotApplicable => "not-applicable",
    }
}

/// All profiles, in the order in which they are tried.
pub const PROFILES: [Profile; 3] = [Profile::Exact, Profile::F32, Profile::Production];
