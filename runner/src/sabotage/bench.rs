//! All climbs of one profile: first the engine without a fault, then one for each fault.
//!
//! The reference answers each question once: what it said is remembered, for it is the same engine
//! with the same model throughout.

use std::cell::OnceCell;

use schemas::describe::Arithmetic;
use schemas::receipt::Profile;
use schemas::sabotage::{SabotagedProfile, SoundRun, Trial};

use super::error::SabotageError;
use super::faults::Fault;
use super::prompts::Prompts;
use super::summary::{self, Summary};
use super::trial;
use crate::engine::{Catalogue, Client, EngineSpec};
use crate::exit::Exit;
use crate::ladder::{self, Climbed};
use crate::request::{AskedCase, Request};
use crate::run::Run;
use crate::sitting::Memory;

/// What climbs need.
pub(super) struct Bench<'a> {
    catalogue: &'a Catalogue,
    engine: &'a EngineSpec,
    memory: Memory,
    usual: Ground,
    window: Option<Ground>,
}

/// Prompts to climb on, and what the sound engine does there.
pub(super) struct Ground {
    request: Request,
    cases: Vec<AskedCase>,
    sound: OnceCell<Climbed>,
}

impl Ground {
    fn new(request: Request, cases: Vec<AskedCase>) -> Self {
        Self {
            request,
            cases,
            sound: OnceCell::new(),
        }
    }
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        request: &Request,
        catalogue: &'a Catalogue,
        engine: &'a EngineSpec,
        prompts: &Prompts,
    ) -> Self {
        let window = prompts.window.as_ref().map(|window| {
            let request = Request {
                max_positions: Some(window.positions),
                ..request.clone()
            };
            Ground::new(request, vec![window.case.clone()])
        });
        Self {
            catalogue,
            engine,
            memory: Memory::default(),
            usual: Ground::new(request.clone(), prompts.usual.clone()),
            window,
        }
    }

    pub(super) fn try_all(
        &self,
        faults: &[Fault],
        progress: &dyn Fn(&str),
    ) -> Result<(SabotagedProfile, Summary), SabotageError> {
        let profile = self.profile();
        progress(&format!("{}: without a fault", profile.name()));
        let sound = self.sound(&self.usual)?;
        let mut tried = Vec::new();
        if sound.exit == Exit::Parity {
            for (index, fault) in faults.iter().enumerate() {
                let (of, name) = (faults.len(), &fault.name);
                progress(&format!(
                    "{}: {} of {of}, {name}",
                    profile.name(),
                    index + 1
                ));
                tried.push(trial::of(self, fault)?);
            }
        }
        let summary = summary::of(sound, &tried);
        let trials: Vec<Trial> = tried.into_iter().map(|tried| tried.trial).collect();
        let tried = SabotagedProfile {
            profile,
            engines: sound.ladder.engines.clone(),
            sound: SoundRun {
                verdict: sound.ladder.verdict,
                reason: sound.ladder.reason.clone(),
            },
            warnings: summary::warnings(&trials),
            trials,
        };
        Ok((tried, summary))
    }

    pub(super) fn profile(&self) -> Profile {
        self.usual.request.profile
    }

    /// The prompts on which everything is tried but a window's end.
    pub(super) fn usual(&self) -> &Ground {
        &self.usual
    }

    /// The prompt that is longer than the model's window.
    pub(super) fn window(&self) -> Option<&Ground> {
        self.window.as_ref()
    }

    /// What the engine does there without a fault.
    pub(super) fn sound<'g>(&self, ground: &'g Ground) -> Result<&'g Climbed, SabotageError> {
        if let Some(sound) = ground.sound.get() {
            return Ok(sound);
        }
        let sound = self.climb(ground, self.engine.clone())?;
        Ok(ground.sound.get_or_init(|| sound))
    }

    /// What it does there with a fault.
    pub(super) fn climb_with(
        &self,
        ground: &Ground,
        fault: &Fault,
        strength: u32,
    ) -> Result<Climbed, SabotageError> {
        self.climb(ground, fault.made_by(self.engine, strength)?)
    }

    /// Why the fault would change nothing in the model, if the engine says so.
    pub(super) fn objection(&self, fault: &Fault) -> Result<Option<String>, SabotageError> {
        let made = fault.made_by(self.engine, 1)?;
        let request = &self.usual.request;
        let client = Client::new(&made, request.supervision.clone());
        Ok(client.describe(Some(&request.model))?.reason)
    }

    /// What the sound engine computes with.
    pub(super) fn arithmetic(&self) -> Result<Option<Arithmetic>, SabotageError> {
        let outcomes = &self.sound(&self.usual)?.outcomes;
        let settings = outcomes
            .iter()
            .map(|it| &it.receipt.engines.candidate.settings);
        Ok(settings
            .flatten()
            .map(|settings| settings.arithmetic)
            .next())
    }

    fn climb(&self, ground: &Ground, candidate: EngineSpec) -> Result<Climbed, SabotageError> {
        let catalogue = self.catalogue.with(candidate);
        let mut run = Run::new(&ground.request, &catalogue, &|_| ())?;
        run.memory = Some(&self.memory);
        let climbed = ladder::climb(&run, ground.cases.clone(), None)?;
        if climbed.interrupted {
            return Err(SabotageError::Interrupted);
        }
        Ok(climbed)
    }
}
