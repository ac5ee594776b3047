//! What an engine did, written by its own process: one JSON object a line, each in one write, so
//! that the lines of several processes keep their order and do not mix.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

/// A file that lines are appended to.
pub(crate) struct Log {
    name: String,
    path: PathBuf,
}

impl Log {
    pub(crate) fn new(name: String, path: PathBuf) -> Self {
        Self { name, path }
    }

    /// A process began.
    pub(crate) fn start(&self, subcommand: &str, flags: &[String]) {
        self.line(&json!({
            "engine": self.name, "event": "start", "subcommand": subcommand,
            "pid": std::process::id(), "flags": flags,
        }));
    }

    /// A line was read.
    pub(crate) fn request(&self, subcommand: &str, text: &str) {
        let request: Value = serde_json::from_str(text).expect("requests are JSON");
        self.line(&json!({
            "engine": self.name, "event": "request", "subcommand": subcommand, "request": request,
        }));
    }

    /// Whether nobody has said this word before; the file beside the log remembers it.
    pub(crate) fn is_new(&self, word: &str) -> bool {
        File::create_new(self.path.with_extension(word)).is_ok()
    }

    fn line(&self, entry: &Value) {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .expect("the test names a file that can be written");
        file.write_all(format!("{entry}\n").as_bytes())
            .expect("the log can be written");
    }
}
