//! `lockstep preflight`: which engines are there, where, how they were built, what they can run,
//! what is missing, and the command that mends it.
//!
//! `examine` asks every engine and gives facts, `text` tells them to people. In goes the
//! catalogue and perhaps a model; out comes what to print and the exit code. Nothing is
//! evaluated, and nothing is mended here.

mod examine;
mod text;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use schemas::canonical;

use crate::engine::{Catalogue, EngineFault, FaultKind, Supervision};
use crate::exit::Exit;
use crate::text::escape_for_terminal;

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
    /// The model that was named cannot be read.
    Model {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The user wanted to stop.
    Interrupted(EngineFault),
    /// A report that has no JSON form.
    NotJson(canonical::NotJson),
}

impl PreflightError {
    /// The class of the exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Model { .. } => Exit::BadInput,
            Self::Interrupted(fault) => fault.exit(),
            Self::NotJson(_) => Exit::Internal,
        }
    }
}

impl fmt::Display for PreflightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { path, error } => {
                write!(
                    f,
                    "{}: {error}",
                    escape_for_terminal(&path.to_string_lossy())
                )
            }
            Self::Interrupted(fault) => write!(f, "{fault}"),
            Self::NotJson(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for PreflightError {}

/// Asks every engine of the catalogue and tells what they said.
pub fn run(catalogue: &Catalogue, request: &Request) -> Result<Report, PreflightError> {
    if let Some(path) = &request.model {
        check_readable(path)?;
    }
    let (preflight, exit) =
        examine::examine(catalogue, request.model.as_deref(), &request.supervision)?;
    let output = match request.format {
        Format::Text { verbose, colour } => text::tell(&preflight, verbose, colour),
        Format::Json => canonical::to_string(&preflight).map_err(PreflightError::NotJson)?,
    };
    Ok(Report { output, exit })
}

/// Says it once, and not as the failure of every engine.
fn check_readable(path: &Path) -> Result<(), PreflightError> {
    let problem = |error| PreflightError::Model {
        path: path.to_owned(),
        error,
    };
    let file = std::fs::File::open(path).map_err(problem)?;
    if !file.metadata().map_err(problem)?.is_file() {
        return Err(problem(io::Error::other("not a regular file")));
    }
    Ok(())
}

impl From<EngineFault> for PreflightError {
    /// Only an interruption stops the report; any other fault is part of it.
    fn from(fault: EngineFault) -> Self {
        debug_assert_eq!(*fault.kind, FaultKind::Interrupted);
        Self::Interrupted(fault)
    }
}
