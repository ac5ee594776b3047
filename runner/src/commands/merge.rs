//! `lockstep merge`: brings the folders of shards together into one run.

use std::path::{Path, PathBuf};

use anyhow::Error;

use crate::cli::runs::MergeFlags;
use crate::console::tell;
use crate::engine::Interrupt;
use crate::exit::Exit;
use crate::report;
use crate::sweep::merge::{Merged, merge};
use crate::sweep::tables;
use crate::text::escape_path;

/// Merges. Whatever the cases say, the run is written; what is wrong with it is told.
pub fn run(flags: &MergeFlags) -> Result<Exit, Error> {
    Interrupt::end_at_once()?;
    let merged = with_tables(&flags.folders, &flags.out, flags.parquet)?;
    tell(&report::run::problems(&merged.unplanned));
    tell(&report::run::problems(&merged.summary.problems));
    tell(&format!(
        "{} of {} cases are in {}\n",
        merged.summary.cases.len(),
        merged.summary.planned,
        escape_path(merged.run.root())
    ));
    Ok(Exit::Parity)
}

/// Merges, and writes what other programs read.
pub(super) fn with_tables(folders: &[PathBuf], out: &Path, parquet: bool) -> Result<Merged, Error> {
    let merged = merge(folders, out)?;
    tables::write(&merged.run, &merged.summary, out, parquet)?;
    Ok(merged)
}
