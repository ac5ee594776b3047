//! What a climb leaves behind that fails on its last rungs, or on a single one.

use std::fs;

use serde_json::{Value, json};

use crate::artifacts::npy;
use crate::desk::{Desk, Run, names_in, word};
use crate::stretches::climb;

fn desk(candidate: &str) -> Desk {
    let desk = Desk::new();
    fs::write(desk.path("set.txt"), "Four\n").expect("written");
    desk.perturb("candidate", candidate)
}

/// The columns in which the stored rows differ; each engine's file has one row.
fn differing(desk: &Desk) -> Vec<usize> {
    let folder = desk.path("out/line-1");
    let [candidate, reference] = ["candidate", "reference"].map(|engine| {
        let (shape, data) = npy(&folder, &format!("{engine}.failing.npy"));
        assert_eq!(shape, "(1, 261)");
        data
    });
    let pairs = candidate.chunks(4).zip(reference.chunks(4)).enumerate();
    pairs
        .filter_map(|(column, (a, b))| (a != b).then_some(column))
        .collect()
}

#[test]
fn a_decode_alone_has_a_receipt_of_its_steps() {
    let desk = desk("--choose-second 1");
    let (run, ladder, receipt) = climb(&desk, &["--rung", "decode"]);
    run.exits(1);
    assert_eq!(ladder["verdict"], "DIVERGED");
    assert_eq!(receipt["verdict"], "DIVERGED");
    assert_eq!(receipt["exit"], ladder["exit"]);
    assert_eq!(receipt["positions"], json!([]));
    assert_eq!(receipt["tokens"].as_array().map(Vec::len), Some(5));
    assert_eq!(receipt["greedy"][0]["first_difference"], 1);
    assert!(word(&receipt["reason"]).starts_with("greedy step 1: "));
    let symptoms = ladder["rungs"][5]["symptoms"].as_array();
    assert_eq!(symptoms.map(Vec::len), Some(1), "{ladder:#}");
    assert_eq!(differing(&desk).len(), 2, "the two that changed places");
}

#[test]
fn equal_engines_have_one_too() {
    let desk = desk("--add 9 5 1");
    let (run, ladder, receipt) = climb(&desk, &["--rung", "decode", "--max-tokens", "3"]);
    run.exits(0);
    assert_eq!(ladder["verdict"], "BIT-EXACT");
    assert_eq!(receipt["verdict"], "BIT-EXACT");
    let said = "every number of 3 greedy steps has the same bits";
    assert_eq!(receipt["reason"], said);
    let names = names_in(&desk.path("out/line-1"));
    assert_eq!(names, ["environment.json", "receipt.json", "tokens.json"]);
}

#[test]
fn the_first_row_that_diverged_is_stored() {
    let later = desk("--add 2 5 1 --add 3 7 1");
    let (run, _, receipt) = climb(&later, &[]);
    run.exits(1);
    assert_eq!(receipt["first_divergence_token"], 2);
    assert_eq!(differing(&later), [5], "position 2, and not 3");
    let step = desk("--choose-second 2");
    climb(&step, &[]).0.exits(1);
    assert_eq!(differing(&step).len(), 2);
    // A later climb that fails elsewhere leaves nothing of this one.
    let first = step.perturb("candidate", "--add 0 9 1");
    climb(&first, &["--rung", "first-logits"]).0.exits(1);
    assert_eq!(differing(&first), [9]);
}

/// No receipt is made up for a test of one engine with itself; the record names what was seen.
#[test]
fn a_mask_that_leaks_is_told_in_full() {
    let desk = desk("--add 99 0 1").habit("candidate", &["peeks"]);
    for rung in [&[][..], &["--rung", "shapes"]] {
        let mut command = desk.compare("ladder", &["--prompts", "set.txt", "--allow-small"]);
        let arguments = ["--out", "out", "--format", "json"];
        let run = Run::of(command.args(rung).args(arguments));
        let ladder = run.object("ladder");
        run.exits(1);
        assert_eq!(ladder["verdict"], "DIVERGED");
        assert_eq!(ladder["exit"], json!({"code": 1, "name": "diverged"}));
        let shapes = &ladder["rungs"][2];
        assert_eq!(shapes["verdict"], "DIVERGED");
        let prompt: &Value = &shapes["prompts"][0];
        assert_eq!(prompt["prompt"], "line-1");
        let reason = word(&prompt["reason"]);
        for part in [
            "the candidate sees later tokens",
            "position 0 of prompt line-1",
            "1 have other bits, the largest difference is 1.000e0",
        ] {
            assert!(reason.contains(part), "{part:?} is not in {reason}");
        }
        assert_eq!(names_in(&desk.path("out")), ["ladder.json"]);
    }
}

#[test]
fn a_reference_that_leaks_is_no_reference() {
    let desk = desk("--add 99 0 1").habit("reference", &["peeks"]);
    let (run, ladder, receipt) = climb(&desk, &["--rung", "shapes"]);
    run.exits(65);
    assert_eq!(ladder["verdict"], "ENGINE-FAILED");
    assert_eq!(receipt["verdict"], "ENGINE-FAILED");
    assert_eq!(receipt["exit"], ladder["exit"]);
    assert!(word(&receipt["reason"]).contains("the largest difference is 1.000e0"));
}
