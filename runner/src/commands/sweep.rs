//! `lockstep sweep`: plan, run, merge and gate in one, for one machine; and `lockstep rerun`, which does
//! the last three for some cases of a run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Error;
use schemas::canonical;

use super::gate;
use super::merge::with_tables;
use super::run::run_shard;
use crate::cli::runs::{GateFormat, RerunFlags};
use crate::cli::sweep::Flags;
use crate::console::{cache, supervise, tell};
use crate::engine::{Catalogue, Interrupt};
use crate::exit::Exit;
use crate::report;
use crate::sweep::execute::{self, Orders};
use crate::sweep::failure::SweepError;
use crate::sweep::folder::RunFolder;
use crate::sweep::planning;
use crate::sweep::replay::model_files;
use crate::sweep::rerun;

/// Does all of a sweep; the exit code is the run's.
pub fn sweep(flags: Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = supervise(&flags.work.supervision)?;
    let out = flags.out.clone();
    fs::create_dir_all(&out).map_err(|error| SweepError::Io(out.clone(), error))?;
    let catalogue = Catalogue::load(engines)?;
    let (told, parquet, is_quiet) = (flags.format, flags.parquet, flags.work.quiet);
    // A run that goes on does so by its own plan, which the sweep must still come to.
    let plan = planning::of_sweep(&flags.sweep, Some(&out), &catalogue, &supervision)?;
    let text = canonical::to_string(&plan)?;
    let orders = flags.orders(cache(), engines, supervision);
    execute::place_plan(&text, &out)?;
    let done = run_shard(&orders, &catalogue, is_quiet)?;
    if is_stopped(&orders) {
        return Ok(Exit::Retryable);
    }
    finish(&out, parquet, told, done)
}

/// Runs cases of a run again, in place.
pub fn rerun(flags: RerunFlags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = supervise(&flags.supervision)?;
    let run = RunFolder::open(&flags.run).map_err(SweepError::Folder)?;
    let ids = rerun::ids(&run, &flags.which())?;
    if ids.is_empty() {
        tell("no case is to be run again\n");
        return gate::conclude(&run, GateFormat::Text);
    }
    let catalogue = Catalogue::load(engines)?;
    let root = flags.run.clone();
    let is_quiet = flags.quiet;
    let mut orders = flags.orders(ids, cache(), engines, supervision);
    let labels = run.plan.models.iter().map(|model| &model.label);
    let were = labels.filter_map(|label| Some((label.clone(), model_files(&run, label)?)));
    orders.were = were.collect();
    let done = run_shard(&orders, &catalogue, is_quiet)?;
    if is_stopped(&orders) {
        return Ok(Exit::Retryable);
    }
    finish(&root, false, GateFormat::Text, done)
}

/// Whoever stopped it does not wait for a verdict.
fn is_stopped(orders: &Orders) -> bool {
    orders.means.supervision.interrupt.is_raised()
}

/// What was run is brought together, and judged.
fn finish(root: &Path, parquet: bool, told: GateFormat, done: Exit) -> Result<Exit, Error> {
    Interrupt::end_at_once()?;
    let merged = with_tables(&[PathBuf::from(root)], root, parquet)?;
    tell(&report::run::problems(&merged.summary.problems));
    let exit = gate::conclude(&merged.run, told)?;
    Ok(match done {
        Exit::Parity => exit,
        _ => Exit::of_all([exit, done]),
    })
}
