//! The flags of `lockstep diff` and `lockstep trend`, which compare runs with each other.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::sweep::{diff, trend};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// For people.
    Text,
    /// For programs; stable.
    Json,
    /// For spreadsheets.
    Csv,
}

/// The flags of `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffFlags {
    /// The first run, or a receipt
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The second
    #[arg(value_name = "B")]
    after: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    format: TableFormat,
    /// In text: every case, and not only the first of each kind
    #[arg(long)]
    all: bool,
}

impl DiffFlags {
    /// What they ask for.
    pub fn request(self) -> diff::Request {
        diff::Request {
            before: self.before,
            after: self.after,
            format: match self.format {
                TableFormat::Text => diff::Format::Text { all: self.all },
                TableFormat::Json => diff::Format::Json,
                TableFormat::Csv => diff::Format::Csv,
            },
        }
    }
}

/// The flags of `trend`.
#[derive(Clone, Debug, Args)]
pub struct TrendFlags {
    /// Merged runs, the oldest first
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// A picture (SVG) of the same
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    format: TableFormat,
}

impl TrendFlags {
    /// What they ask for.
    pub fn request(&self) -> trend::Request {
        trend::Request {
            runs: self.runs.clone(),
            format: match self.format {
                TableFormat::Text => trend::Format::Text,
                TableFormat::Json => trend::Format::Json,
                TableFormat::Csv => trend::Format::Csv,
            },
        }
    }
}
