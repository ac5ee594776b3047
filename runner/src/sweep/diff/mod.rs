//! `lockstep diff A B`: what became of the cases of one run in another, and why it may be.
//!
//! In reading order: `side` opens a run or a receipt; `walk` lays the cases side by side and adds up;
//! `case` says what became of one, by its `figures` and `rows`; `causes` what differs of all that
//! decides results, of which `limits` and `fields` have their own ways, and `programs` looks where
//! receipts tell nothing. `text` and `table` write what was found. No threshold is applied and nothing
//! is judged anew: `gate` says whether a run passes, this says what is not as it was.

mod case;
mod causes;
pub(super) mod fields;
mod figures;
pub(super) mod limits;
mod programs;
mod rows;
mod side;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod walk;

use std::fmt;
use std::path::PathBuf;

use schemas::canonical::{self, NotJson};
use schemas::diff::{CauseKind, RunDiff};

use self::side::Side;
use super::folder::FolderError;
use crate::exit::Exit;
use crate::text::{escape_json_for_terminal, escape_path};

pub(super) use text::field_in_words;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The first run.
    pub before: PathBuf,
    /// The second.
    pub after: PathBuf,
    /// How the answer is written.
    pub format: Format,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text {
        /// Every case and not only the first of each kind.
        all: bool,
    },
    /// One object of the kind `diff`.
    Json,
    /// One row for each case and figure.
    Csv,
}

/// What to print on standard output, and how to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Empty when there is nothing to tell, but for JSON.
    pub output: String,
    /// By the codes of diff(1): 0 same, 1 different. The names of these codes are not diff's.
    pub exit: Exit,
}

/// Why two sides cannot be compared.
#[derive(Debug)]
pub enum DiffError {
    /// One of them cannot be read.
    Folder(FolderError),
    /// A receipt that is of no sweep, beside cases that are of one.
    NoKey(PathBuf),
    /// Two receipts that are of no sweep are not about the same; what differs.
    OtherQuestion(Vec<String>),
    /// Neither has a receipt.
    Nothing,
    /// An answer that has no JSON form.
    NotJson(NotJson),
    /// An answer that has no CSV form.
    NotCsv(csv::Error),
}

impl DiffError {
    /// The class of the exit code; `diff` itself ends with 2 for all of them.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => error.exit(),
            Self::NoKey(_) | Self::OtherQuestion(_) | Self::Nothing => Exit::BadInput,
            Self::NotJson(_) | Self::NotCsv(_) => Exit::Internal,
        }
    }
}

impl fmt::Display for DiffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::NoKey(path) => write!(
                f,
                "{}: the receipt is of no sweep, so that none of the other run's cases is its like \
                 (hint: name the other receipt's file)",
                escape_path(path)
            ),
            Self::OtherQuestion(fields) => write!(
                f,
                "the receipts are not about the same, these differ: {}",
                fields.join(", ")
            ),
            Self::Nothing => {
                f.write_str("neither run has a receipt, so there is nothing to compare")
            }
            Self::NotJson(error) => error.fmt(f),
            Self::NotCsv(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DiffError {}

impl From<FolderError> for DiffError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

/// Compares two runs and tells what differs.
pub fn run(request: &Request) -> Result<Report, DiffError> {
    let diff = compare(request)?;
    let output = match request.format {
        Format::Text { all } => text::tell(&diff, all),
        Format::Csv => table::csv(&diff).map_err(DiffError::NotCsv)?,
        Format::Json => {
            let json = canonical::to_string(&diff).map_err(DiffError::NotJson)?;
            escape_json_for_terminal(&json)
        }
    };
    let exit = match diff.exit.code {
        0 => Exit::Parity,
        _ => Exit::Diverged,
    };
    Ok(Report { output, exit })
}

/// What became of the first run's cases in the second.
pub fn compare(request: &Request) -> Result<RunDiff, DiffError> {
    let before = Side::open(&request.before)?;
    let after = Side::open(&request.after)?;
    walk::compare(&before, &after)
}

/// The word for a kind of cause, as in JSON.
pub(super) fn cause_word(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::Conflicting => "conflicting",
        CauseKind::NotReproducible => "not-reproducible",
        CauseKind::Unexplained => "unexplained",
        CauseKind::LimitsLoosened => "limits-loosened",
        CauseKind::FloorRaised => "floor-raised",
        CauseKind::ReferenceChanged => "reference-changed",
        CauseKind::CandidateChanged => "candidate-changed",
        CauseKind::ModelChanged => "model-changed",
        CauseKind::ReferenceModelChanged => "reference-model-changed",
        CauseKind::TokenizerChanged => "tokenizer-changed",
        CauseKind::TokensChanged => "tokens-changed",
        CauseKind::LimitsTightened => "limits-tightened",
        CauseKind::LimitsRenamed => "limits-renamed",
        CauseKind::FloorLowered => "floor-lowered",
        CauseKind::FloorChanged => "floor-changed",
        CauseKind::IdentityChanged => "identity-changed",
        CauseKind::Missing => "missing",
        CauseKind::SettingsChanged => "settings-changed",
    }
}
