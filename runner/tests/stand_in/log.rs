//! What this process did, written by itself.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file that lines are appended to, or nothing.
pub(crate) struct Log(Option<PathBuf>);

impl Log {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn to(path: PathBuf) -> Self {
        Self(Some(path))
    }

    /// Where it is; tests that ask always give one.
    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().expect("`--log FILE` was given")
    }

    /// Appends one line in one write, so that lines of several processes do not mix.
    pub(crate) fn line(&self, text: &str) {
        let Some(path) = &self.0 else { return };
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("the test names a file that can be written");
        file.write_all(format!("{text}\n").as_bytes())
            .expect("the log can be written");
    }

    /// Appends the names and values of all environment variables.
    pub(crate) fn environment(&self) {
        for (name, value) in std::env::vars_os() {
            self.line(&format!("env {}={}", name.display(), value.display()));
        }
    }
}
