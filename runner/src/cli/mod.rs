//! The command line: what can be said, and how it becomes values.

pub mod asked;
pub mod bench;
mod comparison_flags;
pub mod flag_error;
pub mod floor;
pub mod inspect;
pub mod ladder;
mod limit_flags;
pub mod page;
pub mod per_token;
pub mod plan;
mod prompt_flags;
pub mod prompt_set_flags;
pub mod receipts;
pub mod run;
pub mod run_comparison;
pub mod runs;
pub mod sabotage;
pub mod sweep;
mod template_flags;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::distort;
use crate::prompt::RENDER_CHAT_TEMPLATE;

/// Compares two language-model engines and gives a verdict that can be trusted.
///
/// Data goes to standard output, everything else to standard error. Exit codes: 0 parity,
/// 1 diverged, 2 tokens differ, 4 inconclusive, 64 usage, 65 bad input, 69 engine unavailable,
/// 70 internal error, 75 try again.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version)]
pub struct Cli {
    /// Engines beside the built-in ones (default: ./engines.toml, then the user's)
    #[arg(long, global = true, value_name = "FILE")]
    pub engines: Option<PathBuf>,
    #[command(subcommand)]
    /// What to do
    pub command: Command,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare two engines on one prompt, position by position
    ///
    /// Example: lockstep per-token --model model.gguf --prompt "What is 2+2?"
    #[command(alias = "crossval-per-token")]
    PerToken(Box<per_token::Flags>),
    /// Look for the first difference from the ground up, over a set of prompts
    ///
    /// Example: lockstep ladder --model model.gguf
    Ladder(Box<ladder::Flags>),
    /// Measure how far a reference is from itself when nothing that should matter is changed
    ///
    /// Example: lockstep floor --model model.gguf --plot floor.svg
    Floor(Box<floor::Flags>),
    /// Say which cases a sweep has: models × prompts × templates × engines × profiles
    ///
    /// Example: lockstep plan sweep.toml -o plan.json
    Plan(Box<plan::Flags>),
    /// Run the cases of a plan, or of one shard of it, and leave a receipt of each
    ///
    /// Exit codes: 0 when every case has a result, whatever it is; 75 when some can be tried again.
    ///
    /// Example: lockstep run plan.json --out results/night --shard 1/4
    Run(Box<run::Flags>),
    /// Bring the folders of shards together into one run: any order, any number of times, same bytes
    ///
    /// Exit code 0 when the run is written, whatever its cases say.
    ///
    /// Example: lockstep merge shard-1 shard-2 -o results/night
    Merge(runs::MergeFlags),
    /// Give the verdict of a whole run
    ///
    /// The exit code is the run's: also 5 when cases are missing.
    ///
    /// Example: lockstep gate results/night
    Gate(runs::GateFlags),
    /// Plan, run, merge and gate in one, for one machine
    ///
    /// Example: lockstep sweep sweep.toml -o results/night
    Sweep(Box<sweep::Flags>),
    /// Run cases of a run again, in place, and give its verdict
    ///
    /// Example: lockstep rerun results/night --failed
    Rerun(Box<runs::RerunFlags>),
    /// Show how a case of a run was computed: the commands of both engines, as a script for bash
    ///
    /// With --exec they are run: exit code 0 when they come to what the receipt says, 1 when not.
    ///
    /// Example: lockstep replay results/night 0123456789abcdef > case.sh
    Replay(runs::ReplayFlags),
    /// Say what became of the cases of one run in another, and why it may be
    ///
    /// Exit codes are those of diff(1): 0 the same, and nothing is printed; 1 different; 2 trouble.
    ///
    /// Example: lockstep diff results/last-good results/tonight
    Diff(run_comparison::DiffFlags),
    /// Show what comparisons came to over several runs, and what changed between them
    ///
    /// Example: lockstep trend results/2026-* --plot trend.svg
    Trend(run_comparison::TrendFlags),
    /// Prove that faults are noticed: an engine makes one at a time, and each must be caught
    ///
    /// Example: lockstep sabotage --model model.gguf
    Sabotage(Box<sabotage::Flags>),
    /// Measure how fast engines are on one model and the same tokens, in turn, and their memory
    ///
    /// Exit codes: 0 when it was measured; with --slower-than 1 when a figure got worse by more.
    ///
    /// Example: lockstep bench --model model.gguf --engine rust-engine --engine llama-native
    Bench(Box<bench::Flags>),
    /// Show what is in a model file, and which engines can run it
    ///
    /// Example: lockstep inspect model.gguf --show-kv 'tokenizer.ggml.*_id'
    Inspect(Box<inspect::Flags>),
    /// Render a chat template that is not trusted; the runner starts this itself
    #[command(name = RENDER_CHAT_TEMPLATE, hide = true)]
    RenderChatTemplate,
    /// Run an engine and spoil what it answers; the runner adds the engine's sub-command
    #[command(name = distort::SUBCOMMAND, hide = true)]
    DistortOutput {
        /// What to do to the answers, and how strongly
        #[arg(value_name = "FAULT[=STRENGTH]")]
        fault: distort::Chosen,
        /// The engine's command
        #[arg(last = true, required = true, value_name = "ENGINE")]
        command: Vec<OsString>,
    },
    /// Say which engines are there and what they can run
    ///
    /// Example: lockstep preflight --model model.gguf
    Preflight {
        /// A model that they should be able to run
        #[arg(long)]
        model: Option<PathBuf>,
        /// How it is written
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// Everything that the engines say of themselves
        #[arg(long)]
        verbose: bool,
        /// Limits under which engines run
        #[command(flatten)]
        supervision: SupervisionFlags,
    },
    /// Say whether stored receipts can be believed: unedited, and the verdict follows from the rows
    ///
    /// Example: lockstep verify-receipt results/receipt.json --require-kernel 'exact-*'
    VerifyReceipt(receipts::VerifyFlags),
    /// Judge the stored rows of a receipt by other limits
    ///
    /// Example: lockstep judge results/receipt.json --limits mine.json
    Judge(receipts::JudgeFlags),
    /// Write a run as one HTML page: what broke and where
    ///
    /// Example: lockstep report results/nightly -o report.html
    Report(page::Flags),
    /// List the prompts of a set
    ///
    /// Example: lockstep prompts --format json > mine.jsonl
    Prompts(prompt_set_flags::ListFlags),
    /// Print the environment that an interactive shell needs for the references
    ///
    /// Example: eval "$(lockstep setup-cpp --emit sh)"
    #[command(alias = "setup-cpp-auto")]
    SetupCpp {
        /// The shell
        #[arg(long, value_enum, default_value = "sh")]
        emit: Shell,
    },
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; stable.
    Json,
}

/// A shell's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// POSIX.
    Sh,
    /// fish.
    Fish,
    /// PowerShell.
    Pwsh,
}

/// Limits under which engines run.
#[derive(Clone, Debug, Args)]
pub struct SupervisionFlags {
    /// Longest wait for one answer of an engine, in seconds
    #[arg(long, value_name = "S", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub timeout: u64,
    /// Most memory that an engine may have beside its mapped model, in MiB (default: four fifths
    /// of the machine's)
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1_073_741_824))]
    pub memory_limit: Option<u64>,
}
