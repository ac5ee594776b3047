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
use crate::exit::Exit;
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

/// A floor, and whether another run would find the same.
pub struct Measured {
    /// What was found.
    pub floor: FloorFile,
    /// No variant failed for want of time or memory, which there may be more of another time.
    pub is_lasting: bool,
}

/// The rows of one variant of one case, and what they were computed with.
type Found = Result<(Vec<FloorMetrics>, Settings), Ending>;

/// The floors of the sequences, in their order. A variant that fails at one is left out of its floor;
/// when the user stops it there is none.
pub fn measure(subject: &Subject<'_>, sequences: &[&Sequence]) -> Result<Vec<Measured>, Ending> {
    let mut measured: Vec<_> = sequences
        .iter()
        .map(|sequence| Measured {
            floor: empty(subject, sequence),
            is_lasting: true,
        })
        .collect();
    for variant in &subject.variants {
        let engine = match &variant.engine {
            Ok(engine) => engine,
            Err(left_out) => {
                for case in &mut measured {
                    case.floor.variants.push(not_measured(variant, left_out));
                }
                continue;
            }
        };
        for (case, found) in measured.iter_mut().zip(rows(subject, engine, sequences)?) {
            case.add(variant, engine, found);
        }
    }
    Ok(measured)
}

impl Measured {
    fn add(&mut self, variant: &Variant, engine: &Configured, found: Found) {
        let (rows, settings, left_out) = match found {
            Ok((rows, settings)) => (rows, settings, None),
            Err(ending) => {
                self.is_lasting &= !is_passing(&ending);
                (
                    Vec::new(),
                    engine.effective(),
                    Some(outcome::reason(None, &ending)),
                )
            }
        };
        self.floor.variants.push(MeasuredVariant {
            distribution: distribution(&rows),
            rows,
            variant: FloorVariant {
                name: variant.name.clone(),
                engine: engine.record(settings),
                left_out,
            },
        });
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

/// Another time it may go well.
fn is_passing(ending: &Ending) -> bool {
    matches!(ending, Ending::Failed(fault) if fault.exit() == Exit::Retryable)
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
