//! A full disk says nothing of an engine or a model: both engines say that another try may go well.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::process::{RUST_ENGINE, evaluate_request, fixture, llama_scalar, scattered};

/// To try again.
const TRY_AGAIN: i32 = 75;

/// Starts an engine by a shell script, whose answers go to this file.
fn run(script: &str, words: &[&str], requests: &Path, answers: &str) -> Output {
    let open = |path: &Path| File::open(path).expect("it is there");
    let answers = File::options().write(true).open(answers);
    Command::new("sh")
        .args(["-c", script, "sh"])
        .args(words)
        .stdin(open(requests))
        .stdout(Stdio::from(answers.expect("every Linux has it")))
        .output()
        .expect("the shell starts")
}

#[test]
fn a_full_disk_is_no_failure_that_lasts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let requests = folder.path().join("requests");
    let request = evaluate_request("a", &scattered(5, 400), 2);
    std::fs::write(&requests, format!("{request}\n")).expect("written");
    let out = folder.path().display().to_string();
    let harness = llama_scalar();
    let evaluate = |program, script, answers: &str| {
        let words = [program, "evaluate", "--model", &model, "--out", &out];
        run(script, &words, &requests, answers)
    };
    for program in [RUST_ENGINE, &harness] {
        let full = evaluate(program, "exec \"$@\"", "/dev/full");
        assert_eq!(full.status.code(), Some(TRY_AGAIN), "{program}: {full:?}");
        let told = String::from_utf8_lossy(&full.stderr);
        assert!(told.contains("No space left on device"), "{told}");
        let empty = evaluate(program, "exec \"$@\"", "/dev/null");
        assert_eq!(empty.status.code(), Some(0), "{program}: {empty:?}");
    }
    // The name under which the harness begins its file leads to a disk without room.
    let led = "ln -s /dev/full \"$6/a.logits.npy.part-$$\"; exec \"$@\"";
    let full = evaluate(&harness, led, "/dev/null");
    assert_eq!(full.status.code(), Some(TRY_AGAIN), "{full:?}");
    let told = String::from_utf8_lossy(&full.stderr);
    assert!(told.contains("a.logits.npy.part-"), "{told}");
}
