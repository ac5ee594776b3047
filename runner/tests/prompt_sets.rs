//! The command `lockstep prompts`, and that the built-in set is what it is for: its prompts are as
//! many and as long as a verdict on a set asks for, with the tokenizers of real models.
//!
//! Made ready by scripts/build-references.sh, scripts/fetch-demo-model.sh and
//! scripts/fetch-gemma3-model.sh. What is missing fails the test: without it nothing is proved.

mod models;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use models::{fetched, smollm2};
use runner::coverage::{self, ComparedPrompt};
use runner::prompt_set::{self, CODE, SetPrompt};
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

/// The receipt of one prompt, of which both engines have tokenized all and evaluated one position.
fn receipt(model: &Path, prompt: &SetPrompt) -> Value {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/references");
    let references = std::env::var_os("LOCKSTEP_REFERENCES").map_or_else(beside, Into::into);
    let template = prompt.template.as_ref().expect("it has its own");
    let system = prompt
        .system
        .iter()
        .flat_map(|text| ["--system-prompt", text]);
    let text = std::str::from_utf8(prompt.text.as_bytes()).expect("UTF-8");
    let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .env("LOCKSTEP_REFERENCES", references)
        .args(["per-token", "--format", "json", "--max-positions", "1"])
        .args([
            "--max-tokens",
            "0",
            "--prompt-template",
            &template.to_string(),
        ])
        .args(system)
        .arg(format!("--prompt={text}"))
        .arg("--model")
        .arg(model)
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}: {output:?}", prompt.name);
    serde_json::from_slice(&output.stdout).expect("a receipt")
}

/// The tokens of each prompt, on which the reference agrees with the Rust engine, or the
/// comparison would not end with 0.
fn is_enough_with(model: &Path) {
    let set = prompt_set::built_in();
    // Only that they differ is asked of them.
    let texts = set.prompts.iter().map(|prompt| prompt.text.as_bytes());
    let texts = texts.map(|text| text.iter().map(|&byte| byte.into()).collect());
    let texts: Vec<Vec<u32>> = texts.collect();
    let compared = set.prompts.iter().zip(&texts).map(|(prompt, tokens)| {
        let receipt = receipt(model, prompt);
        let positions = receipt["prompt_tokens"].as_u64();
        ComparedPrompt {
            tokens,
            positions: positions.expect("more than the one that was evaluated"),
            chat: receipt["prompt"]["parse_special"] == true,
            code: prompt.has_tag(CODE),
        }
    });
    let mut compared: Vec<_> = compared.collect();
    let measure = |compared: &[_]| coverage::measure(compared, &coverage::shipped(), false);
    let covered = measure(&compared);
    assert_eq!(covered.missing, [], "{compared:?}");
    // Every variant of a floor evaluates all of it.
    assert!(covered.positions <= 1100, "{compared:?}");
    assert!(
        (520..=600).contains(&covered.longest_prompt),
        "{compared:?}"
    );

    compared.retain(|prompt| prompt.positions != covered.longest_prompt);
    let missing = measure(&compared).missing;
    assert_eq!(missing.len(), 1, "without its long prompt: {missing:?}");
}

#[test]
fn the_built_in_set_is_enough_with_smollm2() {
    is_enough_with(&smollm2());
}

#[test]
fn the_built_in_set_is_enough_with_gemma_3() {
    is_enough_with(&fetched(
        "LOCKSTEP_GEMMA3_MODEL",
        "gemma-3-270m-q4_k_m.gguf",
        "scripts/fetch-gemma3-model.sh",
    ));
}
