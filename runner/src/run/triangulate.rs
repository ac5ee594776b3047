//! The stage that asks a third voice about what was compared, where the user wants one. The verdict
//! stands whatever comes of it; but when the user stops it, all is stopped.

use schemas::describe::KvType;
use schemas::evaluate::Positions;
use schemas::triangulation::Triangulation;

use super::{Run, Seats};
use crate::capability;
use crate::case::Case;
use crate::engine::EngineSettings;
use crate::outcome::{self, Ending};
use crate::record::engine_record;
use crate::sitting::{Question, Seat, Sitting};
use crate::text::escape_for_terminal;
use crate::triangulation::triangulate;

impl Run<'_> {
    /// Leaves in each case that was compared, and of which the numbers are still there, how far both
    /// sides are from the third.
    pub(super) fn triangulate(&self, seats: &Seats<'_>, cases: &mut [Case]) {
        if !self.request.triangulate {
            return;
        }
        for case in cases.iter_mut().filter(|case| case.rows.is_some()) {
            match self.third_voice(seats, case) {
                Err(ending) if ending.is_interrupted() => {
                    case.rows = None;
                    case.end(ending);
                }
                Err(ending) => {
                    self.tell_of_no_third(&ending);
                    case.triangulation = Some(Err(outcome::reason(None, &ending)));
                }
                Ok(found) => case.triangulation = found.map(Ok),
            }
        }
    }

    /// `None` where there is nothing to compare it with.
    fn third_voice(&self, seats: &Seats<'_>, case: &Case) -> Result<Option<Triangulation>, Ending> {
        let (Some(evaluations), Some(tokens)) = (&case.evaluations, case.open_tokens()) else {
            return Ok(None);
        };
        let spec = self.own_engine.spec();
        let description = self.own_engine.describe(Some(&self.request.model))?;
        capability::check_is_itself(spec, &description)?;
        let ability = capability::of_third(spec, &description)?;
        let seat = Seat {
            client: &self.own_engine,
            model: self.request.model.clone(),
            settings: EngineSettings {
                arithmetic: Some(ability.arithmetic),
                kv: Some(KvType::F32),
                repack: None,
                ..seats.candidate.settings
            },
            vocabulary_size: ability.vocabulary_size,
            memory: None,
        };
        let question = Question {
            tokens: tokens.clone(),
            positions: Positions::All,
            greedy_steps: 0,
        };
        let third = Sitting::new(&seat).ask(&question, true)?;
        let who = engine_record(
            &spec.name,
            Some(&description),
            Some(
                seat.settings
                    .or(&spec.defaults)
                    .record(third.response.settings.clone()),
            ),
        );
        triangulate(evaluations, &third, who).map(Some)
    }

    /// With the last words of an engine that failed, which are in no receipt.
    fn tell_of_no_third(&self, ending: &Ending) {
        let in_short = || escape_for_terminal(&outcome::reason(None, ending));
        let why = ending.detail().unwrap_or_else(in_short);
        (self.announce)(&format!("lockstep: no triangulation: {why}\n"));
    }
}
