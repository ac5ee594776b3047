//! The two streams of the command: data goes to standard output, everything else to standard error.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Error};

use crate::cli::SupervisionFlags;
use crate::engine::{Interrupt, Places, Supervision};

/// Writes to standard error. That nobody can read it changes neither the outcome nor its code.
pub fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes to standard output; a reader that has gone away is no failure of ours.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to standard output"),
    }
}

/// Where twins and floors are kept.
pub fn cache() -> PathBuf {
    let home = Places::of_this_process().cache_home;
    home.unwrap_or_else(std::env::temp_dir).join("lockstep")
}

/// The limits under which engines run. From here on signals are watched for.
pub fn supervise(flags: &SupervisionFlags) -> Result<Supervision, Error> {
    let defaults = Supervision::default();
    Ok(Supervision {
        timeout: Duration::from_secs(flags.timeout),
        memory_bytes: flags
            .memory_limit
            .map(|mib| mib << 20)
            .or(defaults.memory_bytes),
        interrupt: Interrupt::from_signals().context("watching for signals")?,
        ..defaults
    })
}
