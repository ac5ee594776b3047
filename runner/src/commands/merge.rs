//! `lockstep merge`: brings the folders of shards together into one run.

use anyhow::Error;

use crate::cli::runs::MergeFlags;
use crate::console::tell;
use crate::exit::Exit;
use crate::report;
use crate::sweep::merge::merge;
use crate::text::escape_path;

/// Merges. Whatever the cases say, the run is written; what is wrong with it is told.
pub fn run(flags: &MergeFlags) -> Result<Exit, Error> {
    let merged = merge(&flags.folders, &flags.out)?;
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
