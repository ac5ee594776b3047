//! The text of a `sweep.toml`, and how a mistake in it is told.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::PlanError;
use super::file::{self, SweepFile};
use crate::exit::Exit;
use crate::text::{escape_for_terminal, line_of};

/// So much of a line is told.
const LINE_CHARACTERS: usize = 80;

/// Where the text of a sweep is from.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    pub(super) fn new(path: &Path, text: String) -> Self {
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// What the text says.
    pub(super) fn parse(&self) -> Result<SweepFile, PlanError> {
        file::parse(&self.text).map_err(|(at, problem)| {
            let line = at.as_ref().map(|at| self.line_at(at.start));
            let line = line.map(|line| format!(" in `{line}`")).unwrap_or_default();
            self.mistake(at, &(problem + &line))
        })
    }

    /// The line of a mistake, for a message does not say of which key it speaks.
    fn line_at(&self, offset: usize) -> String {
        let index = line_of(&self.text, offset) - 1;
        let line = self.text.lines().nth(index).unwrap_or_default();
        line.trim().chars().take(LINE_CHARACTERS).collect()
    }

    /// The folder at which relative paths begin.
    pub(super) fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The sweep's name where it has none of its own.
    pub(super) fn stem(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// A wrong value; `problem` is not escaped.
    pub(super) fn mistake(&self, at: Option<Range<usize>>, problem: &str) -> PlanError {
        self.unusable(at, escape_for_terminal(problem), Exit::BadInput)
    }

    /// Something that a value names is of no use; `problem` is fit for a terminal.
    pub(super) fn unusable(
        &self,
        at: Option<Range<usize>>,
        problem: String,
        exit: Exit,
    ) -> PlanError {
        PlanError::Sweep {
            path: self.path.clone(),
            line: at.map(|at| line_of(&self.text, at.start)),
            problem,
            // A file is never a wrong way to call the program.
            exit: if exit == Exit::Usage {
                Exit::BadInput
            } else {
                exit
            },
        }
    }
}
