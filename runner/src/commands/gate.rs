//! `lockstep gate`: the verdict of a whole run.

use anyhow::Error;
use schemas::canonical;

use crate::cli::runs::{GateFlags, GateFormat};
use crate::console::print;
use crate::engine::Interrupt;
use crate::exit::Exit;
use crate::report;
use crate::sweep::folder::RunFolder;
use crate::sweep::gate::{GateError, gate};
use crate::sweep::tables;
use crate::text::escape_json_for_terminal;

/// Prints what a run comes to; the exit code is the run's.
pub fn run(flags: &GateFlags) -> Result<Exit, Error> {
    Interrupt::end_at_once()?;
    let run = RunFolder::open(&flags.run).map_err(GateError::Folder)?;
    conclude(&run, flags.format)
}

/// The same of an open run.
pub(super) fn conclude(run: &RunFolder, told: GateFormat) -> Result<Exit, Error> {
    let summary = gate(run)?;
    print(&match told {
        GateFormat::Json => escape_json_for_terminal(&canonical::to_string(&summary)?),
        GateFormat::Text => report::run::text(&summary),
        GateFormat::Github => tables::github(&summary, &run.plan) + &report::run::text(&summary),
    })?;
    Ok(Exit::of_code(summary.exit.code).unwrap_or(Exit::Internal))
}
