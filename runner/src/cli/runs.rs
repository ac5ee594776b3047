//! The flags of the commands on the folders of runs: `merge`, `gate`, `rerun` and `replay`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::SupervisionFlags;
use super::run::{labelled, share_of_processors};
use crate::engine::Supervision;
use crate::sweep::asked::Means;
use crate::sweep::execute::Orders;
use crate::sweep::folder::PLAN;
use crate::sweep::rerun::Which;
use crate::sweep::shard::{Partition, Shard};

/// The flags of `merge`.
#[derive(Clone, Debug, Args)]
pub struct MergeFlags {
    /// Folders that `lockstep run` wrote into, or runs that were merged, in any order
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// The run; a folder of the same plan is written anew, and may be among the others
    #[arg(short, long, value_name = "RUN")]
    pub out: PathBuf,
    /// Also the tables as Parquet
    #[arg(long)]
    pub parquet: bool,
}

/// The flags of `gate`.
#[derive(Clone, Debug, Args)]
pub struct GateFlags {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: GateFormat,
}

/// How the verdict of a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// For people.
    Text,
    /// For programs; stable.
    Json,
    /// For people, with annotations that a GitHub workflow shows.
    Github,
}

/// The flags of `rerun`.
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub struct RerunFlags {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Cases that are no parity
    #[arg(long, group = "which")]
    failed: bool,
    /// Cases that have no result, or are still to be done again
    #[arg(long, group = "which")]
    incomplete: bool,
    /// The case with this id; can be given more than once
    #[arg(long, group = "which", value_name = "ID")]
    id: Vec<String>,
    /// Where a model is, if not where the plan says
    #[arg(long, value_name = "LABEL=FILE", value_parser = labelled)]
    model: Vec<(String, PathBuf)>,
    /// Nothing but what goes wrong
    #[arg(long)]
    pub quiet: bool,
    /// Limits under which engines run
    #[command(flatten)]
    pub supervision: SupervisionFlags,
}

impl RerunFlags {
    /// The cases that are meant.
    pub fn which(&self) -> Which {
        Which {
            failed: self.failed,
            incomplete: self.incomplete,
            ids: self.id.iter().cloned().collect(),
        }
    }

    /// The flags as values, for these cases.
    pub fn orders(
        self,
        ids: BTreeSet<String>,
        cache: PathBuf,
        engines_file: Option<&Path>,
        supervision: Supervision,
    ) -> Orders {
        Orders {
            plan: self.run.join(PLAN),
            models: BTreeMap::from_iter(self.model),
            were: BTreeMap::new(),
            out: self.run,
            shard: Shard::WHOLE,
            partition: Partition::Slice,
            only: ids,
            again: true,
            jobs: 1,
            disk_bytes: super::run::DISK_BUDGET_MIB << 20,
            cache: None,
            means: Means {
                engines_file: engines_file.map(Path::to_owned),
                threads: share_of_processors(1),
                supervision,
                cache,
            },
        }
    }
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
