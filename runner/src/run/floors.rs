//! The stage that finds out how far the reference is from itself on each case: in `production` alone,
//! and before the candidate evaluates, so that who requires a floor need not wait to hear of none.

use schemas::floor::{FloorFile, FloorRecord};
use schemas::receipt::Profile;

use super::{Run, Seats};
use crate::case::{Case, Known};
use crate::floor::measure::Subject;
use crate::floor::obtain::{Tell, floors};
use crate::floor::reading;
use crate::floor::store::Store;
use crate::floor::variants::Configured;
use crate::outcome::{self, Ending};
use crate::request::FloorMode;

impl Run<'_> {
    /// Leaves a floor in each case that is left, or why there is none; where one is required, that
    /// ends the case. What another try may do away with always ends it: a verdict by no floor, or by a
    /// thinner one, would last.
    pub fn measure_floors(
        &self,
        known: &Known,
        seats: &Seats<'_>,
        cases: &mut [Case],
        progress: &dyn Fn(usize, usize),
    ) -> Result<(), Ending> {
        if self.request.profile != Profile::Production {
            return Ok(());
        }
        let mut open: Vec<_> = cases
            .iter_mut()
            .filter(|case| case.open_tokens().is_some())
            .collect();
        let found = match self.request.floor {
            FloorMode::Off => Err("it was not to be measured".to_owned()),
            FloorMode::Auto | FloorMode::Require => Ok(self.floors(known, seats, &open, progress)?),
        };
        // In its own floor it has no part.
        let candidate = Configured::candidate_of(self.request, known, seats);
        let candidate = candidate.map(|it| it.record(it.effective()));
        let read = |floor: &FloorFile| {
            let candidate = candidate
                .as_ref()
                .ok_or("the candidate does not say who it is")?;
            reading::read(floor, candidate, &floor.base, self.request.greedy_steps)
                .map_err(|why| why.to_string())
        };
        for (index, case) in open.iter_mut().enumerate() {
            let floor: Result<FloorRecord, String> = match found.as_ref().map(|it| &it[index]) {
                Ok(Ok(floor)) => read(floor),
                Ok(Err(ending)) if ending.is_passing() => {
                    case.end(ending.clone());
                    continue;
                }
                Ok(Err(ending)) => Err(outcome::reason(None, ending)),
                Err(why) => Err(String::clone(why)),
            };
            match floor {
                Ok(floor) => case.floor = Some(floor),
                Err(why) if self.request.floor == FloorMode::Require => {
                    case.end(Ending::NoFloor(why));
                }
                Err(why) => case.no_floor = Some(why),
            }
        }
        Ok(())
    }

    /// The floor of each case, in their order, or why it has none.
    fn floors(
        &self,
        known: &Known,
        seats: &Seats<'_>,
        open: &[&mut Case],
        progress: &dyn Fn(usize, usize),
    ) -> Result<Vec<Result<FloorFile, Ending>>, Ending> {
        let tokens = open.iter().filter_map(|case| case.open_tokens().cloned());
        let tokens: Vec<_> = tokens.collect();
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let subject = Subject::reference_of(self.request, self.catalogue, known, seats)?;
        let store = Store::new(&self.request.cache);
        let greedy_steps = self.request.greedy_steps;
        let tell = Tell {
            announce: self.announce,
            progress,
        };
        floors(&subject, &store, &tokens, greedy_steps, &tell)
    }
}
