//! The flags of `lockstep plan`.

use std::path::PathBuf;

use clap::Args;

use super::SupervisionFlags;
use crate::sweep::planning::{Asked, Telling};

/// The flags.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// A sweep.toml; with one of --list, --count and --github-matrix also a plan
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file that gets the plan
    #[arg(short, long, value_name = "PLAN", required_unless_present = "telling")]
    out: Option<PathBuf>,
    /// Print one line a case: id, comparison, prompt, template, with tabs between
    #[arg(long, group = "telling")]
    list: bool,
    /// Print how many cases there are
    #[arg(long, group = "telling")]
    count: bool,
    /// Print the matrix of a GitHub workflow that runs the cases in N shards
    #[arg(long, group = "telling", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    github_matrix: Option<u32>,
    /// Limits under which engines run
    #[command(flatten)]
    pub supervision: SupervisionFlags,
}

impl Flags {
    /// The flags as values.
    pub fn asked(&self) -> Asked {
        let matrix = self
            .github_matrix
            .map(|n| Telling::GithubMatrix(n as usize));
        let list = self.list.then_some(Telling::List);
        let count = self.count.then_some(Telling::Count);
        Asked {
            file: self.file.clone(),
            out: self.out.clone(),
            telling: matrix.or(list).or(count),
        }
    }
}
