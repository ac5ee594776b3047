//! `lockstep diff` and `lockstep trend` as commands: their exit codes, and what goes to which stream.
//! What they find is tested beside their code.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use runner::seal::seal;
use schemas::canonical;
use schemas::receipt::{Profile, Receipt};
use tempfile::TempDir;

const EXAMPLE: &str = include_str!("../../schemas/examples/receipt/valid.production.json");

/// A receipt of no sweep, as `per-token --out` leaves it.
fn write(path: &Path, edit: impl FnOnce(&mut Receipt)) {
    let mut receipt: Receipt = serde_json::from_str(EXAMPLE).expect("an example");
    receipt.environment = None;
    edit(&mut receipt);
    seal(&mut receipt);
    let text = canonical::to_string(&receipt).expect("JSON");
    fs::write(path, text).expect("written");
}

fn lockstep(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    let output = command.current_dir(folder).args(arguments).output();
    output.expect("lockstep runs")
}

fn code(folder: &Path, arguments: &[&str]) -> Option<i32> {
    lockstep(folder, arguments).status.code()
}

fn two_receipts(edit: impl FnOnce(&mut Receipt)) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write(&folder.path().join("a.json"), |_| ());
    write(&folder.path().join("b.json"), edit);
    folder
}

#[test]
fn the_same_is_told_by_silence_and_zero() {
    let folder = two_receipts(|_| ());
    for format in ["text", "csv"] {
        let output = lockstep(
            folder.path(),
            &["diff", "a.json", "b.json", "--format", format],
        );
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
    }
    let json = lockstep(
        folder.path(),
        &["diff", "a.json", "b.json", "--format", "json"],
    );
    let diff: schemas::diff::RunDiff = serde_json::from_slice(&json.stdout).expect("a diff");
    assert!(diff.causes.is_empty() && diff.cases.is_empty());
}

#[test]
fn a_difference_is_one() {
    let folder = two_receipts(|it| it.engines.candidate.version = Some("9.9.9".to_owned()));
    let output = lockstep(folder.path(), &["diff", "a.json", "b.json"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.contains("candidate rust-engine changed (1 case)"),
        "{text}"
    );
    assert!(output.stderr.is_empty());
}

#[test]
fn whatever_goes_wrong_is_two_for_diff() {
    let folder = two_receipts(|it| it.profile = Profile::F32);
    fs::write(folder.path().join("edited.json"), "{}").expect("written");
    let troubles: [&[&str]; 6] = [
        &["diff"],
        &["diff", "a.json"],
        &["diff", "a.json", "b.json", "--no-such-flag"],
        &["diff", "a.json", "no-such-folder"],
        &["diff", "a.json", "edited.json"],
        // Another question.
        &["diff", "a.json", "b.json"],
    ];
    for trouble in troubles {
        let output = lockstep(folder.path(), trouble);
        assert_eq!(output.status.code(), Some(2), "{trouble:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    let json = ["diff", "a.json", "x", "--format", "json"];
    let output = lockstep(folder.path(), &json).stdout;
    let failure: schemas::failure::CommandFailure =
        serde_json::from_slice(&output).expect("a failure");
    assert_eq!(
        (failure.exit.code, failure.exit.name.as_str()),
        (2, "trouble")
    );
    assert_eq!(code(folder.path(), &["diff", "--help"]), Some(0));
}

#[test]
fn trend_ends_as_all_other_commands_do() {
    let folder = TempDir::new().expect("a folder");
    assert_eq!(code(folder.path(), &["trend"]), Some(64));
    assert_eq!(code(folder.path(), &["trend", "no-such-folder"]), Some(65));
}
