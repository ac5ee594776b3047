//! A folder with random models, prompts and a `sweep.toml`, in which `lockstep` runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use schemas::line;
use schemas::plan::Plan;
use tempfile::TempDir;

/// The folder.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// Empty.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        let folder = path.parent().expect("it lies in ours");
        fs::create_dir_all(folder).expect("a folder");
        fs::write(path, contents).expect("written");
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it is there")
    }

    /// Writes a random model of the family `llama`.
    pub(crate) fn model(&self, name: &str, seed: u32) -> &Self {
        self.fixture(name, &["--seed", &seed.to_string()])
    }

    /// Writes a random model as these arguments say.
    pub(crate) fn fixture(&self, name: &str, arguments: &[&str]) -> &Self {
        self.write(name, "");
        let lockstep = Path::new(env!("CARGO_BIN_EXE_lockstep"));
        let engine = lockstep.with_file_name("rust-engine");
        let made = Command::new(&engine)
            .arg("fixture")
            .args(arguments)
            .arg(self.path(name))
            .output();
        let made = made.unwrap_or_else(|error| {
            panic!(
                "{}: {error} (hint: cargo build -p rust-engine)",
                engine.display()
            )
        });
        assert!(made.status.success(), "{made:?}");
        self
    }

    /// `lockstep` with the built references.
    pub(crate) fn lockstep(&self, arguments: &[&str]) -> Run {
        self.lockstep_with(&references(), arguments)
    }

    /// `lockstep` with the references of this folder.
    pub(crate) fn lockstep_with(&self, references: &Path, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .current_dir(self.folder.path())
            .env("LOCKSTEP_REFERENCES", references)
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("NO_COLOR", "1")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("lockstep writes UTF-8");
        Run {
            code: output.status.code().expect("it was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The plan of `sweep.toml`, which is there afterwards.
    #[track_caller]
    pub(crate) fn plan(&self) -> Plan {
        self.lockstep(&["plan", "sweep.toml", "-o", "plan.json"])
            .exits(0);
        line::read_whole(&self.read("plan.json")).expect("a plan")
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

    /// Fails the test unless standard error has this.
    #[track_caller]
    pub(crate) fn complains(&self, part: &str) -> &Self {
        assert!(self.stderr.contains(part), "{part:?} is not in {self:?}");
        self
    }
}

pub(crate) fn references() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/references");
    let folder = std::env::var_os("LOCKSTEP_REFERENCES").map_or_else(beside, PathBuf::from);
    assert!(
        folder.join("llama-scalar").is_file(),
        "{} has no llama-scalar: scripts/build-references.sh scalar",
        folder.display()
    );
    folder
}
