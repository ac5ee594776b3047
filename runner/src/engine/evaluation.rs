//! One `evaluate` process: items go in, checked answers with open files come out.
//!
//! An answer `error` concerns its item alone, and the engine goes on. After any other fault the
//! engine has been ended, and every later call repeats that fault.

use std::collections::VecDeque;
use std::sync::Arc;

use schemas::describe::Settings;
use schemas::evaluate::{
    EvaluateRequest, EvaluateResponse, Evaluated, greedy_file_name, logits_file_name,
};
use schemas::line::{self, Answer, ItemId, MessageError};

use super::fault::{EngineFault, FaultKind, Wait};
use super::logits::LogitsFile;
use super::memory::Memory;
use super::scratch::Scratch;
use super::session::Session;
use super::spec::{EngineSettings, Threads, arithmetic_word, kv_word, on_off};

/// A running `evaluate`.
#[derive(Debug)]
pub struct Evaluation {
    session: Session,
    scratch: Arc<Scratch>,
    asked: EngineSettings,
    in_flight: VecDeque<InFlight>,
    answered: usize,
    failed: Option<EngineFault>,
}

/// What has to be known of a request to check its answer.
#[derive(Debug)]
struct InFlight {
    id: ItemId,
    rows: u64,
    greedy_steps: u32,
}

/// A good answer and its numbers.
#[derive(Clone, Debug)]
pub struct EvaluatedItem {
    /// The answer.
    pub response: Evaluated,
    /// One row for each position that was asked for.
    pub logits: LogitsFile,
    /// One row for each greedy step: the one from which its token was chosen.
    pub greedy: LogitsFile,
}

impl Evaluation {
    pub(super) fn new(session: Session, scratch: Arc<Scratch>, asked: EngineSettings) -> Self {
        Self {
            session,
            scratch,
            asked,
            in_flight: VecDeque::new(),
            answered: 0,
            failed: None,
        }
    }

    /// Hands over one item and returns at once, whether or not the engine reads it. How many
    /// are in flight is the caller's affair.
    pub fn submit(&mut self, request: &EvaluateRequest) -> Result<(), EngineFault> {
        self.check_alive()?;
        // Positions that do not fit are for the engine to refuse; then there are no rows.
        let positions = request
            .positions
            .resolve(request.tokens.len())
            .unwrap_or_default();
        self.in_flight.push_back(InFlight {
            id: request.id.clone(),
            rows: positions.len() as u64,
            greedy_steps: request.greedy_steps,
        });
        self.session.send(line::write(request));
        Ok(())
    }

    /// How many items have no answer yet.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The answer to the oldest item in flight, waited for within the time limit. The clock
    /// starts with this call: an engine loses nothing by the time that comparing takes.
    ///
    /// # Panics
    /// When nothing is in flight.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end; this can fail"
    )]
    pub fn next(&mut self) -> Result<EvaluatedItem, EngineFault> {
        self.check_alive()?;
        let item = self
            .in_flight
            .pop_front()
            .expect("`next` is called for an item in flight");
        let wait = Wait::Item(item.id.clone());
        let text = self
            .session
            .answer(self.answered, &wait)
            .map_err(|fault| self.fail(fault))?;
        self.answered += 1;
        match self.check(&item, &text) {
            Ok(item) => Ok(item),
            Err(kind @ FaultKind::Declined { .. }) => Err(self.session.identity.fault(kind)),
            Err(kind) => {
                let fault = self.session.fault(kind);
                Err(self.fail(fault))
            }
        }
    }

    /// What the engine's process has of memory now.
    pub fn memory(&mut self) -> Result<Memory, EngineFault> {
        self.check_alive()?;
        self.session.memory().map_err(|fault| self.fail(fault))
    }

    /// Says that no more items come, and waits until the engine has ended with success.
    pub fn finish(self) -> Result<(), EngineFault> {
        self.check_alive()?;
        self.session.finish()
    }

    fn check_alive(&self) -> Result<(), EngineFault> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn fail(&mut self, fault: EngineFault) -> EngineFault {
        self.failed = Some(fault.clone());
        fault
    }

    fn check(&self, item: &InFlight, text: &str) -> Result<EvaluatedItem, FaultKind> {
        let response = match EvaluateResponse::read(text).map_err(FaultKind::BadAnswer)? {
            Answer::Success(response) => response,
            Answer::Failure(failure) => {
                check_id(&item.id, &failure.id)?;
                return Err(FaultKind::Declined {
                    id: failure.id,
                    error: failure.error,
                });
            }
        };
        check_id(&item.id, &response.id)?;
        check_answer(item, &response)?;
        check_settings(&self.asked, &response.settings)?;
        let columns = response.shape[1];
        let open = |name: String, rows: u64| {
            LogitsFile::open(name, [rows, columns], &self.scratch, &self.session.identity)
        };
        let logits = open(logits_file_name(&item.id), item.rows)?;
        let greedy = open(greedy_file_name(&item.id), u64::from(item.greedy_steps))?;
        Ok(EvaluatedItem {
            response,
            logits,
            greedy,
        })
    }
}

fn check_id(expected: &ItemId, found: &ItemId) -> Result<(), FaultKind> {
    if expected == found {
        return Ok(());
    }
    Err(FaultKind::WrongItem {
        expected: expected.clone(),
        found: found.clone(),
    })
}

fn check_answer(item: &InFlight, response: &Evaluated) -> Result<(), FaultKind> {
    let wrong = |path: &str, found: String, expected: String| {
        FaultKind::BadAnswer(MessageError {
            path: path.to_owned(),
            problem: format!("found {found}, expected {expected}"),
        })
    };
    for (field, found, expected) in [
        ("logits", &response.logits, logits_file_name(&item.id)),
        (
            "greedy_logits",
            &response.greedy_logits,
            greedy_file_name(&item.id),
        ),
    ] {
        if *found != expected {
            return Err(wrong(field, format!("`{found}`"), format!("`{expected}`")));
        }
    }
    let [rows, columns] = response.shape;
    if rows != item.rows {
        return Err(wrong(
            "shape",
            format!("{rows} rows"),
            item.rows.to_string(),
        ));
    }
    if columns == 0 {
        return Err(wrong(
            "shape",
            "0 columns".to_owned(),
            "one for each token".to_owned(),
        ));
    }
    let steps = response.greedy_ids.len();
    if steps as u64 != u64::from(item.greedy_steps) {
        return Err(wrong(
            "greedy_ids",
            format!("{steps} ids"),
            item.greedy_steps.to_string(),
        ));
    }
    match response
        .greedy_ids
        .iter()
        .find(|&&id| u64::from(id) >= columns)
    {
        Some(id) => Err(wrong(
            "greedy_ids",
            id.to_string(),
            format!("ids below {columns}"),
        )),
        None => Ok(()),
    }
}

/// An engine that silently computes with other settings makes a comparison of something else.
/// The context is not among them: it may be rounded up, and changes no number.
fn check_settings(asked: &EngineSettings, answered: &Settings) -> Result<(), FaultKind> {
    let arithmetic = asked
        .arithmetic
        .map(|asked| (arithmetic_word(asked), answered.arithmetic));
    let kv = asked.kv.map(|asked| (kv_word(asked), answered.kv));
    let flash = asked
        .flash_attention
        .map(|asked| (on_off(asked), answered.flash_attention));
    let silent = "nothing";
    let repack = asked
        .repack
        .map(|asked| (on_off(asked), answered.repack.map_or(silent, on_off)));
    let number = |asked: Option<u32>, answered: u32| {
        asked.map(|asked| (asked.to_string(), answered.to_string()))
    };
    let word = |asked: &str, answered: &str| (asked.to_owned(), answered.to_owned());
    let pairs = [
        (
            "arithmetic",
            arithmetic.map(|(asked, given)| word(asked, arithmetic_word(given))),
        ),
        (
            "threads",
            number(asked.threads.map(Threads::number), answered.threads),
        ),
        (
            "micro_batch",
            number(asked.micro_batch, answered.micro_batch),
        ),
        ("kv", kv.map(|(asked, given)| word(asked, kv_word(given)))),
        (
            "flash_attention",
            flash.map(|(asked, given)| word(asked, on_off(given))),
        ),
        ("repack", repack.map(|(asked, given)| word(asked, given))),
    ];
    for (setting, pair) in pairs {
        if let Some((asked, answered)) = pair
            && asked != answered
        {
            return Err(FaultKind::WrongSetting {
                setting,
                asked,
                answered,
            });
        }
    }
    Ok(())
}
