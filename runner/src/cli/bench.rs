//! The flags of `lockstep bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemas::bench::BenchWork;
use schemas::number::Finite;

use super::SupervisionFlags;
use super::flag_error::FlagError;
use crate::bench::against::Against;
use crate::bench::{Request, processors};
use crate::engine::Supervision;

/// The flags.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The model (GGUF)
    #[arg(long)]
    model: PathBuf,
    /// An engine, and again for each; ratios are to the first (default: rust-engine and every reference
    /// that is there)
    #[arg(long = "engine", value_name = "NAME")]
    named: Vec<String>,
    /// Tokens that are evaluated together
    #[arg(long, default_value_t = 300, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    positions: u32,
    /// Greedy steps after them
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    steps: u32,
    /// Worker threads of each engine (default: one for each processor)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
    /// Rounds in which each engine has a turn
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    repeat: u32,
    /// Take the engines' own settings, and look for no better ones
    #[arg(long)]
    as_configured: bool,
    /// How the outcome is written
    #[arg(long, value_enum, default_value = "text")]
    format: BenchFormat,
    /// The receipt (JSON) of an earlier bench, to be compared with
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Exit with 1 if a median is more than so many times that of the earlier bench
    #[arg(long, value_name = "RATIO", requires = "against")]
    slower_than: Option<f64>,
    #[command(flatten)]
    supervision: SupervisionFlags,
}

/// How a bench is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchFormat {
    /// For people.
    Text,
    /// The receipt.
    Json,
    /// A table.
    Csv,
}

/// A bench that was asked for.
pub struct Asked {
    /// What is measured.
    pub request: Request,
    /// How it is written.
    pub format: BenchFormat,
}

impl Flags {
    /// The flags as values; the earlier bench is read.
    pub fn check(self, supervision: Supervision) -> Result<Asked, anyhow::Error> {
        let slower_than = self.slower_than.map(most).transpose()?;
        let against = self.against.as_deref();
        let against = against.map(|path| Against::read(path, slower_than));
        let against = against.transpose()?;
        Ok(Asked {
            request: Request {
                model: self.model,
                engines: self.named,
                work: BenchWork {
                    positions: self.positions,
                    steps: self.steps,
                    threads: self.threads.unwrap_or_else(processors),
                    repeat: self.repeat,
                    as_configured: self.as_configured,
                },
                against,
                supervision,
            },
            format: self.format,
        })
    }

    /// The supervision's own flags.
    pub fn supervision(&self) -> &SupervisionFlags {
        &self.supervision
    }
}

/// Below 1 every bench would be slower than itself.
fn most(ratio: f64) -> Result<Finite, FlagError> {
    let most = Finite::new(ratio).filter(|it| it.get() >= 1.0);
    most.ok_or_else(|| {
        FlagError::Usage(format!(
            "--slower-than {ratio}: expected a number from 1 on, such as 1.1"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_from_1_on_says_what_is_slower() {
        assert_eq!(most(1.0).map(Finite::get).ok(), Some(1.0));
        for wrong in [0.9, 0.0, -2.0, f64::NAN, f64::INFINITY] {
            let error = most(wrong).expect_err("no ratio").to_string();
            assert!(error.contains("expected a number from 1 on"), "{error}");
        }
    }
}
