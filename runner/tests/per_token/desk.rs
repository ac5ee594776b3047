//! A folder with a model and two table engines, `candidate` and `reference`, in which `lockstep`
//! runs, and what comes of it. A third one stands for `rust-engine`, which writes twins.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::model;

/// The JSON Schema of a kind of object, as committed.
fn validator(kind: &str) -> jsonschema::Validator {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/json");
    let path = Path::new(folder).join(format!("{kind}.schema.json"));
    let text = fs::read_to_string(path).expect("the schema is committed");
    let schema = serde_json::from_str(&text).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("it is a schema")
}

/// How an engine of `engines.toml` differs from a plain table engine.
#[derive(Default)]
struct Engine {
    habits: Vec<String>,
    changes: Vec<String>,
    distortion: Option<String>,
}

/// The folder.
pub(crate) struct Desk {
    folder: TempDir,
    engines: BTreeMap<String, Engine>,
}

impl Desk {
    /// Both engines are the same.
    pub(crate) fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            engines: BTreeMap::new(),
        };
        for folder in ["tmp", "cache"] {
            fs::create_dir(desk.path(folder)).expect("a new folder");
        }
        model::write(&desk.path("model.gguf"), true, Some("default"));
        let desk = desk.habit("rust-engine", &[]);
        desk.habit("candidate", &[]).habit("reference", &[])
    }

    /// Gives an engine habits; it is made if it is not there.
    pub(crate) fn habit(mut self, engine: &str, habits: &[&str]) -> Self {
        let engine = self.engines.entry(engine.to_owned()).or_default();
        engine.habits.extend(habits.iter().map(|&h| h.to_owned()));
        self.configure()
    }

    /// Spoils an engine's numbers.
    pub(crate) fn perturb(mut self, engine: &str, changes: &str) -> Self {
        let engine = self.engines.entry(engine.to_owned()).or_default();
        let words = changes.split_whitespace().map(str::to_owned);
        engine.changes.extend(words);
        self.configure()
    }

    /// Spoils an engine's answers as `lockstep sabotage` does.
    pub(crate) fn distort(mut self, engine: &str, fault: &str) -> Self {
        let engine = self.engines.entry(engine.to_owned()).or_default();
        engine.distortion = Some(fault.to_owned());
        self.configure()
    }

    fn configure(self) -> Self {
        let mut text = String::new();
        for (name, engine) in &self.engines {
            let mut command = Vec::new();
            if let Some(fault) = &engine.distortion {
                let lockstep = env!("CARGO_BIN_EXE_lockstep");
                command.extend([lockstep, "distort-output", fault, "--"].map(str::to_owned));
            }
            if !engine.changes.is_empty() {
                command.push(env!("CARGO_BIN_EXE_perturb").to_owned());
                command.extend(engine.changes.clone());
                command.push("--".to_owned());
            }
            let log = self.path("log").display().to_string();
            let table = env!("CARGO_BIN_EXE_table-engine");
            command.extend([table, "--name", name, "--log", &log].map(str::to_owned));
            for habit in &engine.habits {
                command.extend(["--habit".to_owned(), habit.clone()]);
            }
            let _ = writeln!(text, "[[engine]]\nname = {name:?}\ncommand = {command:?}");
        }
        fs::write(self.path("engines.toml"), text).expect("the folder can be written");
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program in this folder.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env("TMPDIR", self.path("tmp"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            // None of the built ones: a test that wants some puts them there.
            .env("LOCKSTEP_REFERENCES", self.path("references"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// `lockstep per-token` with the model and both engines named.
    pub(crate) fn per_token(&self, arguments: &[&str]) -> Command {
        self.compare("per-token", arguments)
    }

    /// Any command that compares, with the model and both engines named.
    pub(crate) fn compare(&self, subcommand: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_lockstep"));
        command
            .args(["--engines", "engines.toml", subcommand])
            .args(["--model", "model.gguf"])
            .args(["--candidate", "candidate", "--reference", "reference"])
            .args(arguments);
        command
    }

    /// Runs it, with text as output.
    pub(crate) fn text(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.per_token(arguments))
    }

    /// Runs it with JSON as output: a receipt that the schema accepts and that tells the
    /// process's own exit code.
    pub(crate) fn json(&self, arguments: &[&str]) -> (Run, Value) {
        let mut command = self.per_token(arguments);
        let run = Run::of(command.args(["--format", "json"]));
        let receipt = run.object("receipt");
        assert_eq!(receipt["exit"]["code"], run.code, "{run:?}");
        (run, receipt)
    }

    /// Runs it in both formats, which must end alike.
    pub(crate) fn both(&self, arguments: &[&str]) -> (Run, Value) {
        let text = self.text(arguments);
        let (json, receipt) = self.json(arguments);
        assert_eq!(text.code, json.code, "{text:?}\n{json:?}");
        (text, receipt)
    }

    /// What the engines wrote down, in its order.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("log")).unwrap_or_default();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("the log is JSON"))
            .collect()
    }

    /// The processes that were started, as `candidate describe`.
    pub(crate) fn starts(&self) -> Vec<String> {
        let log = self.log();
        let starts = log.iter().filter(|entry| entry["event"] == "start");
        starts
            .map(|entry| format!("{} {}", word(&entry["engine"]), word(&entry["subcommand"])))
            .collect()
    }

    /// The flags of the last process of this kind.
    pub(crate) fn flags(&self, engine: &str, subcommand: &str) -> Vec<String> {
        let of = |entry: &&Value| {
            entry["event"] == "start"
                && entry["engine"] == engine
                && entry["subcommand"] == subcommand
        };
        let log = self.log();
        let flags = log
            .iter()
            .rfind(of)
            .and_then(|entry| entry["flags"].as_array());
        let flags = flags.expect("it was started").iter();
        flags.map(|flag| word(flag).to_owned()).collect()
    }

    /// What was asked of an engine.
    pub(crate) fn requests(&self, engine: &str, subcommand: &str) -> Vec<Value> {
        let of = |entry: &Value| {
            entry["event"] == "request"
                && entry["engine"] == engine
                && entry["subcommand"] == subcommand
        };
        let log = self.log().into_iter().filter(of);
        log.map(|mut entry| entry["request"].take()).collect()
    }
}

pub(crate) fn word(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The names in a folder, sorted; none where there is no folder.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .collect();
    names.sort();
    names
}

/// How a process ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().expect("it starts").into()
    }

    /// The one object on standard output, which the schema of its kind accepts.
    #[track_caller]
    pub(crate) fn object(&self, kind: &str) -> Value {
        let object: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in the output of\n{self:?}"));
        let schema = validator(kind);
        let problems: Vec<_> = schema.iter_errors(&object).map(|e| e.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?} in\n{self:?}");
        object
    }

    /// Fails the test unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Fails the test unless standard error has all of these.
    #[track_caller]
    pub(crate) fn complains(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in {self:?}");
        }
        self
    }

    /// Fails the test unless standard output has all of these.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.stdout.contains(part), "{part:?} is not in {self:?}");
        }
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("lockstep writes UTF-8");
        Self {
            code: output.status.code().expect("it was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}
