//! One engine that evaluates many token sequences in one process: the model is loaded once.
//!
//! The process starts with the first question and ends with the last, so that two engines that are
//! asked one question each never hold their models at the same time. After a fault the next question
//! starts another process.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::ItemId;
use schemas::tag::Tag;

use crate::engine::{Client, EngineSettings, EvaluatedItem, Evaluation};
use crate::gate::AgreedTokens;
use crate::outcome::Ending;

/// Who evaluates what, and how.
#[derive(Clone, Debug)]
pub struct Seat<'a> {
    /// The engine.
    pub client: &'a Client<'a>,
    /// The model.
    pub model: PathBuf,
    /// The settings that are asked for.
    pub settings: EngineSettings,
    /// How many logits a row has, by the engine's own word.
    pub vocabulary_size: u32,
    /// What this engine has answered before, where that is asked for again and again.
    pub memory: Option<&'a Memory>,
}

/// Answers of one engine. Only for one that answers the same each time: no test of whether it does
/// may go by what is remembered.
#[derive(Debug, Default)]
pub struct Memory {
    answers: Mutex<Vec<(Asked, EvaluatedItem)>>,
}

/// All that an answer depends on.
#[derive(Debug, PartialEq)]
struct Asked {
    model: PathBuf,
    settings: EngineSettings,
    tokens: Vec<u32>,
    positions: Positions,
    greedy_steps: u32,
}

impl Asked {
    fn new(seat: &Seat<'_>, question: &Question) -> Self {
        Self {
            model: seat.model.clone(),
            settings: seat.settings,
            tokens: question.tokens.ids().to_vec(),
            positions: question.positions.clone(),
            greedy_steps: question.greedy_steps,
        }
    }
}

impl Memory {
    fn recall(&self, asked: &Asked) -> Option<EvaluatedItem> {
        let answers = self.answers();
        let known = answers.iter().find(|(known, _)| known == asked);
        known.map(|(_, item)| item.clone())
    }

    fn keep(&self, asked: Asked, item: &EvaluatedItem) {
        self.answers().push((asked, item.clone()));
    }

    /// What a thread that panicked has kept is whole: an answer is pushed in one step.
    fn answers(&self) -> MutexGuard<'_, Vec<(Asked, EvaluatedItem)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is evaluated of a token sequence.
#[derive(Clone, Debug)]
pub struct Question {
    /// The tokens.
    pub tokens: AgreedTokens,
    /// Whose rows are wanted.
    pub positions: Positions,
    /// How many steps are decoded after the last.
    pub greedy_steps: u32,
}

/// An engine and the questions that it has been asked.
#[derive(Debug)]
pub struct Sitting<'a> {
    seat: &'a Seat<'a>,
    running: Option<Evaluation>,
    asked: usize,
}

impl<'a> Sitting<'a> {
    /// Starts nothing yet.
    pub fn new(seat: &'a Seat<'a>) -> Self {
        Self {
            seat,
            running: None,
            asked: 0,
        }
    }

    /// The rows that a question is about. After the `last` one the process has ended, and with
    /// success.
    pub fn ask(&mut self, question: &Question, last: bool) -> Result<EvaluatedItem, Ending> {
        let seat = self.seat;
        let Some(memory) = seat.memory else {
            return self.ask_engine(question, last);
        };
        let asked = Asked::new(seat, question);
        if let Some(item) = memory.recall(&asked) {
            if last {
                self.finish()?;
            }
            return Ok(item);
        }
        let item = self.ask_engine(question, last)?;
        memory.keep(asked, &item);
        Ok(item)
    }

    /// No question follows: the process ends, and with success.
    pub fn finish(&mut self) -> Result<(), Ending> {
        match self.running.take() {
            Some(running) => Ok(running.finish()?),
            None => Ok(()),
        }
    }

    fn ask_engine(&mut self, question: &Question, last: bool) -> Result<EvaluatedItem, Ending> {
        let seat = self.seat;
        let mut running = match self.running.take() {
            Some(running) => running,
            None => seat.client.start_evaluation(&seat.model, &seat.settings)?,
        };
        running.submit(&self.request(question))?;
        let item = running.next()?;
        if last {
            running.finish()?;
        } else {
            self.running = Some(running);
        }
        self.check_width(&item)?;
        Ok(item)
    }

    fn request(&mut self, question: &Question) -> EvaluateRequest {
        // A name of its own for each: the files of the one before may still be read.
        let id = ItemId::new(format!("case-{}", self.asked));
        self.asked += 1;
        EvaluateRequest {
            schema: Tag::new(),
            id: id.expect("a word and a number are an id"),
            tokens: question.tokens.ids().to_vec(),
            positions: question.positions.clone(),
            greedy_steps: question.greedy_steps,
        }
    }

    /// Rows are as long as the engine itself says that they are.
    fn check_width(&self, item: &EvaluatedItem) -> Result<(), Ending> {
        let columns = item.logits.columns();
        let described = self.seat.vocabulary_size;
        if columns as u64 == u64::from(described) {
            return Ok(());
        }
        Err(Ending::Inconsistent(format!(
            "{} describes a vocabulary of {described} tokens, its rows have {columns} logits",
            self.seat.client.spec().name
        )))
    }
}
