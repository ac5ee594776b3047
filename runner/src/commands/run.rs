//! `lockstep run`: runs the cases of one shard of a plan.

use std::path::Path;

use anyhow::Error;

use crate::cli;
use crate::console::{cache, supervise, tell};
use crate::engine::Catalogue;
use crate::exit::Exit;
use crate::sweep::execute;
use crate::watch::Watch;

/// Runs the shard. The verdicts are in the receipts; the exit code says whether there are any.
pub fn run(flags: cli::run::Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = supervise(flags.supervision())?;
    let watch = Watch::new(flags.is_quiet());
    let orders = flags.check(cache(), engines.map(Path::to_owned), supervision)?;
    let catalogue = Catalogue::load(engines)?;
    let done = execute::run(&orders, &catalogue, &|event| watch.tell(&event));
    watch.end();
    let done = done?;
    tell(&format!(
        "{} of {} cases have a result in {}\n",
        done.terminal,
        done.cases,
        crate::text::escape_path(&orders.out)
    ));
    Ok(done.exit)
}
