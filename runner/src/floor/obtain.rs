//! Floors for the cases of a comparison: those that are kept, and the others measured and kept.

use std::path::Path;

use schemas::evaluate::Positions;
use schemas::floor::FloorFile;

use super::builds;
use super::measure::{Sequence, Subject, measure};
use super::store::{Store, identity, is_of};
use super::variants::{Configured, plan};
use crate::case::Known;
use crate::engine::Catalogue;
use crate::gate::AgreedTokens;
use crate::model_file;
use crate::outcome::{Ending, Unusable};
use crate::request::Request;
use crate::run::Seats;
use crate::sitting::{Question, Seat, Sitting};
use crate::text::escape_path;

impl<'a> Subject<'a> {
    /// The reference of a comparison, on the model that it evaluates there.
    pub fn reference_of(
        request: &'a Request,
        catalogue: &'a Catalogue,
        known: &Known,
        seats: &'a Seats<'a>,
    ) -> Result<Self, Ending> {
        let seat = &seats.reference;
        let unusable = |error: &dyn std::fmt::Display| unusable("the model", &seat.model, error);
        let header = model_file::read_header(&seat.model).map_err(|error| unusable(&error))?;
        let description = known.reference.clone();
        let description = description.ok_or_else(|| unusable(&"the reference does not know it"))?;
        let base = Configured {
            name: request.reference.clone(),
            description,
            asked: seat.settings.or(&seat.client.spec().defaults),
        };
        let others = builds::others(
            catalogue,
            &request.supervision,
            &base.name,
            (&seat.model, &header),
        )?;
        Ok(Self {
            catalogue,
            supervision: &request.supervision,
            model: model_file::identity(&seat.model).map_err(|error| unusable(&error))?,
            variants: plan(&base, &others),
            base,
            seat,
        })
    }
}

/// The tokens of each case, followed by what the base chooses after them: one for each greedy step
/// but the last, so that each step has a row.
pub fn sequences(
    seat: &Seat<'_>,
    tokens: &[AgreedTokens],
    greedy_steps: u32,
) -> Result<Vec<Sequence>, Ending> {
    let mut sitting = Sitting::new(seat);
    let mut sequences = Vec::with_capacity(tokens.len());
    for (index, of_case) in tokens.iter().enumerate() {
        let agreed = of_case.ids().len();
        let mut chosen = Vec::new();
        if greedy_steps > 1 {
            let question = Question {
                tokens: of_case.clone(),
                positions: Positions::Last,
                greedy_steps: greedy_steps - 1,
            };
            let last = index + 1 == tokens.len();
            chosen = sitting.ask(&question, last)?.response.greedy_ids;
        }
        sequences.push(Sequence {
            tokens: of_case.clone().followed_by(&chosen),
            agreed,
        });
    }
    Ok(sequences)
}

/// A floor for each sequence, in their order.
pub fn floors(
    subject: &Subject<'_>,
    store: &Store,
    sequences: &[Sequence],
) -> Result<Vec<FloorFile>, Ending> {
    let kept = sequences.iter().map(|sequence| {
        let kept = store.find(&identity(subject, sequence))?;
        is_of(&kept, subject, sequence).then_some(kept)
    });
    let kept: Vec<Option<FloorFile>> = kept.collect();
    let missing = sequences
        .iter()
        .zip(&kept)
        .filter(|(_, kept)| kept.is_none());
    let missing: Vec<_> = missing.map(|(sequence, _)| sequence).collect();
    let mut measured = Vec::new().into_iter();
    if !missing.is_empty() {
        measured = measure(subject, &missing)?.into_iter();
    }
    let mut floors = Vec::with_capacity(sequences.len());
    for kept in kept {
        if let Some(floor) = kept {
            floors.push(floor);
        } else if let Some(measured) = measured.next() {
            if measured.is_lasting {
                let kept = store.keep(&measured.floor);
                kept.map_err(|error| unusable(CACHE, store.folder(), &error))?;
            }
            floors.push(measured.floor);
        }
    }
    Ok(floors)
}

const CACHE: &str = "the cache of floors (XDG_CACHE_HOME says where it is)";

fn unusable(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Ending {
    Ending::Unusable(Unusable {
        reason: format!("{what} cannot be used: {error}"),
        detail: format!("{}: {error}", escape_path(path)),
    })
}
