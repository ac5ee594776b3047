//! The flags of `lockstep ladder`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemas::ladder::LadderRung;

use super::comparison_flags::ComparisonFlags;
use super::flag_error::FlagError;
use super::prompt_set_flags::{CoverageFlags, PromptSetFlags};
use super::{Format, SupervisionFlags};
use crate::report::text::Detail;
use crate::request::{AskedCase, Request};

/// The flags.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    #[command(flatten)]
    prompts: PromptSetFlags,
    #[command(flatten)]
    coverage: CoverageFlags,
    /// Stand on this rung alone; what it needs of those below is done without a word
    #[arg(long, value_enum)]
    rung: Option<Rung>,
    /// Greedy steps compared on the last rung
    #[arg(long, default_value_t = 8, value_name = "N")]
    max_tokens: u32,
    /// A folder for the record of the climb and a receipt of each prompt
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How the outcome is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Also what was found of each prompt
    #[arg(long, conflicts_with = "quiet")]
    verbose: bool,
    /// The verdict alone
    #[arg(long)]
    quiet: bool,
    // Last, for its last heading holds for all that follows.
    #[command(flatten)]
    comparison: ComparisonFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rung {
    /// Both engines are there and can run the model
    Preflight,
    /// Both make the same tokens
    Tokens,
    /// Same vocabulary, context and cache; no position sees later tokens
    Shapes,
    /// The logits after the first token
    FirstLogits,
    /// The logits of every position
    Positions,
    /// The tokens that both choose
    Decode,
}

impl Rung {
    fn rung(self) -> LadderRung {
        match self {
            Self::Preflight => LadderRung::Preflight,
            Self::Tokens => LadderRung::Tokens,
            Self::Shapes => LadderRung::Shapes,
            Self::FirstLogits => LadderRung::FirstLogits,
            Self::Positions => LadderRung::Positions,
            Self::Decode => LadderRung::Decode,
        }
    }
}

/// A climb that was asked for.
pub struct Asked {
    /// Who is compared with whom.
    pub request: Request,
    /// On what.
    pub cases: Vec<AskedCase>,
    /// The one rung, if one was named.
    pub only: Option<LadderRung>,
    /// The folder for artifacts.
    pub out: Option<PathBuf>,
    /// Text or JSON.
    pub format: Format,
    /// How much of it.
    pub detail: Detail,
}

impl Flags {
    /// The flags as values.
    pub fn check(self, cache: PathBuf, engines_file: Option<PathBuf>) -> Result<Asked, FlagError> {
        let request = self
            .comparison
            .check(cache, engines_file, self.max_tokens)?;
        let (set, defaults) = self.prompts.check()?;
        Ok(Asked {
            request: Request {
                allow_small: self.coverage.allow_small,
                ..request
            },
            cases: AskedCase::of_set(&set, &defaults),
            only: self.rung.map(Rung::rung),
            out: self.out,
            format: self.format,
            detail: Detail::of(self.verbose, self.quiet),
        })
    }

    /// The supervision's own flags.
    pub fn supervision(&self) -> &SupervisionFlags {
        self.comparison.supervision()
    }
}
