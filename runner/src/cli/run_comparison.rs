//! The flags of `lockstep diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::sweep::diff;

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
