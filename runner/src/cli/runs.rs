//! The flags of the commands on the folders of runs: `merge`, `gate` and `replay`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, SupervisionFlags};

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

/// The flags of `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayFlags {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The case
    #[arg(value_name = "ID")]
    pub id: String,
    /// Run both engines and say whether tokens and rows are those of the receipt
    #[arg(long)]
    pub exec: bool,
    /// Limits under which engines run
    #[command(flatten)]
    pub supervision: SupervisionFlags,
}
