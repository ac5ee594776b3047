//! The flags of the commands on the folders of runs: `merge` and `gate`.

use std::path::PathBuf;

use clap::Args;

use super::Format;

/// The flags of `merge`.
#[derive(Clone, Debug, Args)]
pub struct MergeFlags {
    /// Folders that `lockstep run` wrote into, or runs that were merged, in any order
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// The run; a folder of the same plan is written anew, and may be among the others
    #[arg(short, long, value_name = "RUN")]
    pub out: PathBuf,
}

/// The flags of `gate`.
#[derive(Clone, Debug, Args)]
pub struct GateFlags {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}
