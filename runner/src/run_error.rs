//! What keeps a comparison from having even an outcome: found before any engine is started, or a
//! file that vanishes meanwhile.

use std::fmt;
use std::io;

use crate::engine::UnknownEngine;
use crate::exit::Exit;
use crate::model_file::ModelFileError;

/// Why there is not even an outcome.
#[derive(Debug)]
pub enum RunError {
    /// A model or tokenizer file is of no use.
    Model(ModelFileError),
    /// There is no such engine.
    Engine(UnknownEngine),
    /// A file could not be read to its end.
    Hash(io::Error),
}

impl RunError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Model(_) | Self::Hash(_) => Exit::BadInput,
            Self::Engine(unknown) => unknown.exit(),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(error) => error.fmt(f),
            Self::Engine(error) => error.fmt(f),
            Self::Hash(error) => write!(f, "hashing the model and its tokenizer: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<ModelFileError> for RunError {
    fn from(error: ModelFileError) -> Self {
        Self::Model(error)
    }
}

impl From<UnknownEngine> for RunError {
    fn from(error: UnknownEngine) -> Self {
        Self::Engine(error)
    }
}
