//! The hidden sub-command `distort-output`: stands between the runner and an engine, passes the
//! exchange protocol through, and makes one fault in what the engine answers to `evaluate`.
//!
//! For faults about output alone; what is wrong in a forward pass or in tokens is made by an engine
//! itself. It can be seen: `describe` gives the fault among the flags of the build. In go the fault,
//! the engine's command with the sub-command that the runner adds, and the protocol on standard
//! input; out comes the protocol, and the engine's own end. `faults` lists what can be made,
//! `change` makes it in an answer and its files, which `rows` changes in place.

mod change;
mod error;
mod faults;
mod pass;
mod rows;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use schemas::describe::DescribeResponse;
use schemas::evaluate::{
    EvaluateRequest, EvaluateResponse, Evaluated, greedy_file_name, logits_file_name,
};
use schemas::line::{self, Answer};

pub use error::DistortError;
pub use faults::{Chosen, FAULTS, OutputFault};

use crate::exit::Exit;
use change::{Changer, Item};
use pass::Engine;
use rows::Rows;

/// The hidden sub-command of `lockstep`.
pub(crate) const SUBCOMMAND: &str = "distort-output";

/// Runs the engine's command until it ends, and says how it did.
pub fn run(
    chosen: Chosen,
    command: &[OsString],
    requests: &mut dyn BufRead,
    answers: &mut dyn Write,
) -> Result<Exit, DistortError> {
    let has = |word: &str| command.iter().any(|argument| argument == word);
    if has("evaluate") {
        evaluate(chosen, command, requests, answers)
    } else if has("describe") {
        describe(chosen, command, answers)
    } else {
        pass::whole(command)
    }
}

fn describe(
    chosen: Chosen,
    command: &[OsString],
    answers: &mut dyn Write,
) -> Result<Exit, DistortError> {
    let mut engine = Engine::start(command)?;
    engine.close_requests();
    if let Some(text) = engine.answer()? {
        let mut description: DescribeResponse = line::read(&text)?;
        description.build.flags.push(format!("fault={chosen}"));
        pass::write(answers, &line::write(&description))?;
    }
    engine.end()
}

fn evaluate(
    chosen: Chosen,
    command: &[OsString],
    requests: &mut dyn BufRead,
    answers: &mut dyn Write,
) -> Result<Exit, DistortError> {
    let out = out_folder(command)?;
    let mut engine = Engine::start(command)?;
    let mut changer = Changer::new(chosen);
    // One at a time: engines answer in order, and what is asked for later stays in the pipe.
    while let Some(text) = pass::read_line(requests)? {
        engine.ask(&text)?;
        let Some(answer) = engine.answer()? else {
            break;
        };
        let changed = match EvaluateResponse::read(&answer)? {
            Answer::Success(answer) => {
                let request: EvaluateRequest = line::read(&text)?;
                line::write(&change_item(&mut changer, &out, &request, answer)?)
            }
            Answer::Failure(_) => answer,
        };
        pass::write(answers, &changed)?;
    }
    engine.close_requests();
    engine.end()
}

/// The folder that the runner names.
fn out_folder(command: &[OsString]) -> Result<PathBuf, DistortError> {
    let mut pairs = command.windows(2).filter(|pair| pair[0] == "--out");
    let pair = pairs.next_back().ok_or(DistortError::NoFolder)?;
    Ok(PathBuf::from(&pair[1]))
}

fn change_item(
    changer: &mut Changer,
    out: &Path,
    request: &EvaluateRequest,
    answer: Evaluated,
) -> Result<Evaluated, DistortError> {
    let [rows, columns] = answer.shape;
    let steps = answer.greedy_ids.len() as u64;
    // The names that the protocol gives, whatever the answer says.
    let open = |name: String, rows: u64| {
        let opened = Rows::open(&out.join(&name), [rows, columns]);
        opened.map_err(|error| DistortError::File { name, error })
    };
    let item = Item {
        logits: open(logits_file_name(&request.id), rows)?,
        greedy: open(greedy_file_name(&request.id), steps)?,
        positions: request
            .positions
            .resolve(request.tokens.len())
            .map_err(DistortError::Positions)?,
        answer,
    };
    changer.change(item).map_err(|error| DistortError::File {
        name: logits_file_name(&request.id),
        error,
    })
}
