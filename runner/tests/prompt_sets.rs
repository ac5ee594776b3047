//! The command `lockstep prompts`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// `lockstep prompts` in a folder.
fn prompts(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .current_dir(folder)
        .arg("prompts")
        .args(arguments)
        .output()
        .expect("it starts")
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn sha256(folder: &Path, arguments: &[&str]) -> String {
    let table = stdout(&prompts(folder, arguments));
    let line = table.lines().find_map(|line| line.strip_prefix("sha256 "));
    line.expect("a digest").to_owned()
}

#[test]
fn a_set_is_listed_and_can_be_given_back() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    let table = stdout(&prompts(here, &[]));
    assert!(
        table.starts_with("built-in, version 1: 10 prompts, "),
        "{table}"
    );
    assert!(table.contains("\ncode "), "{table}");

    let lines = stdout(&prompts(here, &["--format", "json"]));
    let shown = |c: char| c == '\n' || !(c.is_control() || "\u{200d}\u{202e}".contains(c));
    assert!(lines.chars().all(shown), "{lines}");
    fs::write(here.join("mine.jsonl"), &lines).expect("written");
    let mine = ["--prompts", "mine.jsonl"];
    assert_eq!(sha256(here, &mine), sha256(here, &[]));
    assert!(stdout(&prompts(here, &mine)).starts_with("mine.jsonl: 10 prompts, "));

    let digest = Sha256::digest(lines.as_bytes());
    let digest: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        sha256(here, &[]),
        digest.concat(),
        "that of what is printed"
    );

    let edited = lines.replace("The capital of France is", "The capital of Spain is");
    fs::write(here.join("mine.jsonl"), edited).expect("written");
    assert_ne!(sha256(here, &mine), sha256(here, &[]));
}

#[test]
fn a_set_of_no_use_is_said_by_the_exit_code() {
    let folder = tempfile::tempdir().expect("folder");
    for (name, contents, code, expected) in [
        ("empty.txt", "\n \n", 4, "empty.txt: zero prompts"),
        ("empty.jsonl", "", 4, "empty.jsonl: zero prompts"),
        (
            "list.jsonl",
            "Hello\n",
            65,
            "list.jsonl: line 1: no JSON object",
        ),
        ("list.txt", "Hello\n\nHo\n", 0, ""),
    ] {
        fs::write(folder.path().join(name), contents).expect("written");
        let output = prompts(folder.path(), &["--prompts", name]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(expected), "{complaint}");
    }
    let absent = prompts(folder.path(), &["--prompts", "absent", "--format", "json"]);
    assert_eq!(absent.status.code(), Some(65), "{absent:?}");
    let failure: Value = serde_json::from_slice(&absent.stdout).expect("a failure object");
    assert_eq!(failure["exit"]["code"], 65, "{failure}");
}
