//! Measures floors: each variant is asked what the base was asked, one token sequence after the other,
//! and every row of both is compared.
//!
//! One engine at a time, so that one model is in memory. The disk holds the base's rows of all
//! sequences, and a variant's of one.

use schemas::describe::Settings;
use schemas::evaluate::Positions;
use schemas::floor::{FloorFile, FloorMetrics, FloorVariant, MeasuredVariant};
use schemas::receipt::FileIdentity;
use schemas::tag::Tag;

use super::reading::{METRICS_VERSION, distribution, metrics_of};
use super::variants::{Configured, LeftOut, Variant};
use crate::compare::{Evaluations, Pair};
use crate::engine::{Catalogue, Client, EvaluatedItem, Supervision};
use crate::gate::AgreedTokens;
use crate::outcome::{self, Ending};
use crate::record::engine_record;
use crate::sitting::{Question, Seat, Sitting};

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
    /// The floor's, by [`super::store::identity`].
    pub identity: String,
}

/// A sequence whose floor is being measured: what the base answered, and the floor so far.
type Open = Result<(EvaluatedItem, FloorFile), Ending>;

/// The rows of one variant of one case, and what they were computed with.
type Found = Result<(Vec<FloorMetrics>, Settings), Ending>;

/// The floors of the sequences, in their order, or why one has none: the base cannot evaluate it. A
/// variant that cannot is left out of its floor. Where one was killed or got no time, there is no floor:
/// a thinner one would be another verdict than the next try's. Fails when nothing more should be asked.
pub fn measure(
    subject: &Subject<'_>,
    sequences: &[&Sequence],
) -> Result<Vec<Result<FloorFile, Ending>>, Ending> {
    let questions: Vec<_> = sequences.iter().map(|it| question(it)).collect();
    let mut floors = Vec::with_capacity(sequences.len());
    ask_each(subject.seat, &questions, |index, answer| {
        floors.push(answer.map(|item| (item, empty(subject, sequences[index]))));
    })?;
    for variant in &subject.variants {
        let open = floors.iter_mut().zip(&questions);
        let open = open.filter(|(floor, _)| floor.is_ok());
        let (mut open, questions): (Vec<_>, Vec<Question>) = open
            .map(|(floor, question)| (floor, question.clone()))
            .unzip();
        match &variant.engine {
            Ok(engine) => add_rows(subject, variant, engine, &questions, &mut open)?,
            Err(left_out) => {
                for (_, floor) in open.into_iter().flatten() {
                    floor.variants.push(not_measured(variant, left_out));
                }
            }
        }
    }
    let floors = floors.into_iter().map(|it| it.map(|(_, floor)| floor));
    Ok(floors.collect())
}

/// Asks a variant about each sequence, and holds its rows against those of the base.
fn add_rows(
    subject: &Subject<'_>,
    variant: &Variant,
    engine: &Configured,
    questions: &[Question],
    open: &mut [&mut Open],
) -> Result<(), Ending> {
    let spec = subject.catalogue.find(&engine.name);
    let spec = spec.map_err(|unknown| Ending::Refused(unknown.to_string()))?;
    let client = Client::new(spec, subject.supervision.clone());
    let seat = Seat {
        client: &client,
        model: subject.seat.model.clone(),
        settings: engine.asked,
        vocabulary_size: subject.seat.vocabulary_size,
        memory: None,
    };
    ask_each(&seat, questions, |index, answer| {
        let Ok((base, floor)) = &mut *open[index] else {
            return;
        };
        let found = answer.and_then(|item| {
            compare(&Evaluations {
                candidate: item,
                reference: base.clone(),
            })
        });
        let (rows, settings, left_out) = match found {
            Ok((rows, settings)) => (rows, settings, None),
            Err(ending) if ending.is_passing() => {
                *open[index] = Err(ending);
                return;
            }
            Err(ending) => {
                let reason = outcome::reason(None, &ending);
                (Vec::new(), engine.effective(), Some(reason))
            }
        };
        floor.variants.push(MeasuredVariant {
            distribution: distribution(&rows),
            rows,
            variant: FloorVariant {
                name: variant.name.clone(),
                engine: engine.record(settings),
                left_out,
            },
        });
    })
}

fn question(sequence: &Sequence) -> Question {
    Question {
        tokens: sequence.tokens.clone(),
        positions: Positions::All,
        greedy_steps: 0,
    }
}

/// Hands the answer to each question to `each`, with the question's index. Fails when nothing more
/// should be asked.
fn ask_each(
    seat: &Seat<'_>,
    questions: &[Question],
    mut each: impl FnMut(usize, Result<EvaluatedItem, Ending>),
) -> Result<(), Ending> {
    let mut sitting = Sitting::new(seat);
    for (index, question) in questions.iter().enumerate() {
        match sitting.ask(question, index + 1 == questions.len()) {
            Err(ending) if ends_all(&ending) => return Err(ending),
            answer => each(index, answer),
        }
    }
    Ok(())
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
        identity: sequence.identity.clone(),
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
