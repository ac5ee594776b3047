//! `lockstep ladder` between table engines: the order of rungs, where it stops, what it evaluates.

use std::fs;

use serde_json::Value;

use crate::desk::{Desk, Run, word};

/// Three prompts, of four, five and six tokens.
const PROMPTS: &str = "One\nFour\nSeven\n";

fn desk() -> Desk {
    let desk = Desk::new();
    fs::write(desk.path("set.txt"), PROMPTS).expect("written");
    desk
}

const SET: [&str; 3] = ["--prompts", "set.txt", "--allow-small"];

/// Runs it with JSON as output.
fn climb(desk: &Desk, arguments: &[&str]) -> (Run, Value) {
    let mut command = desk.compare("ladder", &SET);
    let run = Run::of(command.args(arguments).args(["--format", "json"]));
    let ladder = run.object("ladder");
    assert_eq!(ladder["exit"]["code"], run.code, "{run:?}");
    (run, ladder)
}

/// The verdict of each rung.
fn verdicts(ladder: &Value) -> Vec<&str> {
    let rungs = ladder["rungs"].as_array().expect("rungs");
    rungs.iter().map(|rung| word(&rung["verdict"])).collect()
}

fn assert_fails_at(desk: &Desk, rung: usize, verdict: &str, code: i32) -> Value {
    let (run, ladder) = climb(desk, &[]);
    run.exits(code);
    assert_eq!(ladder["verdict"], verdict, "{ladder:#}");
    let verdicts = verdicts(&ladder);
    assert_eq!(verdicts[rung], verdict, "{ladder:#}");
    for (at, found) in verdicts.iter().enumerate() {
        if at < rung {
            assert!(["MATCH", "BIT-EXACT"].contains(found), "{ladder:#}");
        }
        assert_eq!(at > rung, *found == "NOT-REACHED", "{ladder:#}");
    }
    ladder
}

fn patterns(ladder: &Value, rung: usize) -> Vec<&str> {
    let symptoms = ladder["rungs"][rung]["symptoms"].as_array();
    let symptoms = symptoms.expect("symptoms");
    symptoms.iter().map(|it| word(&it["pattern"])).collect()
}

/// Answers about tokens are many times what is kept of them: no more than some prompts' are in memory,
/// and still each engine loads its vocabulary once.
#[test]
fn long_sets_are_tokenized_some_prompts_at_a_time() {
    let desk = desk();
    let long = "x".repeat(200_000);
    let set = format!("{long}\nshort\n{long}y\nend\n");
    fs::write(desk.path("set.txt"), set).expect("written");
    climb(&desk, &["--rung", "tokens"]).0.exits(0);
    let log = desk.log();
    let asked = log
        .iter()
        .filter(|it| it["request"]["bos"].is_string())
        .map(|it| format!("{} {}", word(&it["engine"]), word(&it["request"]["id"])));
    let asked: Vec<_> = asked.collect();
    let in_turn = [["case-0", "case-1"], ["case-2", "case-3"]];
    let expected = in_turn.iter().flat_map(|some| {
        let of = |engine: &str| some.map(|id| format!("{engine} {id}"));
        [of("candidate"), of("reference")].concat()
    });
    assert_eq!(asked, expected.collect::<Vec<_>>());
    for engine in ["candidate", "reference"] {
        let started = format!("{engine} tokenize");
        let starts = desk.starts();
        assert_eq!(starts.iter().filter(|&it| *it == started).count(), 1);
    }
}

#[test]
fn equal_engines_stand_on_every_rung() {
    let desk = desk();
    let (run, ladder) = climb(&desk, &["--max-tokens", "2"]);
    run.exits(0);
    let expected = [
        "MATCH",
        "MATCH",
        "MATCH",
        "BIT-EXACT",
        "BIT-EXACT",
        "BIT-EXACT",
    ];
    assert_eq!(verdicts(&ladder), expected);
    assert_eq!(ladder["verdict"], "BIT-EXACT");
    assert_eq!(ladder["coverage"]["prompts"], 3);
    // One process for all prompts of a rung, and the reference's tokens are nobody's before the gate.
    let one = |engine: &str, what: &str| format!("{engine} {what}");
    let mut expected = vec![one("candidate", "describe"), one("reference", "describe")];
    expected.extend([one("candidate", "tokenize"), one("reference", "tokenize")]);
    for _ in ["shapes", "first logits", "positions", "decode"] {
        expected.extend([one("candidate", "evaluate"), one("reference", "evaluate")]);
    }
    assert_eq!(desk.starts(), expected);
    let asked = desk.requests("candidate", "evaluate");
    let kinds: Vec<_> = asked
        .iter()
        .map(|request| {
            let tokens = request["tokens"].as_array().expect("tokens").len();
            let steps = request["greedy_steps"].as_u64().expect("a number");
            (tokens, request["positions"].to_string(), steps)
        })
        .collect();
    let all = |n: usize| (n, "\"all\"".to_owned(), 0);
    let last = |n: usize| (n, "\"last\"".to_owned(), 2);
    let mask = || (6, "[0,1,2]".to_owned(), 0);
    let expected = [
        vec![mask(), mask()],
        vec![all(1), all(1), all(1)],
        vec![all(4), all(5), all(6)],
        vec![last(4), last(5), last(6)],
    ];
    assert_eq!(kinds, expected.concat());
}

#[test]
fn a_small_set_has_no_verdict_unless_that_is_allowed() {
    let desk = desk();
    let mut command = desk.compare("ladder", &["--prompts", "set.txt", "--format", "json"]);
    let run = Run::of(&mut command);
    let ladder = run.object("ladder");
    run.exits(4);
    assert_eq!(ladder["verdict"], "INCONCLUSIVE");
    assert!(
        word(&ladder["reason"]).contains("--allow-small"),
        "{ladder:#}"
    );
    // What differs has differed, however small the set is.
    let desk = desk.perturb("candidate", "--add 2 5 1");
    let mut command = desk.compare("ladder", &["--prompts", "set.txt"]);
    Run::of(&mut command).exits(1);
}

#[test]
fn other_tokens_end_it_before_anything_is_evaluated() {
    let desk = desk().habit("candidate", &["added-end"]);
    let ladder = assert_fails_at(&desk, 1, "TOKEN-MISMATCH", 2);
    assert_eq!(patterns(&ladder, 1), ["trailing_tokens"], "{ladder:#}");
    let starts = desk.starts();
    assert!(
        starts.iter().all(|start| !start.ends_with("evaluate")),
        "{starts:?}"
    );
}

#[test]
fn an_engine_that_is_not_there_ends_it_on_the_first_rung() {
    let desk = desk().habit("reference", &["refuses"]);
    assert_fails_at(&desk, 0, "REFUSED", 69);
}

#[test]
fn a_difference_is_found_where_it_begins() {
    let first = desk().perturb("candidate", "--add 0 5 1");
    assert_fails_at(&first, 3, "DIVERGED", 1);
    let asked = first.requests("candidate", "evaluate");
    // Two for the mask, one token of each prompt, and no more.
    assert_eq!(asked.len(), 5);
    let later = desk().perturb("candidate", "--add 2 5 1");
    assert_fails_at(&later, 4, "DIVERGED", 1);
    let decode = desk().perturb("candidate", "--choose-second 1");
    assert_fails_at(&decode, 5, "DIVERGED", 1);
}

#[test]
fn a_rung_can_be_stood_on_alone() {
    let desk = desk().perturb("candidate", "--add 0 5 1");
    let (run, ladder) = climb(&desk, &["--rung", "shapes"]);
    run.exits(0);
    let expected = [
        "SKIPPED", "SKIPPED", "MATCH", "SKIPPED", "SKIPPED", "SKIPPED",
    ];
    assert_eq!(verdicts(&ladder), expected);
    let (run, ladder) = climb(&desk, &["--rung", "first-logits"]);
    run.exits(1);
    assert_eq!(
        verdicts(&ladder)[3..],
        ["DIVERGED", "NOT-REACHED", "NOT-REACHED"]
    );
    // What a rung stands on is not passed over.
    let desk = desk.habit("candidate", &["added-end"]);
    climb(&desk, &["--rung", "decode"]).0.exits(2);
}

#[test]
fn an_unknown_rung_is_refused_before_a_model_is_opened() {
    let desk = desk();
    let arguments = ["--prompts", "set.txt", "--rung", "attic"];
    fs::remove_file(desk.path("model.gguf")).expect("it was there");
    let run = Run::of(&mut desk.compare("ladder", &arguments));
    run.exits(64);
    assert!(desk.starts().is_empty());
}

#[test]
fn each_prompt_has_a_receipt() {
    let desk = desk();
    climb(&desk, &["--out", "result"]).0.exits(0);
    let names = ["line-1", "line-2", "line-3"];
    let mut receipts: Vec<_> = names
        .iter()
        .map(|name| desk.path("result").join(name).join("receipt.json"))
        .collect();
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    Run::of(command.arg("verify-receipt").args(&receipts)).exits(0);
    let text = fs::read_to_string(receipts.remove(1)).expect("a receipt");
    let receipt: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(receipt["verdict"], "BIT-EXACT");
    assert_eq!(receipt["allow_small"], true);
    assert_eq!(receipt["prompt_set"]["prompt"], "line-2");
    assert_eq!(receipt["positions"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        receipt["greedy"][0]["steps"].as_array().map(Vec::len),
        Some(8)
    );
    let ladder = fs::read_to_string(desk.path("result/ladder.json")).expect("a record");
    climb(&desk, &["--out", "again"]).0.exits(0);
    let again = fs::read_to_string(desk.path("again/ladder.json")).expect("a record");
    assert_eq!(ladder, again, "same inputs, same bytes");
}

#[test]
fn prompts_that_are_too_long_are_skipped_and_all_of_them_are_none() {
    let desk = desk();
    let long = "x".repeat(5000);
    fs::write(desk.path("set.txt"), format!("One\n{long}\n")).expect("written");
    let (run, ladder) = climb(&desk, &[]);
    run.exits(0);
    assert_eq!(ladder["coverage"]["prompts"], 1);
    let found = ladder["rungs"][3]["prompts"].as_array().expect("prompts");
    let found: Vec<_> = found.iter().map(|it| word(&it["verdict"])).collect();
    assert_eq!(found, ["BIT-EXACT", "SKIPPED"]);
    fs::write(desk.path("set.txt"), format!("{long}\n")).expect("written");
    climb(&desk, &[]).0.exits(4);
    fs::write(desk.path("set.txt"), "").expect("written");
    Run::of(&mut desk.compare("ladder", &SET)).exits(4);
}

#[test]
fn an_engine_that_dies_of_one_prompt_goes_on_with_the_next() {
    let desk = desk().habit("candidate", &["dies-of-five"]);
    let (run, ladder) = climb(&desk, &["--out", "result"]);
    run.exits(69);
    assert_eq!(verdicts(&ladder)[4..], ["ENGINE-FAILED", "NOT-REACHED"]);
    let found = ladder["rungs"][4]["prompts"].as_array().expect("prompts");
    let found: Vec<_> = found.iter().map(|it| word(&it["verdict"])).collect();
    assert_eq!(found, ["BIT-EXACT", "ENGINE-FAILED", "BIT-EXACT"]);
    let receipt = |name: &str| desk.path("result").join(name).join("receipt.json");
    let receipts = ["line-1", "line-2", "line-3"].map(receipt);
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    Run::of(command.arg("verify-receipt").args(&receipts)).exits(0);
}

/// A build of the reference that computes nearly the same, and a candidate that is as near.
#[test]
fn production_is_judged_by_floors_that_are_measured_once() {
    let desk = desk()
        .habit("llama-scalar", &["own-build"])
        .habit("ik", &["own-build"])
        .perturb("llama-scalar", "--add 0 5 0.25 --add 2 5 0.25")
        .perturb("candidate", "--add 0 5 0.2 --add 2 5 0.2");
    let production = ["--profile", "production"];
    let (run, ladder) = climb(&desk, &production);
    run.exits(0);
    assert_eq!(verdicts(&ladder)[3..], ["DRIFT", "DRIFT", "BIT-EXACT"]);
    assert_eq!(ladder["verdict"], "DRIFT");
    // Of all rows of all prompts: 2 of 15 positions and the first of 8 steps.
    assert!(
        ladder["excess"]["max_abs"]["max"].as_f64() > Some(0.5),
        "{ladder:#}"
    );
    // One process of the other build for all prompts and all rungs.
    let measured = |desk: &Desk| {
        let starts = desk.starts();
        let evaluates = |start: &&String| *start == "llama-scalar evaluate";
        starts.iter().filter(evaluates).count()
    };
    assert_eq!(measured(&desk), 1);
    // What is further away than the reference from itself has diverged.
    let desk = desk.perturb("candidate", "--add 2 5 5");
    let (run, ladder) = climb(&desk, &production);
    run.exits(1);
    assert_eq!(verdicts(&ladder)[3..], ["DRIFT", "DIVERGED", "NOT-REACHED"]);
    assert_eq!(measured(&desk), 1, "the floors are kept");
    let (run, ladder) = climb(&desk, &["--profile", "production", "--floor", "off"]);
    run.exits(4);
    assert_eq!(verdicts(&ladder)[3], "INCONCLUSIVE");
}

#[test]
fn a_receipt_never_stands_beside_the_verdict_of_another_climb() {
    let desk = desk();
    climb(&desk, &["--out", "result"]).0.exits(0);
    let receipt = desk.path("result/line-1/receipt.json");
    assert!(receipt.is_file());
    let desk = desk.habit("candidate", &["added-end"]);
    climb(&desk, &["--out", "result", "--rung", "shapes"])
        .0
        .exits(2);
    let text = fs::read_to_string(&receipt).expect("a receipt of the mismatch");
    assert!(text.contains("TOKEN-MISMATCH"), "{text}");
    let desk = desk.habit("reference", &["refuses"]);
    fs::write(desk.path("set.txt"), "Another\n\nSet\n").expect("written");
    climb(&desk, &["--out", "result"]).0.exits(69);
    let old = fs::read_to_string(desk.path("result/line-2/receipt.json"));
    assert!(old.is_err(), "{old:?}");
}

/// What is required and not there is no reason to leave a prompt out.
#[test]
fn a_floor_that_is_required_is_no_prompt_skipped() {
    let desk = desk();
    let require = ["--profile", "production", "--floor", "require"];
    let (run, ladder) = climb(&desk, &require);
    run.exits(4);
    assert_eq!(verdicts(&ladder)[3], "INCONCLUSIVE");
    let found = ladder["rungs"][3]["prompts"].as_array().expect("prompts");
    assert!(
        found.iter().all(|it| it["verdict"] == "INCONCLUSIVE"),
        "{found:?}"
    );
}

/// Only rows that were compared count.
#[test]
fn a_single_rung_covers_what_it_compared() {
    let desk = desk();
    for (rung, positions) in [
        ("tokens", 15),
        ("shapes", 15),
        ("first-logits", 3),
        ("positions", 15),
        ("decode", 3),
    ] {
        let (_, ladder) = climb(&desk, &["--rung", rung]);
        assert_eq!(ladder["coverage"]["positions"], positions, "{rung}");
    }
}

/// An engine may take more room than it is asked for, and need not tell its model's context.
#[test]
fn more_room_is_no_difference() {
    let desk = desk().habit("candidate", &["roomy"]);
    let (run, ladder) = climb(&desk, &["--out", "result"]);
    run.exits(0);
    assert_eq!(ladder["verdict"], "BIT-EXACT");
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    let receipt = desk.path("result/line-1/receipt.json");
    Run::of(command.arg("verify-receipt").arg(receipt)).exits(0);
}

/// Of 3 prompts with 15 rows none is long enough for a limit on the share above the floor; together
/// they are.
#[test]
fn limits_of_a_whole_comparison_hold_for_all_prompts_together() {
    let desk = desk()
        .habit("llama-scalar", &["own-build"])
        .habit("ik", &["own-build"])
        .perturb(
            "llama-scalar",
            "--add 0 5 0.25 --add 1 5 0.25 --add 2 5 0.25",
        )
        .perturb("candidate", "--add 0 5 0.3 --add 1 5 0.3 --add 2 5 0.3");
    let mut file: Value = serde_json::from_str(include_str!("../../limits/production-v1.json"))
        .expect("the shipped file is JSON");
    file["name"] = "mine".into();
    for limit in file["limits"].as_array_mut().expect("limits") {
        if limit["figure"] == "excess-share" {
            limit["least_rows"] = 30.into();
        } else if limit["figure"] == "excess" {
            limit["value"] = 100.into();
        }
    }
    fs::write(desk.path("mine.json"), file.to_string()).expect("written");
    let limits = ["--profile", "production", "--limits", "mine.json"];
    let (run, ladder) = climb(&desk, &limits);
    run.exits(1);
    assert_eq!(
        verdicts(&ladder)[3..],
        ["DRIFT", "DRIFT", "BIT-EXACT"],
        "no rung alone"
    );
    assert!(
        word(&ladder["reason"]).starts_with("all prompts together: "),
        "{ladder:#}"
    );
}
