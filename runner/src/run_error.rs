//! What keeps a comparison from having even an outcome: found before any engine is started, or a
//! file that vanishes meanwhile.

use std::fmt;
use std::io;

use crate::engine::UnknownEngine;
use crate::exit::Exit;
use crate::model_file::ModelFileError;
use crate::prompt::PromptError;

/// Why there is not even an outcome.
#[derive(Debug)]
pub enum RunError {
    /// A model or tokenizer file is of no use.
    Model(ModelFileError),
    /// There is nothing to tokenize.
    Prompt(PromptError),
    /// There is no such engine.
    Engine(UnknownEngine),
    /// An engine is configured to compute what the profile decides.
    Setting {
        /// The engine.
        engine: String,
        /// Its setting.
        setting: &'static str,
    },
    /// A file could not be read to its end.
    Hash(io::Error),
}

impl RunError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Hash(error) => Exit::of_unusable(error.kind()),
            Self::Model(_) | Self::Setting { .. } => Exit::BadInput,
            Self::Engine(unknown) => unknown.exit(),
            Self::Prompt(error) => error.exit(),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(error) => error.fmt(f),
            Self::Engine(error) => error.fmt(f),
            Self::Prompt(error) => error.fmt(f),
            Self::Setting { engine, setting } => write!(
                f,
                "engine {engine} is configured with `{setting}`, which the profile and its flags decide \
                 (hint: take it out of [engine.settings]; threads and micro_batch may stand there)"
            ),
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

impl From<PromptError> for RunError {
    fn from(error: PromptError) -> Self {
        Self::Prompt(error)
    }
}

impl From<UnknownEngine> for RunError {
    fn from(error: UnknownEngine) -> Self {
        Self::Engine(error)
    }
}
