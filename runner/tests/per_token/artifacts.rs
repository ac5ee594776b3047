//! What `--out` leaves in its folder.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::desk::{Desk, names_in};

const RESULT: [&str; 3] = ["environment.json", "receipt.json", "tokens.json"];
const OUT: [&str; 4] = ["--prompt", "Hi", "--out", "result"];

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn json_of(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&bytes(folder, name)).expect("JSON")
}

/// The shape that the header of a file of rows tells, and its numbers' bytes.
pub(crate) fn npy(folder: &Path, name: &str) -> (String, Vec<u8>) {
    let bytes = bytes(folder, name);
    let data = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..data].to_vec()).expect("text");
    let shape = header.split("'shape': ").nth(1).expect("a shape");
    let shape = shape.split(", }").next().expect("its end").to_owned();
    (shape, bytes[data..].to_vec())
}

#[test]
fn two_runs_store_the_same_bytes() {
    let desk = Desk::new();
    desk.text(&OUT).exits(0);
    let folder = desk.path("result");
    assert_eq!(names_in(&folder), RESULT);
    let first = ["receipt.json", "tokens.json"].map(|name| bytes(&folder, name));
    desk.json(&["--prompt", "Hi", "--out", "again"]).0.exits(0);
    let again = desk.path("again");
    let second = ["receipt.json", "tokens.json"].map(|name| bytes(&again, name));
    assert!(first == second, "the bytes differ");

    let tokens = json_of(&folder, "tokens.json");
    let expected = json!({"schema": "lockstep/agreed-tokens/v1", "ids": [256, 72, 105]});
    assert_eq!(tokens, expected);
    let receipt = json_of(&folder, "receipt.json");
    assert_eq!(receipt["verdict"], "BIT-EXACT");
    assert_eq!(receipt.get("environment"), None, "it has a file of its own");
    let environment = json_of(&folder, "environment.json");
    assert_eq!(environment["schema"], "lockstep/environment/v2");
    // Neither the time nor the folder is in the receipt.
    let text = receipt.to_string();
    let host = environment["host"].as_str().expect("a name");
    assert!(
        !text.contains(desk.path("").to_str().expect("UTF-8")),
        "{text}"
    );
    assert!(host.len() < 4 || !text.contains(host), "{text}");
}

#[test]
fn rows_that_diverged_are_stored_and_go_when_a_later_run_passes() {
    let desk = Desk::new().perturb("candidate", "--add 2 5 0.5 --add 0 5 0.5");
    desk.text(&OUT).exits(1);
    let folder = desk.path("result");
    let mut failing = vec!["candidate.failing.npy"];
    failing.extend(RESULT);
    failing.insert(3, "reference.failing.npy");
    failing.sort_unstable();
    assert_eq!(names_in(&folder), failing);
    let (shape, candidate) = npy(&folder, "candidate.failing.npy");
    let (_, reference) = npy(&folder, "reference.failing.npy");
    assert_eq!(shape, "(2, 261)", "positions 0 and 2");
    let different: Vec<_> = (0..2 * 261)
        .filter(|i| candidate[i * 4..i * 4 + 4] != reference[i * 4..i * 4 + 4])
        .collect();
    assert_eq!(different, [5, 261 + 5]);

    let desk = desk.habit("sound", &[]);
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command
        .args(["per-token", "--model", "model.gguf"])
        .args(OUT);
    let sound = ["--candidate", "sound", "--reference", "reference"];
    crate::desk::Run::of(command.args(sound)).exits(0);
    assert_eq!(names_in(&folder), RESULT);
}

#[test]
fn all_logits_are_kept_when_asked_for() {
    let desk = Desk::new();
    let keep = ["--keep-logits", "--max-tokens", "2"];
    desk.text(&[&OUT[..], &keep].concat()).exits(0);
    let folder = desk.path("result");
    for engine in ["candidate", "reference"] {
        let (shape, data) = npy(&folder, &format!("{engine}.logits.npy"));
        assert_eq!((shape.as_str(), data.len()), ("(3, 261)", 3 * 261 * 4));
        let (shape, greedy) = npy(&folder, &format!("{engine}.greedy.npy"));
        assert_eq!((shape.as_str(), greedy.len()), ("(2, 261)", 2 * 261 * 4));
        assert_eq!(
            greedy[..261 * 4],
            data[2 * 261 * 4..],
            "the last row chooses first"
        );
    }
    desk.text(&OUT).exits(0);
    assert_eq!(
        names_in(&folder),
        RESULT,
        "a later run does not ask for them"
    );
}

#[test]
fn a_mismatch_is_stored_without_tokens() {
    let desk = Desk::new().habit("reference", &["added-end"]);
    desk.text(&OUT).exits(2);
    let folder = desk.path("result");
    assert_eq!(names_in(&folder), ["environment.json", "receipt.json"]);
    assert_eq!(json_of(&folder, "receipt.json")["first_diff_idx"], 3);
}
