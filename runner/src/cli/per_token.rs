//! The flags of `lockstep per-token`, and the checks that turn them into a request.

use std::path::PathBuf;

use clap::Args;
use schemas::receipt::Profile;

use super::comparison_flags::ComparisonFlags;
use super::flag_error::FlagError;
use super::prompt_flags::PromptFlags;
use super::{Format, SupervisionFlags};
use crate::report::text::Detail;
use crate::request::{AskedCase, Request};

/// The flags.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[derive(Clone, Debug, Args)]
pub struct Flags {
    #[command(flatten)]
    prompt: PromptFlags,
    /// Greedy steps compared after the prompt
    #[arg(long, default_value_t = 4, value_name = "N")]
    max_tokens: u32,
    /// Also say how far each side is from a third: rust-engine in arithmetic f32, on the candidate's
    /// model. It changes no verdict
    #[arg(long)]
    triangulate: bool,
    /// Print the candidate's token ids (JSON always has them)
    #[arg(long)]
    dump_ids: bool,
    /// Print the reference's token ids (JSON always has them)
    #[arg(long)]
    dump_cpp_ids: bool,
    /// Store all logits in the folder of --out, not only those of positions that diverged
    #[arg(long, requires = "out")]
    keep_logits: bool,
    /// A folder for the receipt, its environment and the tokens
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How the outcome is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// More for people: engines, all metrics, times
    #[arg(long, conflicts_with = "quiet")]
    verbose: bool,
    /// The verdict alone
    #[arg(long)]
    quiet: bool,
    // Last, for its last heading holds for all that follows.
    #[command(flatten)]
    comparison: ComparisonFlags,
}

/// How the outcome is to be shown and stored.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// Text or JSON.
    pub format: Format,
    /// How much of it.
    pub detail: Detail,
    /// Print the candidate's ids.
    pub dump_ids: bool,
    /// Print the reference's ids.
    pub dump_cpp_ids: bool,
    /// The folder for artifacts.
    pub out: Option<PathBuf>,
    /// Keep all logits there.
    pub keep_logits: bool,
}

impl Flags {
    /// The flags as values.
    pub fn check(
        self,
        cache: PathBuf,
        engines_file: Option<PathBuf>,
    ) -> Result<(Request, AskedCase, Presentation), FlagError> {
        let presentation = self.presentation();
        let mut request = self
            .comparison
            .check(cache, engines_file, self.max_tokens)?;
        if self.triangulate && request.profile == Profile::F32 {
            return Err(FlagError::Usage(
                "--triangulate: in f32 both sides compute what the third would (hint: --profile \
                 exact or production)"
                    .to_owned(),
            ));
        }
        request.triangulate = self.triangulate;
        let (prompt, words) = self.prompt.check()?;
        Ok((request, AskedCase::single(prompt, words), presentation))
    }

    fn presentation(&self) -> Presentation {
        Presentation {
            format: self.format,
            detail: Detail::of(self.verbose, self.quiet),
            dump_ids: self.dump_ids,
            dump_cpp_ids: self.dump_cpp_ids,
            out: self.out.clone(),
            keep_logits: self.keep_logits,
        }
    }

    /// The supervision's own flags.
    pub fn supervision(&self) -> &SupervisionFlags {
        self.comparison.supervision()
    }
}
