//! `lockstep bench`: measures engines in turn.

use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::Error;
use schemas::canonical;

use crate::bench::{self, BenchError, Telling, table, text};
use crate::cli::bench::{BenchFormat, Flags};
use crate::console::{print, supervise, tell};
use crate::engine::Catalogue;
use crate::exit::Exit;
use crate::text::{escape_for_terminal, escape_json_for_terminal};

/// Measures, and prints what came out. What differs from an earlier bench is told whatever the format.
pub fn run(flags: Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = supervise(flags.supervision())?;
    let asked = flags.check(supervision)?;
    let catalogue = Catalogue::load(engines)?;
    let is_watched = io::stderr().is_terminal();
    let progress = |text: &str| {
        if is_watched {
            tell(&format!("{}\n", escape_for_terminal(text)));
        }
    };
    let telling = Telling {
        announce: &tell,
        progress: &progress,
    };
    let (receipt, exit) = bench::run(&asked.request, &catalogue, telling)?;
    for difference in receipt.against.iter().flat_map(|it| &it.differs) {
        let difference = escape_for_terminal(difference);
        tell(&format!("lockstep: warning: not as before: {difference}\n"));
    }
    print(&match asked.format {
        BenchFormat::Text => text::text(&receipt),
        BenchFormat::Json => {
            let json = canonical::to_string(&receipt).map_err(BenchError::NotJson)?;
            escape_json_for_terminal(&json)
        }
        BenchFormat::Csv => table::csv(&receipt)?,
    })?;
    Ok(exit)
}
