//! The flags of `lockstep inspect`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, SupervisionFlags};
use crate::engine::Supervision;
use crate::inspect::{self, KeyFilter, Request, Wanted};

/// The flags.
#[derive(Clone, Debug, Args)]
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
    pub fn request(self, supervision: Supervision) -> Request {
        Request {
            model: self.model,
            metadata: match (self.filter, self.show_kv) {
                (Some(filter), _) => Wanted::Matching(KeyFilter::new(&filter)),
                (None, true) => Wanted::All,
                (None, false) => Wanted::Summary,
            },
            hash: self.hash,
            supervision,
            format: match self.format {
                Format::Text => inspect::Format::Text,
                Format::Json => inspect::Format::Json,
            },
        }
    }
}
