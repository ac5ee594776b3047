//! `--tokens-from reference`: both engines evaluate the reference's tokens after a mismatch, which
//! stays visible everywhere.

use std::fs::File;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, names_in, word};

const REFERENCE: [&str; 4] = ["--prompt", "Hi", "--tokens-from", "reference"];
const ON: &str = ", on the reference's tokens (the candidate's differ from index 3 on)";

/// The reference has one token more, at index 3.
fn mismatch() -> Desk {
    Desk::new().habit("reference", &["added-end"])
}

#[test]
fn both_evaluate_the_references_tokens_and_the_verdict_says_so() {
    let desk = mismatch();
    let (text, receipt) = desk.both(&REFERENCE);
    text.exits(0);
    text.says(&[&format!(
        "\nMATCH: every number of 4 positions and 4 greedy steps has the same bits{ON}\n"
    )]);
    text.complains(&[
        "Token Sequence Mismatch\n",
        "First diff at index: 3",
        "\nThe C++ tokens are evaluated by both all the same (--tokens-from reference).\n",
    ]);
    let tokens = json!([256, 72, 105, 257]);
    for engine in ["candidate", "reference"] {
        assert_eq!(desk.requests(engine, "evaluate")[0]["tokens"], tokens);
    }
    assert_eq!(receipt["verdict"], "MATCH");
    assert_eq!(receipt["status"], "ok");
    assert_eq!(receipt["tokens_from"], "reference");
    assert_eq!(receipt["tokens"], tokens);
    assert_eq!(receipt["rust_tokens"], json!([256, 72, 105]));
    assert_eq!(receipt["cpp_tokens"], tokens);
    assert_eq!(receipt["first_diff_idx"], 3);
    assert!(receipt["suggestions"].is_array());
    assert_eq!(receipt["error"], Value::Null);
    // The rows are what they are.
    assert_eq!(receipt["positions"][0]["row"]["verdict"], "BIT-EXACT");
}

/// Whoever waits for a long evaluation has been told.
#[test]
fn the_mismatch_is_told_before_anything_is_evaluated() {
    let desk = mismatch().habit("candidate", &["hangs"]);
    let told = File::create(desk.path("stderr")).expect("a new file");
    let mut lockstep = desk
        .per_token(&REFERENCE)
        .stdout(Stdio::null())
        .stderr(told)
        .spawn()
        .expect("it starts");
    while !desk.starts().contains(&"candidate evaluate".to_owned()) {
        assert_eq!(lockstep.try_wait().expect("ours"), None, "it has ended");
        sleep(Duration::from_millis(10));
    }
    let told = std::fs::read_to_string(desk.path("stderr")).expect("text");
    assert!(told.contains("First diff at index: 3"), "{told}");
    lockstep.kill().expect("it runs");
    lockstep.wait().expect("ours");
}

#[test]
fn a_divergence_on_adopted_tokens_is_one() {
    let desk = mismatch().perturb("candidate", "--add 1 4 0.5");
    let (text, receipt) = desk.both(&REFERENCE);
    text.exits(1).says(&["DIVERGED: position 1", ON]);
    text.complains(&["Token Sequence Mismatch"]);
    assert_eq!(receipt["tokens_from"], "reference");
    assert_eq!(receipt["first_diff_idx"], 3);
}

/// What the profile cannot say it cannot say here either.
#[test]
fn no_other_verdict_becomes_better() {
    let f32 = [&REFERENCE[..], &["--profile", "f32"]].concat();
    let small = mismatch().perturb("candidate", "--add 1 4 1e-6");
    small
        .text(&f32)
        .exits(0)
        .says(&["MATCH: every limit is kept", ON]);
    mismatch()
        .text(&f32)
        .exits(0)
        .says(&["MATCH: every number", ON]);
    let desk = mismatch().habit("reference", &["fast"]);
    let production = [&REFERENCE[..], &["--profile", "production"]].concat();
    desk.text(&production)
        .exits(4)
        .says(&["INCONCLUSIVE: ", ON]);
}

#[test]
fn it_is_never_the_default() {
    for flags in [
        &REFERENCE[..2],
        &["--prompt", "Hi", "--tokens-from", "agreed"],
    ] {
        let desk = mismatch();
        let (text, receipt) = desk.both(flags);
        text.exits(2)
            .says(&["TOKEN-MISMATCH: ", "; nothing was evaluated\n"]);
        assert!(!text.stderr.contains("by both all the same"), "{text:?}");
        assert_eq!(receipt["tokens_from"], Value::Null);
        assert!(
            !desk
                .starts()
                .iter()
                .any(|start| start.ends_with("evaluate"))
        );
    }
    let wrong = ["--prompt", "Hi", "--tokens-from", "candidate"];
    Desk::new()
        .text(&wrong)
        .exits(64)
        .complains(&["--tokens-from", "agreed, reference"]);
}

#[test]
fn without_a_mismatch_nothing_changes() {
    let desk = Desk::new();
    let (text, mut receipt) = desk.both(&REFERENCE);
    text.exits(0)
        .says(&["BIT-EXACT: every number of 3 positions"]);
    assert_eq!(text.stderr, "");
    assert_eq!(receipt["tokens_from"], "agreed");
    let (plain, mut without) = desk.both(&REFERENCE[..2]);
    assert_eq!(plain.stdout, text.stdout);
    for receipt in [&mut receipt, &mut without] {
        receipt["environment"].take();
    }
    assert_eq!(receipt, without);
}

#[test]
fn a_token_that_the_candidate_does_not_have_is_not_adopted() {
    let chat = ["--prompt", "Hi", "--prompt-template", "llama3-chat"];
    let flags = [&chat[..], &["--tokens-from", "reference"]].concat();
    // The reference's <|eot_id|> is 260.
    let wide = Desk::new().habit("candidate", &["special-as-text"]);
    wide.text(&flags).exits(0).says(&["MATCH: "]);
    let desk = wide.habit("candidate", &["narrow"]);
    let before = desk.starts().len();
    let (text, receipt) = desk.both(&flags);
    text.exits(2).says(&[
        "TOKEN-MISMATCH: ",
        "nothing was evaluated: the reference's tokens cannot be taken for both: id 260 at index",
        "outside the candidate's vocabulary of 260\n",
    ]);
    assert!(!text.stderr.contains("by both all the same"), "{text:?}");
    assert_eq!(receipt["tokens"], Value::Null);
    assert_eq!(receipt["error"], "Token Sequence Mismatch");
    let after = &desk.starts()[before..];
    assert!(!after.iter().any(|start| start.ends_with("evaluate")));
}

#[test]
fn the_first_positions_of_adopted_tokens_are_told_as_such() {
    let flags = [&REFERENCE[..], &["--max-positions", "2"]].concat();
    let (text, receipt) = mismatch().both(&flags);
    text.exits(0)
        .says(&["evaluated the first 2 of 4 tokens\n", "MATCH: ", ON]);
    assert_eq!(receipt["tokens"], json!([256, 72]));
    assert_eq!(receipt["tokens_from"], "reference");
}

/// A file of agreed tokens would say what is not so.
#[test]
fn adopted_tokens_are_stored_in_the_receipt_alone() {
    let desk = mismatch();
    desk.text(&[&REFERENCE[..], &["--out", "result"]].concat())
        .exits(0);
    let folder = desk.path("result");
    assert_eq!(names_in(&folder), ["environment.json", "receipt.json"]);
    let receipt = std::fs::read_to_string(folder.join("receipt.json")).expect("stored");
    let receipt: Value = serde_json::from_str(&receipt).expect("JSON");
    assert_eq!(receipt["tokens_from"], "reference");
}

/// The command that is suggested does the same, without the template.
#[test]
fn the_suggested_command_asks_for_it_too() {
    let (text, receipt) = mismatch().both(&REFERENCE);
    text.complains(&[" --tokens-from reference ", " --prompt-template raw\n"]);
    assert_eq!(word(&receipt["exit"]["name"]), "parity");
}
