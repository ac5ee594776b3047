//! Which cases are to be done again though they have a result.
//!
//! A result stays where it is until another one takes its place, so that a run never has less than it
//! had. That it is to be replaced is noted beside the cases, and the note goes when it has been: whoever
//! is interrupted in between goes on where it was.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::results::remove_if_there;

/// The folder of the notes, one file for each case.
pub const AGAIN: &str = "again";

/// The notes of a folder.
#[derive(Debug)]
pub struct Again {
    folder: PathBuf,
}

impl Again {
    /// Those of a run. Nothing is made yet.
    pub fn of(run: &Path) -> Self {
        Self {
            folder: run.join(AGAIN),
        }
    }

    /// Notes a case.
    pub fn note(&self, id: &str) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        File::create(self.folder.join(id)).map(drop)
    }

    /// Whether a case is noted.
    pub fn has(&self, id: &str) -> bool {
        self.folder.join(id).exists()
    }

    /// It has been done.
    pub fn strike(&self, id: &str) -> io::Result<()> {
        remove_if_there(&self.folder.join(id))
    }
}
