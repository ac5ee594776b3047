//! Why folders make no run.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::sweep::folder::FolderError;
use crate::text::escape_path;

/// Why folders make no run.
#[derive(Debug)]
pub enum MergeError {
    /// There is nothing to merge.
    NoFolder,
    /// A folder cannot be read.
    Folder(FolderError),
    /// Two folders are of different plans.
    Plans {
        /// Each with the digest of its plan.
        folders: [(PathBuf, String); 2],
    },
    /// The folder to write into is of another plan.
    OtherRun(PathBuf),
    /// The folder to write into has something else in it.
    NoRun(PathBuf),
    /// It cannot be written.
    Write(PathBuf, io::Error),
}

impl MergeError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoFolder => Exit::Usage,
            Self::Folder(error) => error.exit(),
            Self::Plans { .. } | Self::OtherRun(_) | Self::NoRun(_) => Exit::BadInput,
            Self::Write(..) => Exit::Internal,
        }
    }
}

impl From<FolderError> for MergeError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder => f.write_str("no folder to merge"),
            Self::Folder(error) => error.fmt(f),
            Self::Plans {
                folders: [(a, plan_of_a), (b, plan_of_b)],
            } => write!(
                f,
                "{}: its plan is {plan_of_a}, that of {} is {plan_of_b} (hint: merge the shards of one \
                 plan; lockstep diff compares runs of several)",
                escape_path(a),
                escape_path(b),
            ),
            Self::OtherRun(out) => write!(
                f,
                "{}: is a run of another plan (hint: merge into a new folder)",
                escape_path(out)
            ),
            Self::NoRun(out) => write!(
                f,
                "{}: is no run and not empty (hint: merge into a new folder)",
                escape_path(out)
            ),
            Self::Write(path, error) => write!(f, "writing to {}: {error}", escape_path(path)),
        }
    }
}

impl std::error::Error for MergeError {}
