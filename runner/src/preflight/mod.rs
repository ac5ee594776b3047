//! `lockstep preflight`: which engines are there, where, how they were built, what they can run,
//! what is missing, and the command that mends it.
//!
//! `examine` asks every engine and gives facts; `text` tells them to people, with a `table` of who
//! can run the model and a `conclusion`. In goes the catalogue and perhaps a model; out comes what
//! to print and the exit code. Nothing is evaluated, and nothing is mended here.

mod conclusion;
mod examine;
mod table;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};

use gguf::Header;
use schemas::canonical;

pub(crate) use examine::{examine, mend};

use crate::engine::{Catalogue, EngineFault, Supervision};
use crate::exit::Exit;
use crate::model_file::{self, ModelFileError};
use crate::text::escape_json_for_terminal;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model that the engines should be able to run.
    pub model: Option<PathBuf>,
    /// The limits under which they are asked.
    pub supervision: Supervision,
    /// How the answer is written.
    pub format: Format,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text {
        /// Everything that the engines say of themselves.
        verbose: bool,
        /// Whether the terminal shows colours and wants them.
        colour: bool,
    },
    /// One object of the kind `preflight`.
    Json,
}

/// What to print on standard output, and how to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Ends with a line end.
    pub output: String,
    /// Success when a comparison can begin.
    pub exit: Exit,
}

/// Why there is no report.
#[derive(Debug)]
pub enum PreflightError {
    /// The model that was named is of no use.
    Model(ModelFileError),
    /// The user wanted to stop, or no engine can be asked here.
    Stopped(EngineFault),
    /// A report that has no JSON form.
    NotJson(canonical::NotJson),
}

impl PreflightError {
    /// The class of the exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Model(_) => Exit::BadInput,
            Self::Stopped(fault) => fault.exit(),
            Self::NotJson(_) => Exit::Internal,
        }
    }
}

impl fmt::Display for PreflightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(error) => write!(f, "{error}"),
            Self::Stopped(fault) => write!(f, "{fault}"),
            Self::NotJson(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for PreflightError {}

/// A model file and what its head says.
#[derive(Clone, Copy)]
pub(crate) struct Model<'a> {
    /// Where it is.
    pub(crate) path: &'a Path,
    /// What its head says.
    pub(crate) header: &'a Header,
}

/// Asks every engine of the catalogue and tells what they said.
pub fn run(catalogue: &Catalogue, request: &Request) -> Result<Report, PreflightError> {
    let path = request.model.as_deref();
    // A file that is no model is told once, and not as the failure of every engine.
    let header = path.map(model_file::read_header).transpose();
    let header = header.map_err(PreflightError::Model)?;
    let model = path.zip(header.as_ref());
    let model = model.map(|(path, header)| Model { path, header });
    let (preflight, exit) = examine(catalogue, model, &request.supervision)?;
    let output = match request.format {
        Format::Text { verbose, colour } => text::tell(&preflight, verbose, colour),
        Format::Json => {
            let json = canonical::to_string(&preflight).map_err(PreflightError::NotJson)?;
            escape_json_for_terminal(&json)
        }
    };
    Ok(Report { output, exit })
}

impl From<EngineFault> for PreflightError {
    /// Only what is no engine's own stops the report; any other fault is part of it.
    fn from(fault: EngineFault) -> Self {
        debug_assert!(fault.is_of_any_engine());
        Self::Stopped(fault)
    }
}
