//! Greedy steps of `lockstep ladder` where the engines choose differently: what is a tie, and what
//! comes behind it, stands in the receipt as a stretch of its own.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::desk::{Desk, Run, word};

/// Its reference leads by 0.005 to 0.052 at the steps 0 to 5, and by 0.182 at step 6.
const PROMPT: &str = "perturb me";

/// By so much another build of the reference moves: a lead of more than twice that is none.
const MOVES: f64 = 0.0625;

/// The candidate chooses the second best token at the first step of every stretch. Another build of
/// the reference moves the likeliest token of some rows.
pub(crate) fn undecided() -> Desk {
    let desk = Desk::new();
    let (_, receipt) = desk.json(&["--prompt", PROMPT]);
    let mut moves = String::new();
    for position in receipt["positions"]
        .as_array()
        .expect("rows")
        .iter()
        .take(4)
    {
        let (at, row) = (&position["position"], &position["row"]);
        let _ = write!(
            moves,
            "--add {at} {} {MOVES} ",
            row["metrics"]["reference_top1"]
        );
    }
    fs::write(desk.path("set.txt"), PROMPT).expect("written");
    desk.habit("llama-scalar", &["own-build"])
        .habit("ik", &["own-build"])
        .perturb("llama-scalar", &moves)
        .perturb("candidate", "--choose-second 0")
}

/// The record of a climb in `production`, and the receipt of its one prompt, which is believed.
pub(crate) fn climb(desk: &Desk, arguments: &[&str]) -> (Run, Value, Value) {
    let fixed = ["--prompts", "set.txt", "--allow-small", "--out", "out"];
    let mut command = desk.compare("ladder", &fixed);
    let run = Run::of(command.args(arguments).args(["--format", "json"]));
    let ladder = run.object("ladder");
    assert_eq!(ladder["exit"]["code"], run.code, "{run:?}");
    let text = fs::read_to_string(desk.path("out/line-1/receipt.json")).expect("it is stored");
    desk.verify(&text).exits(0);
    let receipt = serde_json::from_str(&text).expect("JSON");
    (run, ladder, receipt)
}

fn first_steps(receipt: &Value) -> Vec<u64> {
    let stretches = receipt["greedy"].as_array().expect("stretches").iter();
    stretches
        .map(|it| it["first_step"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn ties_are_gone_through_to_the_end() {
    let (run, ladder, receipt) = climb(
        &undecided(),
        &["--profile", "production", "--max-tokens", "6"],
    );
    run.exits(0);
    assert_eq!(ladder["verdict"], "TIE-FLIP", "{ladder:#}");
    assert_eq!(receipt["verdict"], "TIE-FLIP");
    assert_eq!(first_steps(&receipt), [0, 1, 2, 3, 4, 5]);
    // One flip in each, and no row of them is counted twice.
    assert_eq!(receipt["excess"]["flips"], 6);
    assert_eq!(ladder["excess"], receipt["excess"]);
    for stretch in receipt["greedy"].as_array().expect("stretches") {
        assert_eq!(stretch["steps"].as_array().map(Vec::len), Some(1));
        assert_eq!(stretch["steps"][0]["verdict"], "TIE-FLIP");
    }
    let reason = word(&ladder["rungs"][5]["reason"]);
    assert!(
        reason.contains("with the reference's token: 5;"),
        "{reason}"
    );
}

#[test]
fn what_diverges_behind_a_tie_is_in_the_receipt() {
    let desk = undecided();
    let (run, ladder, receipt) = climb(&desk, &["--profile", "production"]);
    run.exits(1);
    let said = "0 of 8 steps choose the same token, ties after which both went on with the \
                reference's token: 6; greedy step 6: kl over its floor is";
    assert!(word(&ladder["reason"]).contains(said), "{ladder:#}");
    assert_eq!(ladder["rungs"][5]["verdict"], "DIVERGED");
    assert_eq!(receipt["verdict"], "DIVERGED");
    assert_eq!(receipt["exit"], ladder["exit"]);
    assert!(word(&receipt["reason"]).starts_with("greedy step 6: kl over its floor is"));
    assert_eq!(first_steps(&receipt), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(
        ladder["rungs"][5]["symptoms"][0]["pattern"], "later_step",
        "{ladder:#}"
    );
    let evidence = word(&ladder["rungs"][5]["symptoms"][0]["evidence"]);
    let (ours, theirs) = (
        &receipt["greedy"][6]["candidate_ids"][0],
        &receipt["greedy"][6]["reference_ids"][0],
    );
    let said = format!("step 6 is not; it chooses token {ours}, the reference {theirs}");
    assert!(evidence.contains(&said), "{evidence}");
    // Each stretch was asked about behind the reference's tokens of all steps before it.
    let asked = desk.requests("candidate", "evaluate");
    let last = asked.last().expect("it was asked")["tokens"].clone();
    let last = last.as_array().expect("tokens");
    let chosen: Vec<_> = receipt["greedy"].as_array().expect("stretches")[..6]
        .iter()
        .map(|stretch| &stretch["reference_ids"][0])
        .collect();
    assert_eq!(last[last.len() - 6..].iter().collect::<Vec<_>>(), chosen);
    // Whoever judges its rows again sees all of them.
    desk.verify(&receipt.to_string()).says(&["greedy step 6"]);
    let mut limits: Value = serde_json::from_str(include_str!("../../limits/production-v1.json"))
        .expect("the shipped file is JSON");
    limits["name"] = "mine".into();
    for limit in limits["limits"].as_array_mut().expect("limits") {
        if limit["beyond"] != "drift" {
            limit["value"] = 1000.into();
        }
    }
    fs::write(desk.path("mine.json"), limits.to_string()).expect("written");
    let judge = ["judge", "out/line-1/receipt.json", "--limits", "mine.json"];
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    Run::of(command.args(judge)).exits(0).says(&[
        "greedy: both go on behind the C++ token, from step 6\n",
        "greedy: step 6 chooses ",
        "TIE-FLIP: ",
    ]);
}

/// Nothing goes on behind a step that is no tie: not in `exact`, where there is none.
#[test]
fn only_a_tie_is_gone_on_behind() {
    let (run, ladder, receipt) = climb(&undecided(), &[]);
    run.exits(1);
    assert_eq!(ladder["rungs"][5]["verdict"], "DIVERGED");
    assert_eq!(first_steps(&receipt), [0]);
}
