//! The exchange protocol: one sub-command a module, and the exit codes that they share.

pub mod describe;
pub mod evaluate;
mod npy;
pub mod tokenize;

use std::fmt;
use std::io::{self, BufRead};

use schemas::line::MessageError;

use crate::model::ModelError;

/// Why a sub-command ends early.
#[derive(Debug)]
pub enum ServeError {
    /// The flags contradict each other or name what this engine does not have.
    Usage(String),
    /// A model that cannot be used.
    Model {
        /// Its path.
        path: String,
        /// Why.
        error: ModelError,
    },
    /// This engine does not do that.
    Unavailable(String),
    /// A request that is no request.
    Request {
        /// From 1.
        line: usize,
        /// What is wrong.
        error: MessageError,
    },
    /// A line that is not UTF-8.
    NotUtf8 {
        /// From 1.
        line: usize,
    },
    /// Reading requests or writing answers failed.
    Io {
        /// What was being done.
        what: String,
        /// The cause.
        error: io::Error,
    },
}

impl ServeError {
    /// The engine's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Model { error, .. } => match error {
                ModelError::Malformed(_) => 65,
                ModelError::Io(_) | ModelError::Unsupported(_) => 69,
            },
            Self::Unavailable(_) => 69,
            Self::Request { .. } | Self::NotUtf8 { .. } => 65,
            // No fault of anybody's, and the disk may have room another time.
            Self::Io { error, .. } if is_full(error) => 75,
            Self::Io { .. } => 70,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) | Self::Unavailable(problem) => f.write_str(problem),
            Self::Model { path, error } => write!(f, "{path}: {error}"),
            Self::Request { line, error } => write!(f, "request on line {line}: {error}"),
            Self::NotUtf8 { line } => write!(f, "request on line {line}: not UTF-8"),
            Self::Io { what, error } => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Model { error, .. } => Some(error),
            Self::Request { error, .. } => Some(error),
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Says what was being done when reading or writing failed.
pub fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> ServeError {
    let what = what.into();
    move |error| ServeError::Io { what, error }
}

/// Reads requests line by line and gives each to `answer`; ends with the input.
fn each_line(
    input: &mut dyn BufRead,
    mut answer: impl FnMut(usize, &str) -> Result<(), ServeError>,
) -> Result<(), ServeError> {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = input.read_until(b'\n', &mut bytes);
        if read.map_err(io_error("reading requests"))? == 0 {
            break;
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| ServeError::NotUtf8 { line })?;
        answer(line, text.trim_end_matches(['\n', '\r']))?;
    }
    Ok(())
}
