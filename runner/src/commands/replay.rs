//! `lockstep replay`: how one case of a run was computed.

use anyhow::Error;

use crate::cli::runs::ReplayFlags;
use crate::console::{cache, print, supervise};
use crate::exit::Exit;
use crate::sweep::folder::RunFolder;
use crate::sweep::replay::{Compared, ReplayError, exec, of, script};

/// Prints the commands, or runs them and says whether they come to the same: 1 where they do not.
pub fn run(flags: &ReplayFlags) -> Result<Exit, Error> {
    let run = RunFolder::open(&flags.run).map_err(ReplayError::Folder)?;
    let replay = of(&run, &flags.id, &cache())?;
    if !flags.exec {
        print(&script(&replay))?;
        return Ok(Exit::Parity);
    }
    let compared = exec(&replay, &supervise(&flags.supervision)?)?;
    for Compared { what, is_same } in &compared {
        let word = if *is_same { "same" } else { "other" };
        print(&format!("{word}: {what}\n"))?;
    }
    // An engine that could say nothing then says nothing now.
    let exits = compared.iter().map(|it| {
        if it.is_same {
            Exit::Parity
        } else {
            Exit::Diverged
        }
    });
    Ok(Exit::of_all(exits))
}
