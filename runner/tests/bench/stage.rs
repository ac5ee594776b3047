//! A folder with a model and stand-ins as engines, in which `lockstep bench` runs.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use gguf::TensorType;
use gguf::write::PlannedTensor;
use schemas::bench::BenchReceipt;
use schemas::line;
use tempfile::TempDir;

use crate::stand_in::PROGRAM;

/// The folder.
pub(crate) struct Stage {
    folder: TempDir,
    engines: String,
}

impl Stage {
    /// Sound stand-ins `a` and `b`.
    pub(crate) fn new() -> Self {
        Self::empty().engine("a", None).engine("b", None)
    }

    /// No engine yet.
    pub(crate) fn empty() -> Self {
        let stage = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            engines: String::new(),
        };
        for folder in ["tmp", "cache", "references"] {
            fs::create_dir(stage.path(folder)).expect("a new folder");
        }
        // No metadata, and one tensor of a type with which `ik` goes wrong in large micro-batches.
        let mut file = File::create(stage.path("model.gguf")).expect("a new file");
        let tensor = PlannedTensor {
            name: "output.weight".to_owned(),
            dimensions: vec![32],
            tensor_type: TensorType::Q4_1,
        };
        gguf::write::file(&mut file, &[], &[tensor], |_, out| out.write_all(&[0; 20]))
            .expect("the file can be written");
        stage
    }

    /// Adds a stand-in, perhaps with a fault.
    pub(crate) fn engine(self, name: &str, fault: Option<&str>) -> Self {
        self.behind(name, &[], fault)
    }

    /// Adds a stand-in that is started by other words.
    pub(crate) fn behind(mut self, name: &str, before: &[&str], fault: Option<&str>) -> Self {
        let log = self.path("log").display().to_string();
        let mut command = before.to_vec();
        command.extend([PROGRAM, "--log", &log]);
        command.extend(fault.iter().flat_map(|fault| ["--fault", fault]));
        let _ = writeln!(
            self.engines,
            "[[engine]]\nname = {name:?}\ncommand = {command:?}\nenvironment = {{ WHO = {name:?} }}"
        );
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `lockstep bench` with the model named, few positions and one round.
    pub(crate) fn bench(&self, arguments: &[&str]) -> Command {
        fs::write(self.path("engines.toml"), &self.engines).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command
            .current_dir(self.folder.path())
            .env("TMPDIR", self.path("tmp"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("LOCKSTEP_REFERENCES", self.path("references"))
            .args([
                "--engines",
                "engines.toml",
                "bench",
                "--model",
                "model.gguf",
            ])
            .args(arguments)
            .stdin(Stdio::null());
        for (flag, default) in [("--repeat", "1"), ("--positions", "5"), ("--steps", "3")] {
            if !arguments.contains(&flag) {
                command.args([flag, default]);
            }
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.bench(arguments).output().expect("it starts").into()
    }

    /// The receipt of a bench that succeeds.
    #[track_caller]
    pub(crate) fn receipt(&self, arguments: &[&str]) -> BenchReceipt {
        let run = self.run(&[arguments, &["--format", "json"]].concat());
        run.exits(0);
        line::read_whole(&run.stdout).expect("a receipt")
    }

    /// Whose processes of this sub-command began, in their order.
    pub(crate) fn starts(&self, subcommand: &str) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let start = format!("start {subcommand} pid ");
        let mut starts = Vec::new();
        let mut is_new = false;
        for line in log.lines() {
            if line.starts_with("start ") {
                is_new = line.starts_with(&start);
            }
            if let (true, Some(name)) = (is_new, line.strip_prefix("env WHO=")) {
                starts.push(name.to_owned());
            }
        }
        starts
    }
}

/// How a process ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
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
