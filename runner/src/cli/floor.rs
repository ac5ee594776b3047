//! The flags of `lockstep floor`.

use std::path::PathBuf;

use clap::Args;
use schemas::receipt::{Profile, TokensFrom};

use super::flag_error::FlagError;
use super::prompt_set_flags::PromptSetFlags;
use super::{Format, SupervisionFlags};
use crate::engine::Supervision;
use crate::engine::catalogue::{DEFAULT_CANDIDATE, default_reference};
use crate::request::{AskedCase, Choices, FloorMode, Request};

/// What stands in the place of a candidate's name where none is wanted.
const NONE: &str = "none";

/// The flags.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The model (GGUF)
    #[arg(long)]
    model: PathBuf,
    #[command(flatten)]
    prompts: PromptSetFlags,
    /// Who is measured (default: llama-native)
    #[arg(long, value_name = "ENGINE")]
    reference: Option<String>,
    /// Who must be bit-equal to itself; or none
    #[arg(long, default_value = DEFAULT_CANDIDATE, value_name = "ENGINE")]
    candidate: String,
    /// Greedy steps for which there are rows, too
    #[arg(long, default_value_t = 8, value_name = "N")]
    max_tokens: u32,
    /// A folder for the floors and the report
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A picture (SVG) of the floor of the longest prompt
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// How the outcome is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    supervision: SupervisionFlags,
}

/// A floor that was asked for.
pub struct Asked {
    /// Whose, on which model. Where there is no candidate the reference sits in its place.
    pub request: Request,
    /// On which prompts.
    pub cases: Vec<AskedCase>,
    /// The folder for artifacts.
    pub out: Option<PathBuf>,
    /// The file of a picture.
    pub plot: Option<PathBuf>,
    /// Text or JSON.
    pub format: Format,
}

impl Flags {
    /// The flags as values.
    pub fn check(self, cache: PathBuf, engines_file: Option<PathBuf>) -> Result<Asked, FlagError> {
        let profile = Profile::Production;
        let reference = self.reference;
        let reference = reference.unwrap_or_else(|| default_reference(profile).to_owned());
        let candidate = Some(self.candidate).filter(|name| name != NONE);
        let (set, defaults) = self.prompts.check()?;
        Ok(Asked {
            request: Request {
                context: None,
                engines_file,
                model: self.model,
                reference_model: None,
                tokenizer: None,
                profile,
                candidate: candidate.unwrap_or_else(|| reference.clone()),
                reference,
                tokens_from: TokensFrom::Agreed,
                greedy_steps: self.max_tokens,
                max_positions: None,
                choices: Choices::default(),
                limits_file: None,
                overrides: Vec::new(),
                floor: FloorMode::default(),
                triangulate: false,
                allow_small: false,
                supervision: Supervision::default(),
                cache,
            },
            cases: AskedCase::of_set(&set, &defaults),
            out: self.out,
            plot: self.plot,
            format: self.format,
        })
    }

    /// The supervision's own flags.
    pub fn supervision(&self) -> &SupervisionFlags {
        &self.supervision
    }
}
