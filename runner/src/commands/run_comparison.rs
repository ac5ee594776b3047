//! `lockstep diff` and `lockstep trend`: compare runs with each other.

use anyhow::Error;

use crate::cli::flag_error::FlagError;
use crate::cli::run_comparison::{DiffFlags, TrendFlags};
use crate::console::print;
use crate::exit::Exit;
use crate::sweep::{diff, trend};
use crate::text::escape_path;

/// Says what became of the cases of one run in another.
pub fn diff(flags: DiffFlags) -> Result<Exit, Error> {
    let report = diff::run(&flags.request())?;
    print(&report.output)?;
    Ok(report.exit)
}

/// Says what comparisons came to over several runs.
pub fn trend(flags: &TrendFlags) -> Result<Exit, Error> {
    let report = trend::run(&flags.request())?;
    if let Some(path) = &flags.plot {
        std::fs::write(path, &report.picture).map_err(|error| {
            FlagError::BadInput(format!("--plot {}: {error}", escape_path(path)))
        })?;
    }
    print(&report.output)?;
    Ok(Exit::Parity)
}
