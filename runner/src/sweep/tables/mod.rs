//! What a merged run has for other programs: tables of its cases and of their rows, and what test
//! reports and pages of CI services show.
//!
//! In reading order: `cell` is what tables are made of; `case` and `position` have their columns;
//! `table` writes them as CSV (`csv_file`) and, where it is wanted, as Parquet (`parquet_file`). `entry`
//! says what a run is in the words of tests, for `junit` and `annotations`; `markdown` is for people.
//!
//! Receipts are read one at a time. Nothing of a machine, a path or a time is in any of these files:
//! equal results give equal bytes.

mod annotations;
mod case;
mod cell;
mod csv_file;
mod entry;
mod junit;
mod markdown;
mod parquet_file;
mod position;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use schemas::receipt::Receipt;
use schemas::run_summary::RunSummary;

pub use self::annotations::github;
use self::case::Case;
use self::table::Table;
use super::folder::{FolderError, RECEIPT, RunFolder};
use crate::exit::Exit;
use crate::in_turn::in_turn;
use crate::results::write_text;
use crate::text::escape_path;

/// One row for each planned case.
const CASES: &str = "cases";
/// One row for each compared position and greedy step.
const POSITIONS: &str = "positions";
/// For test reports.
const JUNIT: &str = "junit.xml";
/// For pages of CI services.
const MARKDOWN: &str = "summary.md";

/// Why the tables of a run are not there.
#[derive(Debug)]
pub enum TablesError {
    /// A receipt cannot be read.
    Folder(FolderError),
    /// A receipt is not the one that was summed up.
    Changed(PathBuf),
    /// A file cannot be written.
    Write(PathBuf, io::Error),
}

impl TablesError {
    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Write(path.to_owned(), error)
    }

    /// What the process ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => error.exit(),
            Self::Changed(_) => Exit::BadInput,
            Self::Write(..) => Exit::Internal,
        }
    }
}

impl fmt::Display for TablesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::Changed(path) => write!(
                f,
                "{}: another digest than in the run's summary (hint: merge again)",
                escape_path(path)
            ),
            Self::Write(path, error) => write!(f, "{}: {error}", escape_path(path)),
        }
    }
}

impl std::error::Error for TablesError {}

/// Writes the tables of a run into a folder, each whole or not at all; as Parquet too where it is
/// wanted.
pub fn write(
    run: &RunFolder,
    summary: &RunSummary,
    out: &Path,
    parquet: bool,
) -> Result<(), TablesError> {
    let cases = case::all(&run.plan, summary);
    let mut case_table = Table::create(out, CASES, &case::cells(None), parquet)?;
    let mut row_table = Table::create(out, POSITIONS, &position::cells(None), parquet)?;
    let read = |case: &Case<'_>| receipt(run, case);
    in_turn(&cases, read, |case, receipt| {
        let receipt = receipt?;
        case_table.push(case::cells(Some((case, receipt.as_ref()))))?;
        let Some(receipt) = receipt else {
            return Ok(());
        };
        let mut places = position::all(&case.planned.keys.id, &receipt);
        places.try_for_each(|place| row_table.push(position::cells(Some(&place))))
    })?;
    case_table.finish()?;
    row_table.finish()?;
    for (name, text) in [
        (JUNIT, junit::text(&run.plan, summary)),
        (MARKDOWN, markdown::text(summary)),
    ] {
        write_text(out, name, &text).map_err(TablesError::write(&out.join(name)))?;
    }
    Ok(())
}

/// The receipt that was summed up. One that does not count has no rows, and may be unreadable.
fn receipt(run: &RunFolder, case: &Case<'_>) -> Result<Option<Receipt>, TablesError> {
    let Some(found) = case.found else {
        return Ok(None);
    };
    let receipt = run.receipt(case.planned).map_err(TablesError::Folder)?;
    match receipt {
        Some(receipt) if receipt.digest == found.receipt_digest => Ok(Some(receipt)),
        _ => Err(TablesError::Changed(
            run.case(&case.planned.keys.id).join(RECEIPT),
        )),
    }
}
