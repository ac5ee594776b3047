//! Why flags make no request.

use std::fmt;

use crate::exit::Exit;
use crate::prompt_set::PromptSetError;

/// Why flags make no request.
#[derive(Debug)]
pub enum FlagError {
    /// They contradict each other.
    Usage(String),
    /// A file that they name is of no use.
    BadInput(String),
    /// A prompt set is of no use.
    PromptSet(PromptSetError),
}

impl FlagError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::BadInput(_) => Exit::BadInput,
            Self::PromptSet(error) => error.exit(),
        }
    }
}

impl fmt::Display for FlagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) | Self::BadInput(problem) => f.write_str(problem),
            Self::PromptSet(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FlagError {}
