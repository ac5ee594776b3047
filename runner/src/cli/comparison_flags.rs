//! The flags that say who is compared with whom on which model, and how: those of every command that
//! compares.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemas::describe::KvType;
use schemas::receipt::{Profile, TokensFrom};

use super::SupervisionFlags;
use super::flag_error::FlagError;
use super::limit_flags::LimitFlags;
use crate::engine::catalogue::{self, DEFAULT_CANDIDATE};
use crate::engine::{Supervision, Threads};
use crate::request::{Choices, FloorMode, Request};

/// The flags.
#[derive(Clone, Debug, Args)]
pub(super) struct ComparisonFlags {
    /// The model (GGUF)
    #[arg(long)]
    model: PathBuf,
    /// Another model file for the reference
    #[arg(long, value_name = "MODEL")]
    reference_model: Option<PathBuf>,
    /// A tokenizer.json for the candidate alone
    #[arg(long)]
    tokenizer: Option<PathBuf>,
    /// Whose tokens are evaluated: those on which both agree, so that nothing is evaluated when
    /// they differ; or then the reference's, and no verdict is better than MATCH
    #[arg(long, value_enum, default_value = "agreed", value_name = "WHOSE")]
    tokens_from: TokensFromFlag,
    /// Evaluate and compare only the first N positions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_positions: Option<u32>,
    /// What is compared with what
    #[arg(long, value_enum, default_value = "exact")]
    profile: ProfileFlag,
    /// Who is judged
    #[arg(long, default_value = DEFAULT_CANDIDATE, value_name = "ENGINE")]
    candidate: String,
    /// What it is judged against (default: llama-scalar; llama-native in profile production)
    #[arg(long, alias = "cpp-backend", value_name = "ENGINE")]
    reference: Option<String>,
    /// Threads of both engines
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=512))]
    threads: Option<u32>,
    /// Threads of the candidate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=512))]
    candidate_threads: Option<u32>,
    /// Threads of the reference
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=512))]
    reference_threads: Option<u32>,
    /// Tokens evaluated together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_147_483_647))]
    micro_batch: Option<u32>,
    /// Tokens that the candidate evaluates together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_147_483_647))]
    candidate_micro_batch: Option<u32>,
    /// Whether the candidate computes attention in one fused pass; the reference never does
    #[arg(long, value_enum, value_name = "SWITCH")]
    candidate_flash_attention: Option<Switch>,
    /// Element type of the KV cache (default: f16; f32 in profile f32)
    #[arg(long, value_enum)]
    kv: Option<Kv>,
    /// In profile production, whether the reference is measured against itself (default: auto)
    #[arg(long, value_enum, value_name = "WHEN")]
    floor: Option<FloorFlag>,
    /// Where to compute: cpu
    #[arg(long, default_value = "cpu", value_parser = only_cpu)]
    device: String,
    /// Refused: nothing is sampled
    #[arg(long, hide = true, value_parser = no_seed)]
    seed: Option<String>,
    #[command(flatten)]
    supervision: SupervisionFlags,
    // Last, for its heading holds for all that follows.
    #[command(flatten)]
    limits: LimitFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileFlag {
    /// Arithmetic exact against the scalar build: equal bits
    Exact,
    /// Decoded weights on both sides: tight limits
    F32,
    /// As shipped against a stock build: measured
    Production,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TokensFromFlag {
    Agreed,
    Reference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FloorFlag {
    /// By what is kept, else measure it first; without one go on and be inconclusive
    Auto,
    /// The same, but without one evaluate nothing and exit with 4
    Require,
    /// Do without
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kv {
    F16,
    F32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl ProfileFlag {
    fn profile(self) -> Profile {
        match self {
            Self::Exact => Profile::Exact,
            Self::F32 => Profile::F32,
            Self::Production => Profile::Production,
        }
    }
}

impl TokensFromFlag {
    fn tokens_from(self) -> TokensFrom {
        match self {
            Self::Agreed => TokensFrom::Agreed,
            Self::Reference => TokensFrom::Reference,
        }
    }
}

impl FloorFlag {
    fn mode(self) -> FloorMode {
        match self {
            Self::Auto => FloorMode::Auto,
            Self::Require => FloorMode::Require,
            Self::Off => FloorMode::Off,
        }
    }
}

impl Kv {
    fn kv_type(self) -> KvType {
        match self {
            Self::F16 => KvType::F16,
            Self::F32 => KvType::F32,
        }
    }
}

fn only_cpu(word: &str) -> Result<String, String> {
    match word {
        "cpu" => Ok(word.to_owned()),
        _ => Err(
            "only cpu is there: the references are CPU builds, and a GPU's sums have an \
                  order of their own"
                .to_owned(),
        ),
    }
}

fn no_seed(_: &str) -> Result<String, String> {
    Err(
        "nothing is sampled: greedy steps take the most likely token, so a seed would change \
         nothing"
            .to_owned(),
    )
}

impl ComparisonFlags {
    /// The flags as values.
    pub(super) fn check(
        self,
        cache: PathBuf,
        engines_file: Option<PathBuf>,
        greedy_steps: u32,
    ) -> Result<Request, FlagError> {
        let profile = self.profile.profile();
        let overrides = self.limits.overrides(profile)?;
        let limits_file = self.limits.file(profile)?;
        let choices = self.choices();
        choices
            .check_kv(profile)
            .map_err(|problem| FlagError::Usage(format!("--kv f16: {problem}")))?;
        let floor = FloorMode::of_profile(profile, self.floor.map(FloorFlag::mode))
            .map_err(|problem| FlagError::Usage(format!("--floor: {problem}")))?;
        let default_reference = catalogue::default_reference(profile);
        Ok(Request {
            engines_file,
            model: self.model,
            reference_model: self.reference_model,
            tokenizer: self.tokenizer,
            profile,
            candidate: self.candidate,
            reference: self
                .reference
                .unwrap_or_else(|| default_reference.to_owned()),
            tokens_from: self.tokens_from.tokens_from(),
            greedy_steps,
            max_positions: self.max_positions.map(|n| n as usize),
            context: None,
            choices,
            limits_file,
            overrides,
            floor,
            triangulate: false,
            allow_small: false,
            supervision: Supervision::default(),
            cache,
        })
    }

    fn choices(&self) -> Choices {
        Choices {
            threads: self.threads.map(Threads::Named),
            candidate_threads: self.candidate_threads.map(Threads::Named),
            reference_threads: self.reference_threads.map(Threads::Named),
            micro_batch: self.micro_batch,
            candidate_micro_batch: self.candidate_micro_batch,
            candidate_flash_attention: self
                .candidate_flash_attention
                .map(|switch| switch == Switch::On),
            kv: self.kv.map(Kv::kv_type),
        }
    }

    /// The supervision's own flags.
    pub(super) fn supervision(&self) -> &SupervisionFlags {
        &self.supervision
    }
}
