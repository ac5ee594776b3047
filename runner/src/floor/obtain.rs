//! Floors for the cases of a comparison: those that are kept, and the others measured and kept.

use std::fmt::Display;

use schemas::evaluate::Positions;
use schemas::floor::FloorFile;

use super::builds;
use super::measure::{Sequence, Subject, ends_all, measure};
use super::store::{Store, identity, is_of};
use super::variants::{Configured, plan};
use crate::case::Known;
use crate::engine::Catalogue;
use crate::gate::AgreedTokens;
use crate::identify::{identify, unusable};
use crate::model_file;
use crate::outcome::Ending;
use crate::request::Request;
use crate::run::Seats;
use crate::sitting::{Question, Seat, Sitting};
use crate::text::escape_path;

const MODEL: &str = "the model";

impl<'a> Subject<'a> {
    /// The reference of a comparison, on the model that it evaluates there.
    pub fn reference_of(
        request: &'a Request,
        catalogue: &'a Catalogue,
        known: &Known,
        seats: &'a Seats<'a>,
    ) -> Result<Self, Ending> {
        let seat = &seats.reference;
        let unusable = |error: &dyn Display| unusable(MODEL, &seat.model, error);
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
            model: identify(seat.client, MODEL, &seat.model)?,
            variants: plan(&base, &others),
            base,
            seat,
        })
    }
}

impl Configured {
    /// The candidate of a comparison as it will evaluate; `None`: it does not say who it is.
    pub fn candidate_of(request: &Request, known: &Known, seats: &Seats<'_>) -> Option<Self> {
        let seat = &seats.candidate;
        Some(Self {
            name: request.candidate.clone(),
            description: known.candidate.clone()?,
            asked: seat.settings.or(&seat.client.spec().defaults),
        })
    }
}

/// A floor for each of the token sequences that a comparison agreed on, in their order, or why it
/// has none. Fails when nothing more should be asked.
pub fn floors(
    subject: &Subject<'_>,
    store: &Store,
    tokens: &[AgreedTokens],
    greedy_steps: u32,
    announce: &dyn Fn(&str),
) -> Result<Vec<Result<FloorFile, Ending>>, Ending> {
    let sequences = sequences(subject.seat, tokens, greedy_steps)?;
    let kept = sequences.iter().map(|sequence| {
        let sequence = sequence.as_ref().ok()?;
        let kept = store.find(&identity(subject, sequence))?;
        is_of(&kept, subject, sequence).then_some(kept)
    });
    let kept: Vec<Option<FloorFile>> = kept.collect();
    let not_kept = sequences.iter().zip(&kept);
    let not_kept = not_kept.filter(|(_, kept)| kept.is_none());
    let missing: Vec<_> = not_kept.filter_map(|(it, _)| it.as_ref().ok()).collect();
    let measured = measure(subject, &missing)?;
    keep(store, &measured, announce);
    let mut measured = measured.into_iter();
    let floors = sequences.into_iter().zip(kept).map(|(sequence, kept)| {
        sequence?;
        let floor = kept.map(Ok).or_else(|| measured.next());
        floor.expect("what was not kept was measured")
    });
    Ok(floors.collect())
}

/// A floor that cannot be kept is good all the same, and no receipt may depend on a cache: that is only
/// announced.
fn keep(store: &Store, measured: &[Result<FloorFile, Ending>], announce: &dyn Fn(&str)) {
    let mut floors = measured.iter().flatten();
    if let Err(error) = floors.try_for_each(|floor| store.keep(floor)) {
        announce(&format!(
            "lockstep: warning: not every floor can be kept, and what is not kept is measured again: {}: \
             {error} (hint: XDG_CACHE_HOME says where floors are kept)\n",
            escape_path(store.folder())
        ));
    }
}

/// The tokens of each case, followed by what the base chooses after them: one for each greedy step
/// but the last, so that each step has a row. An engine that dies of one prompt may do well on the next.
fn sequences(
    seat: &Seat<'_>,
    tokens: &[AgreedTokens],
    greedy_steps: u32,
) -> Result<Vec<Result<Sequence, Ending>>, Ending> {
    let mut sitting = Sitting::new(seat);
    let mut sequences = Vec::with_capacity(tokens.len());
    for (index, of_case) in tokens.iter().enumerate() {
        let last = index + 1 == tokens.len();
        let chosen = match greedy_steps {
            0 | 1 => Ok(Vec::new()),
            _ => chosen(&mut sitting, of_case, greedy_steps - 1, last),
        };
        let sequence = match chosen {
            Err(ending) if ends_all(&ending) => return Err(ending),
            chosen => chosen.map(|chosen| Sequence {
                tokens: of_case.clone().followed_by(&chosen),
                agreed: of_case.ids().len(),
            }),
        };
        sequences.push(sequence);
    }
    Ok(sequences)
}

/// What the base chooses after the tokens.
fn chosen(
    sitting: &mut Sitting<'_>,
    tokens: &AgreedTokens,
    greedy_steps: u32,
    last: bool,
) -> Result<Vec<u32>, Ending> {
    let question = Question {
        tokens: tokens.clone(),
        positions: Positions::Last,
        greedy_steps,
    };
    Ok(sitting.ask(&question, last)?.response.greedy_ids)
}
