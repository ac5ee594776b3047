//! `lockstep diff`: compares two runs.

use anyhow::Error;

use crate::cli::run_comparison::DiffFlags;
use crate::console::print;
use crate::exit::Exit;
use crate::sweep::diff;

/// Says what became of the cases of one run in another.
pub fn diff(flags: DiffFlags) -> Result<Exit, Error> {
    let report = diff::run(&flags.request())?;
    print(&report.output)?;
    Ok(report.exit)
}
