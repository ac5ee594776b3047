//! Why a file or folder is no prompt set.

use std::fmt;
use std::io;

use schemas::line::MessageError;

use crate::exit::Exit;
use crate::text::escape_for_terminal;

/// Why a file or folder is no prompt set.
#[derive(Debug)]
pub struct PromptSetError {
    /// The file, as the user named it.
    pub(super) file: String,
    pub(super) problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    Unreadable(io::Error),
    TooLarge { limit_bytes: u64 },
    TooMany { limit: usize },
    // Counted from 1, as editors do.
    Line { number: usize, error: LineError },
    Columns(String),
    Quotes,
    // In a folder.
    File { name: String, problem: String },
    NoPrompts,
}

#[derive(Debug)]
pub(super) enum LineError {
    NotUtf8 {
        valid_bytes: usize,
    },
    /// Not even the beginning of an object.
    NoObject,
    Message(MessageError),
    NameIsTaken {
        name: String,
        by_line: usize,
    },
    Column {
        column: &'static str,
        problem: String,
    },
    Csv(String),
}

impl PromptSetError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self.problem {
            Problem::NoPrompts => Exit::Inconclusive,
            Problem::Unreadable(_)
            | Problem::TooLarge { .. }
            | Problem::TooMany { .. }
            | Problem::Line { .. }
            | Problem::Columns(_)
            | Problem::Quotes
            | Problem::File { .. } => Exit::BadInput,
        }
    }
}

impl fmt::Display for PromptSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "prompt set {}: ", escape_for_terminal(&self.file))?;
        match &self.problem {
            Problem::Unreadable(error) => error.fmt(f),
            Problem::TooLarge { limit_bytes } => {
                write!(
                    f,
                    "has more than {limit_bytes} bytes, which is all that is read"
                )
            }
            Problem::TooMany { limit } => {
                write!(
                    f,
                    "has more than {limit} prompts (hint: make several sets of it)"
                )
            }
            Problem::Line { number, error } => write!(f, "line {number}: {error}"),
            Problem::Columns(problem) => f.write_str(&escape_for_terminal(problem)),
            Problem::Quotes => f.write_str(
                "an odd number of double quotes, so one is never closed (hint: within a value in \
                 quotes, two stand for one)",
            ),
            Problem::File { name, problem } => write!(
                f,
                "file {}: {}",
                escape_for_terminal(name),
                escape_for_terminal(problem)
            ),
            Problem::NoPrompts => f.write_str("zero prompts, so there is nothing to compare"),
        }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { valid_bytes } => write!(
                f,
                "not UTF-8 after its first {valid_bytes} bytes (hint: \"text\": {{\"bytes\": […]}} \
                 holds any bytes)"
            ),
            Self::NoObject => f.write_str(
                "no JSON object (hint: a file whose name ends in .txt has one prompt a line, .csv a table)",
            ),
            Self::Message(error) => f.write_str(&escape_for_terminal(&error.to_string())),
            Self::NameIsTaken { name, by_line } => {
                write!(f, "field `name`: {name} is the prompt of line {by_line}")
            }
            Self::Column { column, problem } => {
                write!(f, "column `{column}`: {}", escape_for_terminal(problem))
            }
            Self::Csv(problem) => f.write_str(&escape_for_terminal(problem)),
        }
    }
}

impl std::error::Error for PromptSetError {}
