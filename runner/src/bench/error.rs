//! Why a bench has no result.

use std::fmt;
use std::path::PathBuf;

use schemas::canonical::NotJson;

use crate::engine::EngineFault;
use crate::exit::Exit;
use crate::run_error::RunError;
use crate::text::{escape_for_terminal, escape_path};

/// Why a bench has no result.
#[derive(Debug)]
pub enum BenchError {
    /// The model is of no use, there is no such engine, or it is configured to compute something else.
    Run(RunError),
    /// What was asked for cannot be: too much for the model, or an engine twice.
    Usage(String),
    /// An engine that was named cannot run this model, or none can.
    Refused(String),
    /// An engine failed.
    Engine(EngineFault),
    /// An engine's numbers or times cannot be right.
    BadOutput(String),
    /// The earlier bench cannot be compared with.
    Against {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The user wanted to stop.
    Interrupted,
    /// A receipt that has no JSON form.
    NotJson(NotJson),
    /// A table that has no CSV form.
    NotCsv(csv::Error),
}

impl BenchError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::Usage(_) => Exit::Usage,
            Self::Refused(_) => Exit::Unavailable,
            Self::Engine(fault) => fault.exit(),
            Self::BadOutput(_) | Self::Against { .. } => Exit::BadInput,
            Self::Interrupted => Exit::Retryable,
            Self::NotJson(_) | Self::NotCsv(_) => Exit::Internal,
        }
    }
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => error.fmt(f),
            Self::Usage(problem) | Self::Refused(problem) | Self::BadOutput(problem) => {
                f.write_str(&escape_for_terminal(problem))
            }
            Self::Engine(fault) => fault.fmt(f),
            Self::Against { path, problem } => {
                write!(f, "{}: {}", escape_path(path), escape_for_terminal(problem))
            }
            Self::Interrupted => f.write_str("stopped by a signal"),
            Self::NotJson(error) => error.fmt(f),
            Self::NotCsv(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BenchError {}

impl From<RunError> for BenchError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<EngineFault> for BenchError {
    fn from(fault: EngineFault) -> Self {
        Self::Engine(fault)
    }
}
