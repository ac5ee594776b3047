//! Why there is nothing to tell of a model.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use schemas::canonical::NotJson;

use crate::exit::Exit;
use crate::model_file::ModelFileError;
use crate::preflight::PreflightError;
use crate::text::escape_path;

/// Why there is nothing to tell of a model.
#[derive(Debug)]
pub enum InspectError {
    /// The file is of no use.
    Model(ModelFileError),
    /// It could not be read to its end.
    Hash {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The user wanted to stop.
    Interrupted,
    /// The engines were not asked to the end.
    Engines(PreflightError),
    /// Facts that have no JSON form.
    NotJson(NotJson),
}

impl InspectError {
    pub(super) fn hash(path: &Path, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::Interrupted {
            return Self::Interrupted;
        }
        Self::Hash {
            path: path.to_owned(),
            error,
        }
    }

    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Model(_) | Self::Hash { .. } => Exit::BadInput,
            Self::Interrupted => Exit::Retryable,
            Self::Engines(error) => error.exit(),
            Self::NotJson(_) => Exit::Internal,
        }
    }
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(error) => write!(f, "{error}"),
            Self::Hash { path, error } => write!(f, "{}: hashing: {error}", escape_path(path)),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Engines(error) => write!(f, "{error}"),
            Self::NotJson(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for InspectError {}

impl From<ModelFileError> for InspectError {
    fn from(error: ModelFileError) -> Self {
        Self::Model(error)
    }
}

impl From<PreflightError> for InspectError {
    fn from(error: PreflightError) -> Self {
        Self::Engines(error)
    }
}

impl From<NotJson> for InspectError {
    fn from(error: NotJson) -> Self {
        Self::NotJson(error)
    }
}
