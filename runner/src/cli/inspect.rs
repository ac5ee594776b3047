//! The flags of `lockstep inspect`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use schemas::norms::{GateMode, NormLimitsFile};

use super::flag_error::FlagError;
use super::{Format, SupervisionFlags};
use crate::engine::Supervision;
use crate::inspect::norms::limits;
use crate::inspect::{self, NormRequest, Request, Wanted};
use crate::pattern::Pattern;
use crate::text::escape_path;

/// The flags.
#[derive(Clone, Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Flags {
    /// The model
    model: PathBuf,
    /// With --show-kv: only the keys that have these words in them or, with a * in it, match it
    /// from end to end
    #[arg(requires = "show_kv")]
    filter: Option<String>,
    /// All metadata in place of a summary; with a FILTER only what matches, and nothing else
    #[arg(long)]
    show_kv: bool,
    /// The sha256 of the file
    #[arg(long)]
    hash: bool,
    /// RMS, mean, range and non-finite elements of every norm weight, judged by --gate
    #[arg(long)]
    ln_stats: bool,
    /// Exit with 65 when norm weights look like a broken export: `auto` (the default of --ln-stats)
    /// on failures, `strict` on warnings too and where no limit has a basis; 4 when there is no norm
    #[arg(long, value_enum)]
    gate: Option<Gate>,
    /// A file of limits for norm weights in place of the shipped one
    #[arg(long, value_name = "FILE")]
    norm_limits: Option<PathBuf>,
    /// Do not ask the engines whether they can run it
    #[arg(long)]
    no_engines: bool,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Limits under which engines run
    #[command(flatten)]
    supervision: SupervisionFlags,
}

impl Flags {
    /// Whether engines are to be asked. Who looks for one entry is not kept waiting for them.
    pub fn asks_engines(&self) -> bool {
        !self.no_engines && self.filter.is_none()
    }

    /// The supervision's own flags.
    pub fn supervision(&self) -> &SupervisionFlags {
        &self.supervision
    }

    /// What is asked for.
    pub fn request(self, supervision: Supervision) -> Result<Request, FlagError> {
        let norms = self.norms()?;
        Ok(Request {
            norms,
            model: self.model,
            metadata: match (self.filter, self.show_kv) {
                (Some(filter), _) => Wanted::Matching(Pattern::new(&filter)),
                (None, true) => Wanted::All,
                (None, false) => Wanted::Summary,
            },
            hash: self.hash,
            supervision,
            format: match self.format {
                Format::Text => inspect::Format::Text,
                Format::Json => inspect::Format::Json,
            },
        })
    }

    /// Each flag that is about norms asks for them.
    fn norms(&self) -> Result<Option<NormRequest>, FlagError> {
        if !self.ln_stats && self.gate.is_none() && self.norm_limits.is_none() {
            return Ok(None);
        }
        Ok(Some(NormRequest {
            gate: match self.gate {
                None | Some(Gate::Auto) => Some(GateMode::Auto),
                Some(Gate::Strict) => Some(GateMode::Strict),
                Some(Gate::Off) => None,
            },
            limits: match &self.norm_limits {
                None => limits::shipped(),
                Some(path) => read_limits(path)?,
            },
        }))
    }
}

/// How strict the gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Gate {
    /// Failures count.
    Auto,
    /// Warnings count too, and so does a norm for which no limit has a basis.
    Strict,
    /// Nothing is judged.
    Off,
}

fn read_limits(path: &Path) -> Result<NormLimitsFile, FlagError> {
    let bad = |problem: String| FlagError::BadInput(format!("{}: {problem}", escape_path(path)));
    let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    limits::read(&text).map_err(|error| bad(error.to_string()))
}
