//! `lockstep bench`: how fast engines are on one model and the same tokens, and how much memory they
//! take.
//!
//! In reading order: `plan` (who takes part, and with which `tokens`), `ways` (the settings that an
//! engine could be fastest with), `process` (one run of an engine, the only place with a clock), `pilot`
//! (each engine's best settings), `rounds` (A B A B), `figures`, `agreement` (so that a fast wrong engine
//! is seen), `receipt`, and [`against`] an earlier one. [`text`] and [`table`] show what came out.
//!
//! Nothing is judged here by limits; `lockstep per-token` does that.

pub mod against;
mod agreement;
mod error;
mod figures;
mod pilot;
mod plan;
mod process;
mod receipt;
mod rounds;
pub mod table;
#[cfg(test)]
mod testing;
pub mod text;
mod tokens;
mod ways;
mod words;

use std::path::PathBuf;

use schemas::bench::{BenchReceipt, BenchWork};

pub use error::BenchError;
pub(crate) use receipt::processors;

use crate::engine::{Catalogue, Supervision};
use crate::exit::Exit;
use crate::model_file;
use crate::run_error::RunError;
use against::Against;
use process::Work;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model.
    pub model: PathBuf,
    /// The engines by name, in the order of their turns; none stands for those that there are.
    pub engines: Vec<String>,
    /// How much work, how often.
    pub work: BenchWork,
    /// The earlier bench, and how much slower is too slow.
    pub against: Option<Against>,
    /// The limits under which engines run.
    pub supervision: Supervision,
}

/// Tells people what goes on.
#[derive(Clone, Copy)]
pub struct Telling<'a> {
    /// What they have to know.
    pub announce: &'a dyn Fn(&str),
    /// What is being done now.
    pub progress: &'a dyn Fn(&str),
}

/// Measures, in the order in which it is told here.
pub fn run(
    request: &Request,
    catalogue: &Catalogue,
    telling: Telling<'_>,
) -> Result<(BenchReceipt, Exit), BenchError> {
    let header = model_file::read_header(&request.model).map_err(RunError::Model)?;
    let stop = request.supervision.interrupt.flag();
    let model = model_file::identity_unless(&request.model, stop).map_err(RunError::Hash)?;
    if let Some(against) = &request.against {
        against.check(&model, &request.work)?;
    }
    let plan = plan::plan(request, catalogue, &header, telling)?;
    let work = Work {
        model: &request.model,
        tokens: &plan.tokens,
        steps: request.work.steps,
    };
    let chosen = pilot::choose(&plan, request, &header, &work, telling)?;
    let taken = rounds::run(&plan, &chosen, request, &work, telling)?;
    (telling.progress)("comparing the logits of the last round");
    let agreements = agreement::with_first(&plan, &taken, &request.supervision)?;
    let mut receipt = receipt::receipt(request, model, &plan, chosen, taken, agreements);
    let mut exit = Exit::Parity;
    if let Some(against) = &request.against {
        let compared = against.compare(&receipt)?;
        exit = against::exit(&compared);
        receipt.against = Some(compared);
        receipt.exit = exit.record();
    }
    Ok((receipt, exit))
}
