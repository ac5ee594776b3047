//! A model: what its header says, and where its weights are.
//!
//! In reading order: [`families`] (what architectures are made of), [`hyperparameters`] and
//! [`rope`] (sizes and constants, by `keys`), [`weights`] (the tensors, by `tensors`).

pub mod families;
pub mod hyperparameters;
mod keys;
pub mod rope;
pub mod tensors;
pub mod vocabulary;
pub mod weights;

use std::fmt;
use std::path::Path;

use gguf::{GgufError, Header};

use crate::mapping::Mapping;
use hyperparameters::Hyperparameters;
use weights::Weights;

/// Why a file cannot be evaluated.
#[derive(Debug)]
pub enum ModelError {
    /// It cannot be opened or mapped.
    Io(std::io::Error),
    /// It is no sound GGUF file.
    Malformed(GgufError),
    /// It is a sound file of a model that this engine does not know.
    Unsupported(String),
}

impl ModelError {
    /// A sound file of something unknown.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Malformed(error) => write!(f, "{error}"),
            Self::Unsupported(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ModelError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Malformed(error) => Some(error),
            Self::Unsupported(_) => None,
        }
    }
}

impl From<GgufError> for ModelError {
    fn from(error: GgufError) -> Self {
        Self::Malformed(error)
    }
}

/// A mapped file with a sound header.
pub struct ModelFile {
    /// All its bytes.
    pub bytes: Mapping,
    /// Its header.
    pub header: Header,
}

impl ModelFile {
    /// Maps and parses.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let bytes = Mapping::open(path).map_err(ModelError::Io)?;
        let header = Header::parse(&bytes, bytes.len() as u64)?;
        Ok(Self { bytes, header })
    }

    /// `general.architecture`.
    pub fn architecture(&self) -> Result<&str, GgufError> {
        required(
            self.header.metadata().str("general.architecture")?,
            "general.architecture",
        )
    }
}

/// A model that can be evaluated.
pub struct Model {
    /// The file that it is in.
    pub file: ModelFile,
    /// Its sizes and constants.
    pub hyperparameters: Hyperparameters,
    /// Its tensors.
    pub weights: Weights,
}

impl Model {
    /// Checks that a file holds all that evaluation needs, and nothing that it would ignore.
    pub fn new(file: ModelFile) -> Result<Self, ModelError> {
        let hyperparameters = Hyperparameters::read(&file)?;
        let weights = Weights::find(&file, &hyperparameters)?;
        let model = Self {
            file,
            hyperparameters,
            weights,
        };
        #[cfg(feature = "faults")]
        let model = crate::faults::in_model::with_fault(model)?;
        Ok(model)
    }
}

/// The value of a key that must be there.
pub(crate) fn required<T>(value: Option<T>, key: &str) -> Result<T, GgufError> {
    value.ok_or_else(|| GgufError::MissingKey {
        key: key.to_owned(),
    })
}
