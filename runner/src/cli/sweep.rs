//! The flags of `lockstep sweep`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::run::WorkFlags;
use super::runs::GateFormat;
use crate::engine::Supervision;
use crate::sweep::execute::Orders;
use crate::sweep::folder::PLAN;

/// The flags.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// What is compared with what
    #[arg(value_name = "SWEEP")]
    pub sweep: PathBuf,
    /// The folder of the run; what is there already is not done again
    #[arg(short, long, value_name = "RUN")]
    pub out: PathBuf,
    /// Also the tables as Parquet
    #[arg(long)]
    pub parquet: bool,
    /// How the verdict is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: GateFormat,
    /// How its cases are worked on
    #[command(flatten)]
    pub work: WorkFlags,
}

impl Flags {
    /// The flags as values.
    pub fn orders(
        self,
        cache: PathBuf,
        engines_file: Option<&Path>,
        supervision: Supervision,
    ) -> Orders {
        let plan = self.out.join(PLAN);
        self.work
            .orders(plan, self.out, cache, engines_file, supervision)
    }
}
