//! The flags of `lockstep report`.

use std::path::PathBuf;

use clap::Args;

/// The flags of `report`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The page, one file that needs no other
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
}
