//! Why there is no plan.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::FolderError;
use crate::engine::EngineFault;
use crate::exit::Exit;
use crate::run_error::RunError;
use crate::text::{escape_for_terminal, escape_path};

/// Why there is no plan.
#[derive(Debug)]
pub enum PlanError {
    /// The sweep's file, or a file that it names, is of no use.
    Sweep {
        /// The sweep's file.
        path: PathBuf,
        /// The line of the mistake, from 1, where there is one.
        line: Option<usize>,
        /// What is wrong there; fit for a terminal.
        problem: String,
        /// The process's exit code.
        exit: Exit,
    },
    /// The file is a plan, and not a sound one.
    Plan(FolderError),
    /// An engine cannot be compared.
    Engine(RunError),
    /// An engine does not say who it is.
    Fault {
        /// What came of asking it.
        fault: EngineFault,
        /// How it is had, where it is not there.
        mend: Option<String>,
    },
    /// The program behind a built-in name is another one.
    AnotherProgram {
        /// The name.
        name: String,
        /// What the program calls itself.
        found: String,
    },
    /// A file cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl PlanError {
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }

    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Sweep { exit, .. } => *exit,
            Self::Plan(error) => error.exit(),
            Self::Engine(error) => error.exit(),
            Self::Fault { fault, .. } => fault.exit(),
            Self::AnotherProgram { .. } => Exit::Unavailable,
            Self::File { .. } => Exit::BadInput,
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sweep {
                path,
                line,
                problem,
                ..
            } => {
                f.write_str(&escape_path(path))?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                write!(f, ": {problem}")
            }
            Self::Plan(error) => error.fmt(f),
            Self::Engine(error) => error.fmt(f),
            Self::Fault { fault, mend } => {
                fault.fmt(f)?;
                match mend {
                    Some(mend) => write!(f, "\nTo mend that: {}", escape_for_terminal(mend)),
                    None => Ok(()),
                }
            }
            Self::AnotherProgram { name, found } => write!(
                f,
                "the program of {} calls itself {}",
                escape_for_terminal(name),
                escape_for_terminal(found)
            ),
            Self::File { path, error } => write!(f, "{}: {error}", escape_path(path)),
        }
    }
}

impl std::error::Error for PlanError {}
