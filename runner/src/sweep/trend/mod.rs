//! `lockstep trend RUN…`: what comparisons came to over several runs, in the order in which they are
//! given, and what that decides results changed between them.
//!
//! `night` reads a merged run; `gather` puts runs side by side; `marks` says what changed from one to
//! another. `text`, `table` and `plot` show it. Each run is held against the one before it and against
//! the first one: a job that compares every night with the last good one takes each small step for none,
//! and only the first run shows how far they lead.

mod gather;
mod marks;
mod night;
mod plot;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::path::PathBuf;

use schemas::canonical::{self, NotJson};
use schemas::trend::Trend;

use self::night::Night;
use super::folder::FolderError;
use crate::exit::Exit;
use crate::text::escape_json_for_terminal;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The folders of merged runs, the oldest first.
    pub runs: Vec<PathBuf>,
    /// How the answer is written.
    pub format: Format,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One object of the kind `trend`.
    Json,
    /// One row for each comparison and run.
    Csv,
}

/// What there is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For standard output.
    pub output: String,
    /// The same as SVG.
    pub picture: String,
}

/// Why runs cannot be shown.
#[derive(Debug)]
pub enum TrendError {
    /// One of them cannot be read.
    Folder(FolderError),
    /// An answer that has no JSON form.
    NotJson(NotJson),
    /// An answer that has no CSV form.
    NotCsv(csv::Error),
}

impl TrendError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => error.exit(),
            Self::NotJson(_) | Self::NotCsv(_) => Exit::Internal,
        }
    }
}

impl fmt::Display for TrendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::NotJson(error) => error.fmt(f),
            Self::NotCsv(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TrendError {}

/// Reads the runs and shows what they came to.
pub fn run(request: &Request) -> Result<Report, TrendError> {
    let trend = of(request)?;
    let output = match request.format {
        Format::Text => text::tell(&trend),
        Format::Csv => table::csv(&trend).map_err(TrendError::NotCsv)?,
        Format::Json => {
            let json = canonical::to_string(&trend).map_err(TrendError::NotJson)?;
            escape_json_for_terminal(&json)
        }
    };
    Ok(Report {
        output,
        picture: plot::svg(&trend),
    })
}

/// What the runs came to.
pub fn of(request: &Request) -> Result<Trend, TrendError> {
    let labels = night::labels(&request.runs);
    let nights = request.runs.iter().zip(labels);
    let nights = nights.map(|(root, label)| Night::read(root, label));
    let nights: Result<Vec<_>, _> = nights.collect();
    Ok(gather::trend(nights.map_err(TrendError::Folder)?))
}
