//! Why an engine's answers could not be passed on.

use std::fmt;
use std::io;

use schemas::line::MessageError;

use crate::exit::Exit;

/// Why an engine's answers could not be passed on.
#[derive(Debug)]
pub enum DistortError {
    /// The engine could not be started.
    NotStarted {
        /// Its program.
        program: String,
        /// What the system said.
        error: io::Error,
    },
    /// A pipe failed, or what came through it is no text.
    Pipe {
        /// Which one.
        what: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A line is longer than any message.
    TooLong {
        /// The most that a line may have.
        limit_bytes: u64,
    },
    /// A message is not what the protocol asks for.
    Message(MessageError),
    /// Positions that a request cannot ask for, though the engine answered them.
    Positions(String),
    /// There is no engine to start.
    NoCommand,
    /// `evaluate` was called without a folder for its files.
    NoFolder,
    /// A file is not what the answer says.
    File {
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: io::Error,
    },
}

impl DistortError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NotStarted { .. } => Exit::Unavailable,
            Self::Pipe { error, .. } if error.kind() == io::ErrorKind::InvalidData => {
                Exit::BadInput
            }
            Self::Pipe { .. } => Exit::Internal,
            Self::NoCommand | Self::NoFolder => Exit::Usage,
            Self::TooLong { .. } | Self::Message(_) | Self::Positions(_) | Self::File { .. } => {
                Exit::BadInput
            }
        }
    }
}

impl fmt::Display for DistortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted { program, error } => write!(f, "starting {program}: {error}"),
            Self::Pipe { what, error } => write!(f, "{what}: {error}"),
            Self::TooLong { limit_bytes } => {
                write!(f, "a line of more than {limit_bytes} bytes")
            }
            Self::Message(error) => write!(f, "a message that cannot be passed on: {error}"),
            Self::Positions(problem) => f.write_str(problem),
            Self::NoCommand => f.write_str("no engine to start"),
            Self::NoFolder => f.write_str("evaluate without --out: there are no files to change"),
            Self::File { name, error } => write!(f, "{name}: {error}"),
        }
    }
}

impl std::error::Error for DistortError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotStarted { error, .. }
            | Self::Pipe { error, .. }
            | Self::File { error, .. } => Some(error),
            Self::Message(error) => Some(error),
            Self::TooLong { .. } | Self::Positions(_) | Self::NoCommand | Self::NoFolder => None,
        }
    }
}

impl From<MessageError> for DistortError {
    fn from(error: MessageError) -> Self {
        Self::Message(error)
    }
}
