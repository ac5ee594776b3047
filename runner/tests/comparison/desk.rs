//! A folder with an `engines.toml`, a model, and logs of what the engines were asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gguf::{Array, Value, write};
use tempfile::TempDir;

const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in");

/// A folder in which comparisons are made. The engines `left` and `right` are the same stand-in.
pub(crate) struct Desk {
    folder: TempDir,
}

/// What a comparison left behind.
pub(crate) struct Seen {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Seen {
    /// The receipt on standard output.
    pub(crate) fn receipt(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "exit {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        desk.write_model("model.gguf", &[]);
        let [left, right] = ["left", "right"].map(|name| desk.stand_in(name, &[]));
        desk.configure(&[("left", left), ("right", right)]);
        desk
    }

    /// A desk whose engine `right` is `left` behind the wrapper that changes numbers.
    pub(crate) fn perturbed(change: &[&str]) -> Self {
        let desk = Self::new();
        let left = desk.stand_in("left", &[]);
        let wrapped = wrap(change, desk.stand_in("right", &[]));
        desk.configure(&[("left", left), ("right", wrapped)]);
        desk
    }

    /// The command of a stand-in that logs to `NAME.log`.
    pub(crate) fn stand_in(&self, name: &str, flags: &[&str]) -> Vec<String> {
        let log = self.path(&format!("{name}.log")).display().to_string();
        let words = [STAND_IN, "--log", &log];
        words.iter().chain(flags).map(ToString::to_string).collect()
    }

    pub(crate) fn configure(&self, engines: &[(&str, Vec<String>)]) {
        let entry = |(name, command): &(&str, Vec<String>)| {
            format!("[[engine]]\nname = {name:?}\ncommand = {command:?}\n\n")
        };
        let text = engines.iter().map(entry).collect::<Vec<_>>().concat();
        fs::write(self.path("engines.toml"), text).expect("writable");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What an engine did, a line each.
    pub(crate) fn log(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(&format!("{name}.log"))).unwrap_or_default();
        let told = |line: &&str| !line.starts_with("env ");
        text.lines().filter(told).map(str::to_owned).collect()
    }

    /// A model without tensors: the stand-ins read none.
    pub(crate) fn write_model(&self, name: &str, changed: &[(&str, Value)]) {
        let mut entries = vec![
            ("general.architecture", Value::String("llama".into())),
            ("tokenizer.ggml.model", Value::String("gpt2".into())),
            ("tokenizer.ggml.pre", Value::String("smollm".into())),
            ("tokenizer.ggml.add_bos_token", Value::Bool(true)),
            ("tokenizer.ggml.bos_token_id", Value::U32(256)),
            (
                "tokenizer.ggml.tokens",
                Value::Array(Array::String(vec!["a".into()])),
            ),
        ];
        for (key, value) in changed {
            entries.retain(|(known, _)| known != key);
            entries.push((key, value.clone()));
        }
        let entries: Vec<_> = entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        let bytes = write::header(&entries, &[]).expect("a header");
        fs::write(self.path(name), bytes).expect("writable");
    }

    /// `lockstep` with these words, in this folder.
    pub(crate) fn lockstep(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_CONFIG_HOME", self.path("configuration"));
        command
    }

    /// Compares `right`, the candidate, with `left`, the reference.
    pub(crate) fn compare(&self, words: &[&str]) -> Seen {
        let fixed = [
            "per-token",
            "--model",
            "model.gguf",
            "--candidate",
            "right",
            "--reference",
            "left",
        ];
        run(self.lockstep(&[&fixed[..], words].concat()))
    }

    /// The same in both formats, which must agree on the exit code.
    pub(crate) fn compare_both(&self, words: &[&str]) -> [Seen; 2] {
        ["text", "json"].map(|format| self.compare(&[words, &["--format", format]].concat()))
    }
}

pub(crate) fn run(mut command: Command) -> Seen {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Seen {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

/// An engine's command behind the wrapper that changes its numbers.
pub(crate) fn wrap(change: &[&str], command: Vec<String>) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_in/perturb.py");
    let mut words = vec!["python3".to_owned(), script.display().to_string()];
    words.extend(change.iter().map(ToString::to_string));
    words.push("--".to_owned());
    words.extend(command);
    words
}
