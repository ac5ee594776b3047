//! `lockstep sabotage` with this engine, on a fixture: every fault is caught where it has to be, and
//! one that is not made is not caught.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::{RUST_ENGINE, family_fixture, llama_scalar};
use crate::results::text;

/// Beside the engine: `cargo build -p runner` makes it.
fn lockstep() -> PathBuf {
    let folder = Path::new(RUST_ENGINE).parent().expect("it is in a folder");
    let program = folder.join("lockstep");
    assert!(
        program.is_file(),
        "{} is missing: run cargo build -p runner",
        program.display()
    );
    program
}

/// A folder with an `engines.toml` in which `command` is the engine that makes faults.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new(command: &Path) -> Self {
        let desk = Self(tempfile::tempdir().expect("a temporary folder"));
        let command = command.display().to_string();
        let engine =
            format!("[[engine]]\nname = \"rust-engine-faults\"\ncommand = [{command:?}]\n");
        fs::write(desk.0.path().join("engines.toml"), engine).expect("written");
        desk
    }

    fn sabotage(&self, model: &str, flags: &[&str]) -> (Option<i32>, Value) {
        let references = Path::new(&llama_scalar()).parent().map(Path::to_owned);
        let output = Command::new(lockstep())
            .current_dir(self.0.path())
            .env("LOCKSTEP_REFERENCES", references.expect("a folder"))
            .env("XDG_CACHE_HOME", self.0.path())
            .args([
                "sabotage",
                "--model",
                model,
                "--threads",
                "1",
                "--format",
                "json",
            ])
            .args(flags)
            .output()
            .expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let found = serde_json::from_slice(&output.stdout);
        let found: Value = found.unwrap_or_else(|error| panic!("{error}: {stderr}"));
        (output.status.code(), found)
    }
}

fn trials(found: &Value) -> Vec<&Value> {
    let trials = found["profiles"][0]["trials"].as_array();
    trials
        .unwrap_or_else(|| panic!("{found:#}"))
        .iter()
        .collect()
}

fn of_outcome<'v>(found: &'v Value, outcome: &str) -> Vec<&'v str> {
    let trials = trials(found).into_iter();
    let of = trials.filter(|trial| trial["outcome"] == outcome);
    of.map(|trial| text(&trial["fault"])).collect()
}

/// All apply that the family has, and each is caught at its rung.
fn assert_caught(family: &str, types: &str, not_made: &[&str]) {
    let desk = Desk::new(Path::new(RUST_ENGINE));
    let model = family_fixture(desk.0.path(), family, &["--type", types]);
    let (code, found) = desk.sabotage(&model, &[]);
    assert_eq!(of_outcome(&found, "slipped"), [""; 0], "{found:#}");
    assert_eq!(code, Some(0), "{found:#}");
    assert_eq!(of_outcome(&found, "not-applicable"), not_made);
    let caught = of_outcome(&found, "caught");
    assert_eq!(caught.len() + not_made.len(), trials(&found).len());
    assert!(caught.len() >= 30, "{caught:?}");
    for trial in trials(&found) {
        if trial["outcome"] == "caught" {
            let expected = trial["expected"].as_array().expect("rungs");
            assert!(expected.contains(&trial["caught_at"]), "{trial:#}");
        }
    }
}

#[test]
fn every_fault_is_caught_at_its_rung() {
    let not_made = [
        "sub-norm-left-out",
        "tied-output-from-wrong-row",
        "silu-for-relu-squared",
        "window-off-by-one",
    ];
    assert_caught("llama", "mixed", &not_made);
}

/// Its window is outrun by a prompt of its own.
#[test]
fn a_fault_at_a_windows_end_is_caught() {
    let not_made = [
        "sub-norm-left-out",
        "tied-output-from-wrong-row",
        "silu-for-relu-squared",
        "gelu-for-silu",
        "activations-without-sum-correction",
    ];
    assert_caught("gemma3", "q8_0", &not_made);
}

/// The engine behind forgets one of its faults.
#[test]
fn a_fault_that_nobody_makes_slips_through() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let forgetful = folder.path().join("forgetful");
    let script = format!(
        "#!/bin/sh\n[ \"$1 $2\" = \"--fault heads-swapped\" ] && shift 2\nexec '{RUST_ENGINE}' \"$@\"\n"
    );
    fs::write(&forgetful, script).expect("written");
    fs::set_permissions(&forgetful, fs::Permissions::from_mode(0o755)).expect("executable");
    let desk = Desk::new(&forgetful);
    let model = family_fixture(desk.0.path(), "llama", &["--type", "q4_0"]);
    for profile in ["exact", "f32"] {
        let (code, found) = desk.sabotage(&model, &["--profile", profile]);
        assert_eq!(code, Some(1), "{found:#}");
        assert_eq!(of_outcome(&found, "slipped"), ["heads-swapped"]);
        assert!(
            text(&found["reason"]).contains("heads-swapped"),
            "{found:#}"
        );
    }
}

/// In `f32` small faults hide in limits: each that has a strength is caught when it is made strong.
#[test]
fn what_hides_is_made_stronger_until_it_is_caught() {
    let desk = Desk::new(Path::new(RUST_ENGINE));
    let model = family_fixture(desk.0.path(), "llama", &["--type", "q4_0"]);
    let (code, found) = desk.sabotage(&model, &["--profile", "f32"]);
    assert_eq!(code, Some(0), "{found:#}");
    assert_eq!(of_outcome(&found, "reported"), ["constant-shift"]);
    let hidden = of_outcome(&found, "hidden");
    // It cancels but for rounding, which bits show and limits do not.
    assert!(hidden.contains(&"rope-position-from-one"), "{hidden:?}");
    for trial in trials(&found) {
        let Some(hidden) = trial["hidden"].as_object() else {
            continue;
        };
        let share = hidden["share"].as_f64().expect("a share");
        assert!((0.0..=1.0).contains(&share), "{trial:#}");
        println!(
            "{}: {share:.2e} of the limit of {}, caught at strength {}",
            trial["fault"], hidden["metric"], hidden["caught_at_strength"]
        );
        if !hidden["strength"].is_null() {
            assert!(hidden["caught_at_strength"].is_u64(), "{trial:#}");
        }
    }
}

#[test]
fn nothing_is_tried_without_the_engine() {
    let desk = Desk::new(Path::new(RUST_ENGINE));
    fs::remove_file(desk.0.path().join("engines.toml")).expect("removed");
    // A program folder of its own: beside the other one there may be an engine with faults.
    let alone = desk.0.path().join("lockstep");
    fs::copy(lockstep(), &alone).expect("copied");
    let model = family_fixture(desk.0.path(), "llama", &["--type", "q4_0"]);
    let output = Command::new(&alone)
        .current_dir(desk.0.path())
        .args(["sabotage", "--model", &model])
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(69));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("scripts/build-faulty-engine.sh"),
        "{stderr}"
    );
}

/// The reference does not compute what the engine does, so nothing can be shown.
#[test]
fn nothing_is_proved_by_an_engine_that_fails_without_a_fault() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spoilt = folder.path().join("spoilt");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in\n*\" --fault \"* | \" faults \") exec '{RUST_ENGINE}' \"$@\" ;;\nesac\n\
         exec '{RUST_ENGINE}' --fault one-layer-skipped \"$@\"\n"
    );
    fs::write(&spoilt, script).expect("written");
    fs::set_permissions(&spoilt, fs::Permissions::from_mode(0o755)).expect("executable");
    let desk = Desk::new(&spoilt);
    let model = family_fixture(desk.0.path(), "llama", &["--type", "q4_0"]);
    let (code, found) = desk.sabotage(&model, &[]);
    assert_eq!(code, Some(1), "{found:#}");
    assert!(trials(&found).is_empty());
    assert!(
        text(&found["reason"]).contains("nothing is proved"),
        "{found:#}"
    );
}
