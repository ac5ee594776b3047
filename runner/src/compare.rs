//! From two evaluations to judged rows: each thread reads one row of each at a time, whatever the
//! vocabulary.

use std::num::NonZero;
use std::thread;

use schemas::receipt::Verdict;
use schemas::row::{GreedyStretch, PositionRow, RowRecord};

use crate::engine::{EngineFault, EvaluatedItem, LogitsFile};
use crate::gate::AgreedTokens;
use crate::in_turn::in_turn;
use crate::judge::{self, Terms};
use crate::metrics::{self, Comparison};
use crate::outcome::Ending;
use crate::rows::Rows;

/// Both engines' answers about the same tokens.
#[derive(Debug)]
pub struct Evaluations {
    /// Who is judged.
    pub candidate: EvaluatedItem,
    /// What it is judged against.
    pub reference: EvaluatedItem,
}

/// Compares every position and the greedy steps up to the first that differs.
pub fn compare(
    tokens: &AgreedTokens,
    evaluations: &Evaluations,
    terms: &Terms<'_>,
) -> Result<Rows, Ending> {
    Ok(Rows {
        positions: compare_positions(tokens, evaluations, terms)?,
        greedy: match evaluations.candidate.response.greedy_ids.as_slice() {
            [] => Vec::new(),
            _ => vec![compare_stretch(evaluations, terms, 0)?],
        },
    })
}

/// Positions that are worth a thread: a row of an ordinary vocabulary takes a tenth of a millisecond, as
/// long as it takes to start one.
const LEAST_OF_A_THREAD: usize = 8;

/// Compares every position: a stretch for each thread, each row by itself, so that their number is of no
/// account.
fn compare_positions(
    tokens: &AgreedTokens,
    evaluations: &Evaluations,
    terms: &Terms<'_>,
) -> Result<Vec<PositionRow>, Ending> {
    let tokens = tokens.ids();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let stretch = tokens.len().div_ceil(threads).max(LEAST_OF_A_THREAD);
    if stretch >= tokens.len() {
        return compare_positions_from(0, tokens, evaluations, terms);
    }
    let stretches: Vec<_> = (0..).step_by(stretch).zip(tokens.chunks(stretch)).collect();
    let compare = |&(first, tokens): &_| compare_positions_from(first, tokens, evaluations, terms);
    let mut positions = Vec::with_capacity(tokens.len());
    in_turn(&stretches, compare, |_, rows| {
        positions.extend(rows?);
        Ok::<_, Ending>(())
    })?;
    Ok(positions)
}

/// Compares the positions of `tokens`, of which the first is number `first`.
fn compare_positions_from(
    first: usize,
    tokens: &[u32],
    evaluations: &Evaluations,
    terms: &Terms<'_>,
) -> Result<Vec<PositionRow>, Ending> {
    let mut pair = Pair::new(evaluations, |item| &item.logits)?;
    let mut positions = Vec::with_capacity(tokens.len());
    for (position, &token) in (first..).zip(tokens) {
        pair.read(position)?;
        let position = position as u64;
        positions.push(PositionRow {
            position,
            token,
            row: judge::position(terms, position, pair.compare()),
        });
    }
    Ok(positions)
}

/// Compares greedy steps up to the first that differs.
///
/// `first_step` steps were compared before: a floor has a row for each step from the first on.
pub fn compare_stretch(
    evaluations: &Evaluations,
    terms: &Terms<'_>,
    first_step: usize,
) -> Result<GreedyStretch, Ending> {
    let candidate_ids = &evaluations.candidate.response.greedy_ids;
    let reference_ids = &evaluations.reference.response.greedy_ids;
    let mut stretch = GreedyStretch {
        first_step: first_step as u64,
        candidate_ids: candidate_ids.clone(),
        reference_ids: reference_ids.clone(),
        first_difference: None,
        steps: Vec::new(),
    };
    let mut pair = Pair::new(evaluations, |item| &item.greedy)?;
    for (step, (&candidate, &reference)) in candidate_ids.iter().zip(reference_ids).enumerate() {
        pair.read(step)?;
        check_choice("candidate", step, candidate, &pair.candidate_row)?;
        check_choice("reference", step, reference, &pair.reference_row)?;
        let is_same = candidate == reference;
        let found = pair.compare();
        let row = judge::step(terms, first_step + step, is_same, found);
        stretch.steps.push(row);
        if !is_same {
            stretch.first_difference = Some(step as u64);
            break;
        }
    }
    Ok(stretch)
}

/// An engine's token must be the one that its row chooses, or one of the two is not what it says.
/// A row that is not finite chooses nothing; it is judged as such.
fn check_choice(role: &str, step: usize, said: u32, row: &[f32]) -> Result<(), Ending> {
    let chosen = metrics::lowest_largest(row);
    if said == chosen || row.iter().any(|x| !x.is_finite()) {
        return Ok(());
    }
    Err(Ending::Inconsistent(format!(
        "the {role} says that it chose token {said} at greedy step {step}, its own row of logits \
         chooses {chosen}"
    )))
}

/// The logits of both engines at one row.
#[derive(Clone, Debug)]
pub struct FailingRow {
    /// Of who is judged.
    pub candidate: Vec<f32>,
    /// Of what it is judged against.
    pub reference: Vec<f32>,
}

/// The logits of the first of these rows that diverged; `file` has them in the same order.
pub fn first_diverged<'r, 'a>(
    evaluations: &'a Evaluations,
    file: impl Fn(&'a EvaluatedItem) -> &'a LogitsFile,
    rows: impl IntoIterator<Item = &'r RowRecord>,
) -> Result<Option<FailingRow>, Ending> {
    let has_diverged = |row: &RowRecord| row.verdict == Verdict::Diverged;
    let Some(row) = rows.into_iter().position(has_diverged) else {
        return Ok(None);
    };
    let mut pair = Pair::new(evaluations, file)?;
    pair.read(row)?;
    Ok(Some(FailingRow {
        candidate: pair.candidate_row,
        reference: pair.reference_row,
    }))
}

/// Two files of the same width and a row of each.
pub(crate) struct Pair<'a> {
    candidate: &'a LogitsFile,
    reference: &'a LogitsFile,
    candidate_row: Vec<f32>,
    reference_row: Vec<f32>,
}

impl<'a> Pair<'a> {
    pub(crate) fn new(
        evaluations: &'a Evaluations,
        file: impl Fn(&'a EvaluatedItem) -> &'a LogitsFile,
    ) -> Result<Self, Ending> {
        let candidate = file(&evaluations.candidate);
        let reference = file(&evaluations.reference);
        if candidate.columns() != reference.columns() {
            return Err(Ending::Shapes(format!(
                "the candidate's rows have {} logits, the reference's {}",
                candidate.columns(),
                reference.columns()
            )));
        }
        Ok(Self {
            candidate_row: vec![0.0; candidate.columns()],
            reference_row: vec![0.0; reference.columns()],
            candidate,
            reference,
        })
    }

    pub(crate) fn read(&mut self, row: usize) -> Result<(), EngineFault> {
        self.candidate.read_row(row, &mut self.candidate_row)?;
        self.reference.read_row(row, &mut self.reference_row)
    }

    /// The rows that were read, the candidate's first.
    pub(crate) fn rows(&self) -> (&[f32], &[f32]) {
        (&self.candidate_row, &self.reference_row)
    }

    pub(crate) fn compare(&self) -> Comparison {
        metrics::compare(&self.candidate_row, &self.reference_row)
    }
}
