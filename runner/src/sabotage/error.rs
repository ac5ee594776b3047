//! What keeps a sabotage from proving anything.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::faults::{FAULTY_ENGINE, MADE_BY};
use crate::engine::EngineFault;
use crate::exit::Exit;
use crate::model_file::ModelFileError;
use crate::run_error::RunError;
use crate::text::escape_path;

/// What keeps a sabotage from proving anything.
#[derive(Debug)]
pub enum SabotageError {
    /// There is no engine that can make faults.
    NoEngine {
        /// Where it was looked for, if there is a place.
        place: Option<PathBuf>,
    },
    /// It cannot say which faults it makes.
    Engine(EngineFault),
    /// This program's own file, which spoils answers, was not found.
    NoOwnFile(io::Error),
    /// Nothing was asked for.
    NoProfile,
    /// The model is of no use.
    Model(ModelFileError),
    /// It could not be read to its end.
    Hash(io::Error),
    /// A climb could not begin.
    Run(RunError),
    /// The user wanted to stop.
    Interrupted,
}

impl SabotageError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoEngine { .. } => Exit::Unavailable,
            Self::Engine(fault) => fault.exit(),
            Self::NoOwnFile(_) => Exit::Internal,
            Self::NoProfile => Exit::Usage,
            Self::Model(_) | Self::Hash(_) => Exit::BadInput,
            Self::Run(error) => error.exit(),
            Self::Interrupted => Exit::Retryable,
        }
    }
}

impl fmt::Display for SabotageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEngine { place } => {
                write!(f, "{FAULTY_ENGINE} is not there")?;
                if let Some(place) = place {
                    write!(f, ": {}", escape_path(place))?;
                }
                write!(f, " (hint: {MADE_BY} makes it)")
            }
            Self::Engine(fault) => fault.fmt(f),
            Self::NoOwnFile(error) => write!(f, "finding this program's own file: {error}"),
            Self::NoProfile => f.write_str("no profile to try faults in"),
            Self::Model(error) => error.fmt(f),
            Self::Hash(error) => write!(f, "hashing the model: {error}"),
            Self::Run(error) => error.fmt(f),
            Self::Interrupted => f.write_str("stopped by a signal"),
        }
    }
}

impl std::error::Error for SabotageError {}

impl From<EngineFault> for SabotageError {
    fn from(fault: EngineFault) -> Self {
        Self::Engine(fault)
    }
}

impl From<ModelFileError> for SabotageError {
    fn from(error: ModelFileError) -> Self {
        Self::Model(error)
    }
}

impl From<RunError> for SabotageError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
