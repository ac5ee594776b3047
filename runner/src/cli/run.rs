//! The flags of `lockstep run`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use clap::{Args, ValueEnum};

use super::SupervisionFlags;
use super::flag_error::FlagError;
use crate::engine::Supervision;
use crate::sweep::asked::Means;
use crate::sweep::execute::Orders;
use crate::sweep::shard::{Partition, Shard};

/// Two cases of 300 tokens and a large vocabulary.
pub(super) const DISK_BUDGET_MIB: u64 = 768;

/// The flags.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The folder for the receipts; what is there already is not done again
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only the i-th of n parts, counted from 1
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// The same counted from 0, as job arrays do
    #[arg(
        long,
        value_name = "K",
        requires = "shard_count",
        conflicts_with = "shard"
    )]
    shard_index0: Option<u64>,
    /// Of how many parts
    #[arg(long, value_name = "N", requires = "shard_index0")]
    shard_count: Option<u64>,
    /// How cases are dealt out to shards
    #[arg(long, value_enum, default_value = "slice")]
    partition: PartitionFlag,
    /// Only the case with this id; can be given more than once
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Also cases that have a result
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    work: WorkFlags,
}

/// How cases are worked on.
#[derive(Clone, Debug, Args)]
pub struct WorkFlags {
    /// Where a model is, if not where the plan says
    #[arg(long, value_name = "LABEL=FILE", value_parser = labelled)]
    model: Vec<(String, PathBuf)>,
    /// Cases that are evaluated at the same time, each by processes of its own
    #[arg(long, default_value = "1", value_name = "N")]
    jobs: NonZero<usize>,
    /// Threads of each engine, where the plan does not say (default: the processors that this process
    /// may run on, shared by the jobs)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=512))]
    threads: Option<u32>,
    /// Most disk that answers may take that wait to be compared, in MiB; a single case may need more
    #[arg(
        long,
        default_value_t = DISK_BUDGET_MIB,
        value_name = "MIB",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    disk_budget: u64,
    /// A folder in which answers of references are kept, so that a run with another candidate does not
    /// evaluate them again
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Most that is kept there, in MiB
    #[arg(long, default_value = "20480", value_name = "MIB", requires = "cache")]
    cache_size: u64,
    /// Nothing but what goes wrong
    #[arg(long)]
    pub quiet: bool,
    /// Limits under which engines run
    #[command(flatten)]
    pub supervision: SupervisionFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PartitionFlag {
    /// In turn, in the plan's order
    Slice,
    /// By id: a case stays in its shard when others are added
    Hash,
}

/// A pair of a label and a file.
pub(super) fn labelled(text: &str) -> Result<(String, PathBuf), String> {
    let (label, path) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is not of the form LABEL=FILE"))?;
    Ok((label.to_owned(), path.into()))
}

impl Flags {
    /// The flags as values.
    pub fn check(
        self,
        cache: PathBuf,
        engines_file: Option<&Path>,
        supervision: Supervision,
    ) -> Result<Orders, FlagError> {
        let shard = match (self.shard, self.shard_index0, self.shard_count) {
            (Some(shard), ..) => shard,
            (None, Some(index), Some(count)) => {
                Shard::new(index, count).map_err(FlagError::Usage)?
            }
            _ => Shard::WHOLE,
        };
        let orders = self
            .work
            .orders(self.plan, self.out, cache, engines_file, supervision);
        Ok(Orders {
            shard,
            partition: match self.partition {
                PartitionFlag::Slice => Partition::Slice,
                PartitionFlag::Hash => Partition::Hash,
            },
            only: self.only.into_iter().collect(),
            again: self.again,
            ..orders
        })
    }

    /// How the cases are worked on.
    pub fn work(&self) -> &WorkFlags {
        &self.work
    }
}

impl WorkFlags {
    /// The flags as values, for all cases of a plan that have no result.
    pub(super) fn orders(
        self,
        plan: PathBuf,
        out: PathBuf,
        cache: PathBuf,
        engines_file: Option<&Path>,
        supervision: Supervision,
    ) -> Orders {
        let jobs = self.jobs.get();
        Orders {
            plan,
            models: BTreeMap::from_iter(self.model),
            were: BTreeMap::new(),
            out,
            shard: Shard::WHOLE,
            partition: Partition::default(),
            only: BTreeSet::new(),
            again: false,
            jobs,
            disk_bytes: self.disk_budget.saturating_mul(1 << 20),
            cache: self
                .cache
                .map(|folder| (folder, self.cache_size.saturating_mul(1 << 20))),
            means: Means {
                engines_file: engines_file.map(Path::to_owned),
                threads: self.threads.unwrap_or_else(|| share_of_processors(jobs)),
                supervision,
                cache,
            },
        }
    }
}

/// The standard library's count heeds the affinity mask and the control group of this process.
pub(super) fn share_of_processors(jobs: usize) -> u32 {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from((processors / jobs).max(1)).unwrap_or(1)
}
