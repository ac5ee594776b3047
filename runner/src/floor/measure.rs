//! Measures floors: each variant is asked what the base is asked, one token sequence after the other,
//! and every row of both is compared.
//!
//! One variant at a time, so that two models at most are in memory, and one sequence at a time, so
//! that the disk holds the rows of one.

use schemas::describe::Settings;
use schemas::evaluate::Positions;
use schemas::floor::{FloorFile, FloorMetrics, FloorVariant, MeasuredVariant};
use schemas::receipt::FileIdentity;
use schemas::tag::Tag;

use super::reading::{METRICS_VERSION, distribution, metrics_of};
use super::store;
use super::variants::{Configured, LeftOut, Variant};
use crate::compare::{Evaluations, Pair};
use crate::engine::{Catalogue, Client, Supervision};
use crate::gate::AgreedTokens;
use crate::outcome::{self, Ending};
use crate::pair;
use crate::record::engine_record;
use crate::sitting::{Question, Seat};

/// The reference whose floors are measured, and its variants.
pub struct Subject<'a> {
    /// Where the other builds are looked up.
    pub catalogue: &'a Catalogue,
    /// Under which limits they run.
    pub supervision: &'a Supervision,
    /// The model.
    pub model: FileIdentity,
    /// Who it is.
    pub base: Configured,
    /// How it evaluates.
    pub seat: &'a Seat<'a>,
    /// What must not matter.
    pub variants: Vec<Variant>,
}

/// What is evaluated of a case.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The agreed tokens, and after them those that the base chose greedily, but the last: so that each
    /// greedy step has a row.
    pub tokens: AgreedTokens,
    /// How many of them are agreed tokens.
    pub agreed: usize,
}

/// The rows of one variant of one case, and what they were computed with.
type Found = Result<(Vec<FloorMetrics>, Settings), Ending>;

/// The floors of the sequences, in their order, or why one has none. A variant that cannot evaluate a
/// sequence is left out of its floor. Where one was killed or got no time, there is no floor: a thinner
/// one would be another verdict than the next try's. Fails when nothing more should be asked.
pub fn measure(
    subject: &Subject<'_>,
    sequences: &[&Sequence],
) -> Result<Vec<Result<FloorFile, Ending>>, Ending> {
    let empty = sequences
        .iter()
        .map(|sequence| Ok(empty(subject, sequence)));
    let mut floors: Vec<Result<FloorFile, Ending>> = empty.collect();
    for variant in &subject.variants {
        let whole = sequences.iter().zip(&mut floors);
        let whole = whole.filter(|(_, floor)| floor.is_ok());
        let (open, whole): (Vec<&Sequence>, Vec<_>) = whole.unzip();
        match &variant.engine {
            Ok(engine) => {
                for (floor, found) in whole.into_iter().zip(rows(subject, engine, &open)?) {
                    add(floor, variant, engine, found);
                }
            }
            Err(left_out) => {
                for floor in whole.into_iter().flatten() {
                    floor.variants.push(not_measured(variant, left_out));
                }
            }
        }
    }
    Ok(floors)
}

/// Adds what was found of a variant to a floor, or puts in its place why there is none.
fn add(
    floor: &mut Result<FloorFile, Ending>,
    variant: &Variant,
    engine: &Configured,
    found: Found,
) {
    let (rows, settings, left_out) = match found {
        Ok((rows, settings)) => (rows, settings, None),
        Err(ending) if ending.is_passing() => {
            *floor = Err(ending);
            return;
        }
        Err(ending) => {
            let reason = outcome::reason(None, &ending);
            (Vec::new(), engine.effective(), Some(reason))
        }
    };
    let measured = MeasuredVariant {
        distribution: distribution(&rows),
        rows,
        variant: FloorVariant {
            name: variant.name.clone(),
            engine: engine.record(settings),
            left_out,
        },
    };
    if let Ok(floor) = floor {
        floor.variants.push(measured);
    }
}

/// What a variant has of each sequence. Fails when nothing more should be asked.
fn rows(
    subject: &Subject<'_>,
    variant: &Configured,
    sequences: &[&Sequence],
) -> Result<Vec<Found>, Ending> {
    let spec = subject.catalogue.find(&variant.name);
    let spec = spec.map_err(|unknown| Ending::Refused(unknown.to_string()))?;
    let client = Client::new(spec, subject.supervision.clone());
    let seat = Seat {
        client: &client,
        model: subject.seat.model.clone(),
        settings: variant.asked,
        vocabulary_size: subject.seat.vocabulary_size,
        memory: None,
    };
    let question = |sequence: &&Sequence| Question {
        tokens: sequence.tokens.clone(),
        positions: Positions::All,
        greedy_steps: 0,
    };
    let questions: Vec<_> = sequences.iter().map(question).collect();
    let mut found = Vec::with_capacity(questions.len());
    pair::stream(&seat, subject.seat, &questions, |_, answers| {
        found.push(answers.and_then(|answers| compare(&answers)));
    });
    let stops = |it: &Found| matches!(it, Err(ending) if ends_all(ending));
    match found.iter().position(stops) {
        None => Ok(found),
        Some(index) => found.swap_remove(index).map(|_| Vec::new()),
    }
}

/// The distances of all rows.
fn compare(answers: &Evaluations) -> Found {
    let mut pair = Pair::new(answers, |item| &item.logits)?;
    let rows = (0..answers.reference.logits.rows()).map(|row| {
        pair.read(row)?;
        let found = pair.compare();
        metrics_of(&found).ok_or_else(|| {
            Ending::Inconsistent(format!("numbers of position {row} are not finite"))
        })
    });
    let rows = rows.collect::<Result<_, Ending>>()?;
    Ok((rows, answers.candidate.response.settings.clone()))
}

/// The user stopped it, or there is no folder to work in: no other variant would do better.
pub(crate) fn ends_all(ending: &Ending) -> bool {
    ending.is_interrupted() || matches!(ending, Ending::Unusable(_))
}

/// A floor of no variant yet.
fn empty(subject: &Subject<'_>, sequence: &Sequence) -> FloorFile {
    let base = &subject.base;
    FloorFile {
        schema: Tag::new(),
        identity: store::identity(subject, sequence),
        metrics_version: METRICS_VERSION,
        model: subject.model.clone(),
        tokens: sequence.tokens.ids().to_vec(),
        agreed_tokens: sequence.agreed as u64,
        base: base.record(base.effective()),
        variants: Vec::new(),
    }
}

fn not_measured(variant: &Variant, left_out: &LeftOut) -> MeasuredVariant {
    MeasuredVariant {
        variant: FloorVariant {
            name: variant.name.clone(),
            engine: engine_record(&left_out.engine, None, None),
            left_out: Some(left_out.reason.clone()),
        },
        rows: Vec::new(),
        distribution: None,
    }
}
