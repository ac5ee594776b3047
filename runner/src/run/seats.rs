//! Who evaluates: of each engine its model, its settings, and a context that is enough.

use std::path::PathBuf;

use schemas::receipt::Profile;

use super::Run;
use crate::capability::Ability;
use crate::case::{Case, Known};
use crate::engine::EngineSettings;
use crate::outcome::Ending;
use crate::request::Request;
use crate::sitting::Seat;
use crate::twin;

/// Contexts are asked for in steps of so many tokens, as llama.cpp rounds them.
pub(crate) const CONTEXT_STEP: u64 = 256;

/// What both engines can do.
pub struct Abilities {
    pub(super) candidate: Ability,
    pub(super) reference: Ability,
}

impl Abilities {
    /// The context that both models were made for, as far as it is told.
    fn own_context(&self) -> u64 {
        let told = [&self.candidate, &self.reference].map(|side| side.context);
        let told = told.into_iter().flatten().min();
        u64::from(told.unwrap_or(u32::MAX))
    }
}

/// Who evaluates.
pub struct Seats<'a> {
    /// Who is judged.
    pub candidate: Seat<'a>,
    /// What it is judged against.
    pub reference: Seat<'a>,
}

impl Run<'_> {
    /// Who evaluates, with a context that is enough for every case; a case for which no context is,
    /// ends here. `None`: none is left.
    pub fn seat(
        &self,
        abilities: &Abilities,
        known: &mut Known,
        cases: &mut [Case],
    ) -> Result<Option<Seats<'_>>, Ending> {
        let own = abilities.own_context();
        let mut longest = None;
        for case in cases {
            let Some(tokens) = case.open_tokens() else {
                continue;
            };
            match self.needed_context(tokens.ids().len(), own) {
                Ok(needed) => longest = longest.max(Some(needed)),
                Err(ending) => case.end(ending),
            }
        }
        let Some(longest) = longest else {
            return Ok(None);
        };
        let asked = self.request.context.map(u64::from);
        let context = asked.unwrap_or(longest.next_multiple_of(CONTEXT_STEP));
        let context = context.min(own) as u32;
        let reference_model = self.evaluated_by_reference(known)?;
        let Request {
            choices, profile, ..
        } = self.request;
        Ok(Some(Seats {
            candidate: Seat {
                client: &self.candidate,
                model: self.request.model.clone(),
                settings: EngineSettings {
                    arithmetic: Some(abilities.candidate.arithmetic),
                    context: Some(context),
                    ..choices.of_candidate(*profile)
                },
                vocabulary_size: abilities.candidate.vocabulary_size,
                memory: None,
            },
            reference: Seat {
                client: &self.reference,
                model: reference_model,
                settings: EngineSettings {
                    arithmetic: Some(abilities.reference.arithmetic),
                    context: Some(context),
                    ..choices.of_reference(*profile)
                },
                vocabulary_size: abilities.reference.vocabulary_size,
                memory: self.memory,
            },
        }))
    }

    /// The context that so many tokens and the greedy steps need; the models were made for `own`.
    fn needed_context(&self, n_tokens: usize, own: u64) -> Result<u64, Ending> {
        let greedy_steps = self.request.greedy_steps;
        let needed = n_tokens as u64 + u64::from(greedy_steps.saturating_sub(1));
        if let Some(asked) = self.request.context.map(u64::from)
            && asked < needed.min(own)
        {
            return Err(Ending::Refused(format!(
                "{n_tokens} tokens and {greedy_steps} greedy steps need a context of {needed}, {asked} \
                 is asked for"
            )));
        }
        if needed <= own {
            return Ok(needed);
        }
        Err(Ending::Refused(format!(
            "{n_tokens} tokens and {greedy_steps} greedy steps need a context of {needed}, the \
             model was made for {own} (hint: --max-positions compares the first tokens alone)"
        )))
    }

    /// The file that the reference evaluates: in `f32` the decoded twin of the one named for it.
    fn evaluated_by_reference(&self, known: &mut Known) -> Result<PathBuf, Ending> {
        let named = self.named_for_reference();
        if self.request.profile != Profile::F32 {
            return Ok(named.to_owned());
        }
        let twin = twin::of(&self.own_engine, named, &self.request.cache)?;
        known.twin = Some(twin.identity);
        Ok(twin.path)
    }
}
