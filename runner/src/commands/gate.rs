//! `lockstep gate`: the verdict of a whole run.

use anyhow::Error;
use schemas::canonical;

use crate::cli::Format;
use crate::cli::runs::GateFlags;
use crate::console::print;
use crate::exit::Exit;
use crate::report;
use crate::sweep::folder::RunFolder;
use crate::sweep::gate::{GateError, gate};
use crate::text::escape_json_for_terminal;

/// Prints what a run comes to; the exit code is the run's.
pub fn run(flags: &GateFlags) -> Result<Exit, Error> {
    let run = RunFolder::open(&flags.run).map_err(GateError::Folder)?;
    let summary = gate(&run)?;
    print(&match flags.format {
        Format::Json => escape_json_for_terminal(&canonical::to_string(&summary)?),
        Format::Text => report::run::text(&summary),
    })?;
    Ok(Exit::of_code(summary.exit.code).unwrap_or(Exit::Internal))
}
