//! `lockstep run`: runs the cases of one shard of a plan.

use std::path::Path;

use anyhow::Error;

use crate::cli;
use crate::console::{cache, supervise, tell};
use crate::engine::Catalogue;
use crate::exit::Exit;
use crate::sweep::execute::{self, Orders};
use crate::text::escape_path;
use crate::watch::Watch;

/// Runs the shard. The verdicts are in the receipts; the exit code says whether there are any.
pub fn run(flags: cli::run::Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = supervise(&flags.work().supervision)?;
    let is_quiet = flags.work().quiet;
    let orders = flags.check(cache(), engines, supervision)?;
    run_shard(&orders, &Catalogue::load(engines)?, is_quiet)
}

/// Runs what is left of a shard, and shows how far it is.
pub(super) fn run_shard(
    orders: &Orders,
    catalogue: &Catalogue,
    is_quiet: bool,
) -> Result<Exit, Error> {
    let watch = Watch::new(is_quiet);
    let done = execute::run(orders, catalogue, &|event| watch.tell(&event));
    watch.end();
    let done = done?;
    if !is_quiet || done.exit != Exit::Parity {
        tell(&format!(
            "{} of {} cases have a result in {}\n",
            done.terminal,
            done.cases,
            escape_path(&orders.out)
        ));
    }
    Ok(done.exit)
}
