//! What a climb leaves behind that fails on its last rungs, or on a single one.

use std::fs;

use serde_json::json;

use crate::desk::{Desk, names_in, word};
use crate::stretches::climb;

fn desk(candidate: &str) -> Desk {
    let desk = Desk::new();
    fs::write(desk.path("set.txt"), "Four\n").expect("written");
    desk.perturb("candidate", candidate)
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
