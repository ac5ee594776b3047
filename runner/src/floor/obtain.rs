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
use crate::sitting::{Question, Sitting};
use crate::text::escape_path;

const MODEL: &str = "the model";
/// What the base's rows may take on the disk while its variants are held against them. More would
/// start fewer processes; of a small model eight prompts of 300 tokens fit, whose evaluation takes much
/// longer than to start.
const PART_BYTES: u64 = 1 << 29;
/// How many sequences may be in a part, each with two open files.
const PART_SEQUENCES: usize = 64;

/// To whom is told what.
pub struct Tell<'a> {
    /// What goes wrong without taking a floor away.
    pub announce: &'a dyn Fn(&str),
    /// How many floors of how many are there.
    pub progress: &'a dyn Fn(usize, usize),
}

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
/// has none. Those that are not kept are measured some at a time, so that the disk holds the base's
/// rows of these alone and an interruption costs no more than them. Fails when nothing more should be
/// asked.
pub fn floors(
    subject: &Subject<'_>,
    store: &Store,
    tokens: &[AgreedTokens],
    greedy_steps: u32,
    tell: &Tell<'_>,
) -> Result<Vec<Result<FloorFile, Ending>>, Ending> {
    // Each greedy step but the last is followed by a row.
    let chosen = greedy_steps.saturating_sub(1);
    let kept = tokens.iter().map(|of_case| {
        let kept = store.find(&identity(subject, of_case, chosen))?;
        is_of(&kept, subject, of_case, chosen).then_some(Ok(kept))
    });
    let mut floors: Vec<Option<Result<FloorFile, Ending>>> = kept.collect();
    let missing: Vec<usize> = (0..tokens.len())
        .filter(|&it| floors[it].is_none())
        .collect();
    let mut n_kept = tokens.len() - missing.len();
    for part in parts(&missing, |index| row_bytes(subject, &tokens[index], chosen)) {
        (tell.progress)(n_kept, tokens.len());
        let of_part: Vec<_> = part.iter().map(|&index| &tokens[index]).collect();
        let measured = measure_part(subject, &of_part, chosen)?;
        keep(store, &measured, tell.announce);
        for (&index, floor) in part.iter().zip(measured) {
            floors[index] = Some(floor);
        }
        n_kept += part.len();
    }
    let floors = floors.into_iter();
    Ok(floors
        .map(|it| it.expect("what was not kept was measured"))
        .collect())
}

/// Splits what is to be measured where the base's rows of a part would take more than [`PART_BYTES`].
fn parts(missing: &[usize], bytes: impl Fn(usize) -> u64) -> Vec<&[usize]> {
    let (mut parts, mut rest) = (Vec::new(), missing);
    while !rest.is_empty() {
        let mut total = 0;
        let fits = |&&index: &&usize| {
            total += bytes(index);
            total <= PART_BYTES
        };
        let n_fits = rest.iter().take(PART_SEQUENCES).take_while(fits).count();
        let (part, others) = rest.split_at(n_fits.max(1));
        parts.push(part);
        rest = others;
    }
    parts
}

/// What the rows of a sequence take.
fn row_bytes(subject: &Subject<'_>, tokens: &AgreedTokens, chosen: u32) -> u64 {
    let rows = tokens.ids().len() as u64 + u64::from(chosen);
    rows * 4 * u64::from(subject.seat.vocabulary_size)
}

fn measure_part(
    subject: &Subject<'_>,
    tokens: &[&AgreedTokens],
    chosen: u32,
) -> Result<Vec<Result<FloorFile, Ending>>, Ending> {
    let sequences = sequences(subject, tokens, chosen)?;
    let usable: Vec<_> = sequences.iter().filter_map(|it| it.as_ref().ok()).collect();
    let mut measured = measure(subject, &usable)?.into_iter();
    let floors = sequences
        .into_iter()
        .map(|it| it.and_then(|_| measured.next().expect("each that is usable was measured")));
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
    subject: &Subject<'_>,
    tokens: &[&AgreedTokens],
    n_chosen: u32,
) -> Result<Vec<Result<Sequence, Ending>>, Ending> {
    let mut sitting = Sitting::new(subject.seat);
    let mut sequences = Vec::with_capacity(tokens.len());
    for (index, &of_case) in tokens.iter().enumerate() {
        let last = index + 1 == tokens.len();
        let chosen = match n_chosen {
            0 => Ok(Vec::new()),
            _ => chosen(&mut sitting, of_case, n_chosen, last),
        };
        let sequence = match chosen {
            Err(ending) if ends_all(&ending) => return Err(ending),
            chosen => chosen.map(|chosen| Sequence {
                tokens: of_case.clone().followed_by(&chosen),
                agreed: of_case.ids().len(),
                identity: identity(subject, of_case, n_chosen),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_large_as_the_disk_allows_and_never_empty() {
        let (third, all) = (PART_BYTES / 3, PART_BYTES);
        let sizes = [third, third, third, third, all + 1, 1, all];
        let missing = [0, 2, 3, 4, 5, 6];
        let parts = parts(&missing, |index| sizes[index]);
        assert_eq!(parts, [&[0, 2, 3][..], &[4], &[5], &[6]]);
        assert_eq!(super::parts(&[], |_| 1), [&[0; 0]; 0]);
        let many: Vec<usize> = (0..=PART_SEQUENCES).collect();
        let sizes: Vec<_> = super::parts(&many, |_| 1)
            .iter()
            .map(|it| it.len())
            .collect();
        assert_eq!(sizes, [PART_SEQUENCES, 1]);
    }
}
