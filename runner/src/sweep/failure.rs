//! What keeps the cases of a sweep from being run at all.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::folder::FolderError;
use crate::engine::EngineFault;
use crate::exit::Exit;
use crate::run_error::RunError;
use crate::text::escape_path;

/// Why cases cannot be run.
#[derive(Debug)]
pub enum SweepError {
    /// A file of a run cannot be read.
    Folder(FolderError),
    /// The folder has the results of another plan.
    OtherPlan(PathBuf),
    /// The plan contradicts itself, or what is on this machine.
    Plan(String),
    /// A case is asked for that another shard has.
    OtherShard(String),
    /// A file cannot be read or written.
    Io(PathBuf, io::Error),
    /// An engine does not even say who it is.
    Engine(Box<EngineFault>),
    /// A comparison cannot begin.
    Run(RunError),
}

impl SweepError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => error.exit(),
            Self::OtherShard(_) => Exit::Usage,
            Self::Io(_, error) => Exit::of_unusable(error.kind()),
            Self::OtherPlan(_) | Self::Plan(_) => Exit::BadInput,
            Self::Engine(fault) => fault.exit(),
            Self::Run(error) => error.exit(),
        }
    }
}

impl fmt::Display for SweepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::OtherPlan(folder) => write!(
                f,
                "{} has the results of another plan (hint: another folder for --out)",
                escape_path(folder)
            ),
            Self::Plan(problem) => {
                write!(f, "the plan: {problem} (hint: lockstep plan makes another)")
            }
            Self::OtherShard(id) => write!(
                f,
                "case {id} is in another shard (hint: --only without a shard finds every case)"
            ),
            Self::Io(path, error) => write!(f, "{}: {error}", escape_path(path)),
            Self::Engine(fault) => fault.fmt(f),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SweepError {}

impl From<FolderError> for SweepError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

impl From<RunError> for SweepError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<EngineFault> for SweepError {
    fn from(fault: EngineFault) -> Self {
        Self::Engine(Box::new(fault))
    }
}
