//! The flags of `lockstep sabotage`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use schemas::receipt::{Profile, TokensFrom};

use super::{Format, SupervisionFlags};
use crate::engine::{Supervision, Threads, catalogue};
use crate::limits::Limits;
use crate::request::{Choices, FloorMode, Request};
use crate::sabotage::{Asked, FAULTY_ENGINE, GREEDY_STEPS, PROFILES};

/// The flags.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The model (GGUF)
    #[arg(long)]
    model: PathBuf,
    /// What is compared with what
    #[arg(long, value_enum, default_value = "exact")]
    profile: ProfileFlag,
    /// What the faulty engine is held against (default: llama-scalar; llama-native in profile
    /// production)
    #[arg(long, value_name = "ENGINE")]
    reference: Option<String>,
    /// Threads of both engines
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=512))]
    threads: Option<u32>,
    /// How the outcome is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Limits under which engines run
    #[command(flatten)]
    pub supervision: SupervisionFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileFlag {
    /// Every fault must be caught, at its rung
    Exact,
    /// Caught, or listed with the share of a limit in which it hides
    F32,
    /// The same by a measured floor
    Production,
    /// One after the other
    All,
}

impl Flags {
    /// The flags as values.
    pub fn asked(
        &self,
        cache: &Path,
        engines_file: Option<&Path>,
        supervision: &Supervision,
    ) -> Asked {
        let profiles: &[Profile] = match self.profile {
            ProfileFlag::Exact => &[Profile::Exact],
            ProfileFlag::F32 => &[Profile::F32],
            ProfileFlag::Production => &[Profile::Production],
            ProfileFlag::All => &PROFILES,
        };
        let requests = profiles.iter().map(|&profile| {
            let reference = self.reference.clone();
            let usual = catalogue::default_reference(profile).to_owned();
            Request {
                context: None,
                engines_file: engines_file.map(Path::to_owned),
                model: self.model.clone(),
                reference_model: None,
                tokenizer: None,
                profile,
                candidate: FAULTY_ENGINE.to_owned(),
                reference: reference.unwrap_or(usual),
                tokens_from: TokensFrom::Agreed,
                greedy_steps: GREEDY_STEPS,
                max_positions: None,
                choices: Choices {
                    threads: self.threads.map(Threads::Named),
                    ..Choices::default()
                },
                limits_file: Limits::default_file(profile),
                overrides: Vec::new(),
                floor: FloorMode::Auto,
                allow_small: true,
                triangulate: false,
                supervision: supervision.clone(),
                cache: cache.to_owned(),
            }
        });
        Asked {
            requests: requests.collect(),
        }
    }
}
