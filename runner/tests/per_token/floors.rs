//! `lockstep floor`: what is measured, what is left out, what is kept, and how it ends.

use std::fs;

use serde_json::Value;

use crate::desk::{Desk, Run, names_in, word};

/// The reference, another build of it that computes nearly the same, and two prompts.
fn desk() -> Desk {
    let desk = Desk::new()
        .habit("llama-scalar", &["own-build"])
        .perturb("llama-scalar", "--add 1 5 0.25");
    fs::write(desk.path("set.txt"), "What is 2+2?\nHi\n").expect("the folder can be written");
    desk
}

/// With one more build, so that the floor of a candidate that is the reference but for its numbers has
/// five variants: on so few tokens, `micro-batch-64` is that candidate.
fn judging() -> Desk {
    desk().habit("ik", &["own-build"])
}

fn floor(desk: &Desk, arguments: &[&str]) -> Run {
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command
        .args([
            "--engines",
            "engines.toml",
            "floor",
            "--model",
            "model.gguf",
        ])
        .args(["--prompts", "set.txt", "--reference", "reference"])
        .args(arguments);
    Run::of(&mut command)
}

fn report(desk: &Desk, candidate: &str) -> (Run, Value) {
    let run = floor(desk, &["--candidate", candidate, "--format", "json"]);
    let report = run.object("floor-report");
    assert_eq!(report["exit"]["code"], run.code, "{run:?}");
    (run, report)
}

fn variant<'a>(report: &'a Value, name: &str) -> &'a Value {
    let variants = report["variants"].as_array().expect("variants");
    let found = variants.iter().find(|it| it["variant"]["name"] == name);
    found.expect("it is in the list")
}

fn reason<'a>(report: &'a Value, name: &str) -> &'a str {
    word(&variant(report, name)["variant"]["left_out"])
}

fn case<'a>(report: &'a Value, prompt: &str) -> &'a Value {
    let cases = report["cases"].as_array().expect("cases");
    let found = cases.iter().find(|it| it["prompt"] == prompt);
    found.expect("it is in the list")
}

fn has_floor(report: &Value, prompt: &str) -> bool {
    case(report, prompt)["floor"].is_string()
}

fn no_floor<'a>(report: &'a Value, prompt: &str) -> &'a str {
    word(&case(report, prompt)["no_floor"])
}

/// How often an engine was started to evaluate.
fn evaluations(desk: &Desk, engine: &str) -> usize {
    let started = format!("{engine} evaluate");
    desk.starts().iter().filter(|&it| *it == started).count()
}

#[test]
fn measures_every_variant_on_every_row() {
    let desk = desk();
    let (run, report) = report(&desk, "candidate");
    run.exits(0);
    // Each prompt has its bytes, BOS, and 7 rows for the 8 greedy steps; the first is the last position's.
    let rows: Vec<_> = report["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .map(|it| &it["rows"])
        .collect();
    assert_eq!(rows, [20, 10]);
    for name in [
        "threads",
        "micro-batch-1",
        "micro-batch-64",
        "flash-attention",
        "kv-f32",
    ] {
        let variant = variant(&report, name);
        assert_eq!(
            (&variant["rows"], &variant["distribution"]["max_abs"]["max"]),
            (&30.into(), &0.0.into()),
            "{name}"
        );
    }
    let scalar = &variant(&report, "llama-scalar")["distribution"]["max_abs"];
    assert_eq!(scalar["median"], 0.0);
    assert!(scalar["max"].as_f64().expect("a number") > 0.2, "{scalar}");
    assert!(reason(&report, "no-repack").contains("cannot be asked"));
    assert!(reason(&report, "micro-batch-full").contains("takes 512 tokens"));
    assert!(reason(&report, "ik").contains("build-references.sh ik"));
    let checks = report["candidate"]["checks"].as_array().expect("checks");
    let checks: Vec<_> = checks
        .iter()
        .map(|it| (word(&it["name"]), &it["differing_rows"]))
        .collect();
    let zero = &Value::from(0);
    assert_eq!(
        checks,
        [("threads", zero), ("micro-batch", zero), ("again", zero)]
    );
}

#[test]
fn the_same_floor_is_measured_once_and_a_spoilt_one_again() {
    let desk = desk();
    let (first, _) = report(&desk, "none");
    assert_eq!(evaluations(&desk, "llama-scalar"), 1);
    let asked = evaluations(&desk, "reference");
    let (second, _) = report(&desk, "none");
    assert_eq!(evaluations(&desk, "llama-scalar"), 1);
    assert_eq!(evaluations(&desk, "reference"), asked, "nor is the base");
    assert_eq!(first.stdout, second.stdout);
    let folder = desk.path("cache/lockstep/floors");
    let kept = names_in(&folder);
    assert_eq!(kept.len(), 4, "{kept:?}");
    let path = folder.join(&kept[0]);
    let text = fs::read_to_string(&path).expect("kept");
    fs::write(&path, text.replacen("0.0", "0.1", 1)).expect("ours");
    let (third, _) = report(&desk, "none");
    assert_eq!(evaluations(&desk, "llama-scalar"), 2);
    assert_eq!(first.stdout, third.stdout);
    assert_eq!(fs::read_to_string(&path).expect("kept"), text);
}

/// A prompt that a reference dies of has no floor; the others have theirs.
#[test]
fn a_prompt_that_the_reference_dies_of_costs_no_other_its_floor() {
    let desk = judging().habit("reference", &["dies-of-five"]);
    fs::write(desk.path("set.txt"), "One\nFour\nSeven\n").expect("the folder can be written");
    let (run, report) = report(&desk, "none");
    run.exits(69).complains(&["line-2: reference: "]);
    let floors = ["line-1", "line-2", "line-3"].map(|name| has_floor(&report, name));
    assert_eq!(floors, [true, false, true]);
    assert!(no_floor(&report, "line-2").contains("reference: "));
    // As a comparison finds it.
    let mut command = desk.compare("ladder", &["--prompts", "set.txt", "--allow-small"]);
    command.args(["--profile", "production", "--rung", "positions"]);
    let run = Run::of(command.args(["--format", "json"]));
    let ladder = run.exits(69).object("ladder");
    let prompts = ladder["rungs"][4]["prompts"].as_array().expect("prompts");
    let verdicts: Vec<_> = prompts.iter().map(|it| word(&it["verdict"])).collect();
    assert_eq!(verdicts, ["BIT-EXACT", "ENGINE-FAILED", "BIT-EXACT"]);
}

#[test]
fn prompts_that_are_too_long_are_skipped_and_all_of_them_are_none() {
    let desk = desk();
    let long = "x".repeat(5000);
    fs::write(desk.path("set.txt"), format!("{long}\nHi\n")).expect("written");
    let (run, found) = report(&desk, "none");
    run.exits(0);
    assert_eq!(
        ["line-1", "line-2"].map(|name| has_floor(&found, name)),
        [false, true]
    );
    assert!(no_floor(&found, "line-1").starts_with("skipped: 5001 tokens"));
    let text = floor(&desk, &["--candidate", "none", "--out", "out"]);
    text.exits(0)
        .says(&["1 prompts", "prompt line-1: skipped: 5001 tokens"]);
    assert_eq!(
        names_in(&desk.path("out")),
        ["floors.json", "line-2.floor.json"]
    );
    fs::write(desk.path("set.txt"), format!("{long}\n")).expect("written");
    report(&desk, "none").0.exits(4);
}

#[test]
fn another_build_is_another_floor() {
    let desk = desk();
    let (_, first) = report(&desk, "none");
    let desk = desk.habit("ik", &["own-build"]);
    let (_, second) = report(&desk, "none");
    assert_ne!(first["cases"][0]["floor"], second["cases"][0]["floor"]);
    assert_eq!(evaluations(&desk, "llama-scalar"), 2);
}

#[test]
fn without_another_build_there_is_no_floor() {
    let desk = Desk::new();
    fs::write(desk.path("set.txt"), "Hi\n").expect("the folder can be written");
    let (run, report) = report(&desk, "none");
    run.exits(4);
    assert_eq!(report["cases"][0]["floor"], Value::Null);
    assert!(word(&report["cases"][0]["no_floor"]).contains("no other build"));
    floor(&desk, &["--candidate", "none"])
        .exits(4)
        .says(&["No floor for prompt"]);
}

#[test]
fn a_variant_that_fails_is_left_out_with_its_reason() {
    let desk = desk()
        .habit("ik", &["own-build", "refuses"])
        .perturb("llama-scalar", "--set-nan 1 5");
    let (run, report) = report(&desk, "none");
    run.exits(4);
    assert_eq!(reason(&report, "ik"), "the table is closed");
    assert_eq!(
        reason(&report, "llama-scalar"),
        "numbers of position 1 are not finite"
    );
    assert_eq!(variant(&report, "llama-scalar")["rows"], 0);
}

/// Else whoever compares with it finds another difference each time.
#[test]
fn a_candidate_that_is_not_itself_is_found() {
    let desk = desk().habit("candidate", &["moody"]);
    let (run, report) = report(&desk, "candidate");
    run.exits(1);
    let checks = &report["candidate"]["checks"];
    assert_eq!(
        (&checks[0]["name"], &checks[0]["differing_rows"]),
        (&"threads".into(), &16.into())
    );
    assert_eq!(checks[0]["first"]["position"], 0);
    assert_eq!(checks[2]["differing_rows"], 0);
    let said = floor(&desk, &["--candidate", "candidate"]);
    said.exits(1)
        .says(&["threads: 16 of 16 rows differ, the first is position 0 of prompt"]);
}

#[test]
fn stores_what_it_found_and_draws_it() {
    let desk = desk();
    floor(
        &desk,
        &["--candidate", "none", "--out", "out", "--plot", "floor.svg"],
    )
    .exits(0);
    assert_eq!(names_in(&desk.path("out")).len(), 3);
    let picture = fs::read_to_string(desk.path("floor.svg")).expect("drawn");
    assert!(
        picture.contains("llama-scalar: 0 at 19") && picture.contains("threads: 0 everywhere"),
        "{picture}"
    );
}

#[test]
fn what_cannot_be_measured_is_told_by_the_code() {
    let desk = desk().habit("reference", &["refuses"]);
    floor(&desk, &[])
        .exits(69)
        .complains(&["the table is closed"]);
    floor(&desk, &["--candidate", "nobody"])
        .exits(64)
        .complains(&["unknown engine"]);
}

/// `per-token` in `production`, on the first prompt of the set.
fn production(desk: &Desk, arguments: &[&str]) -> (Run, Value) {
    let fixed = ["--profile", "production", "--prompt", "What is 2+2?"];
    desk.json(&[&fixed[..], arguments].concat())
}

#[test]
fn a_comparison_in_production_measures_its_floor_and_is_judged_by_it() {
    let within = judging().perturb("candidate", "--add 1 5 0.125");
    let (run, receipt) = production(&within, &[]);
    run.exits(0);
    assert_eq!(receipt["verdict"], "DRIFT", "{receipt}");
    let beyond = judging().perturb("candidate", "--add 2 5 3");
    let (run, receipt) = production(&beyond, &[]);
    run.exits(1);
    assert_eq!(receipt["verdict"], "DIVERGED");
}

/// What was measured is good whether or not it could be kept, and no receipt depends on a cache.
#[test]
fn a_cache_that_cannot_be_written_takes_no_floor_away() {
    let desk = judging().perturb("candidate", "--add 1 5 0.125");
    let arguments = ["--profile", "production", "--prompt", "What is 2+2?"];
    let run = |cache: &str| {
        let mut command = desk.per_token(&arguments);
        command.env("XDG_CACHE_HOME", desk.path(cache));
        Run::of(command.args(["--format", "json"]))
    };
    let (kept, not_kept) = (run("cache"), run("model.gguf"));
    assert_eq!(kept.exits(0).object("receipt")["verdict"], "DRIFT");
    let without_environment = |run: &Run| {
        let mut receipt = run.object("receipt");
        receipt["environment"].take();
        receipt
    };
    not_kept.exits(0);
    assert_eq!(without_environment(&kept), without_environment(&not_kept));
    let told = [
        "warning: ",
        "XDG_CACHE_HOME",
        "/model.gguf/lockstep/floors: ",
    ];
    not_kept.complains(&told);
    assert!(!kept.stderr.contains("warning"), "{kept:?}");
    let mut command = desk.compare("floor", &["--prompts", "set.txt"]);
    command.env("XDG_CACHE_HOME", desk.path("model.gguf"));
    let run = Run::of(&mut command);
    run.exits(0).complains(&told);
    assert_eq!(
        run.stderr.matches("warning").count(),
        1,
        "once for all prompts"
    );
}

/// A verdict by a thinner floor, or by none, would stand though the next try has all of it.
#[test]
fn who_is_killed_while_floors_are_measured_leaves_no_verdict() {
    for (engine, subcommand) in [
        ("reference", "evaluate"),
        ("ik", "evaluate"),
        ("ik", "describe"),
    ] {
        for mode in ["auto", "require"] {
            let at = format!("{engine} at {subcommand}, floor {mode}");
            let desk = judging().perturb("candidate", "--add 1 5 0.125");
            let desk = desk.habit(engine, &[&format!("killed-once-{subcommand}")]);
            let (run, receipt) = production(&desk, &["--floor", mode]);
            assert_eq!(run.code, 75, "{at}: {receipt}");
            assert_eq!(receipt["verdict"], "ENGINE-FAILED", "{at}");
            assert!(word(&receipt["reason"]).contains(engine), "{at}");
            let kept = names_in(&desk.path("cache/lockstep/floors"));
            assert_eq!(kept, Vec::<String>::new(), "{at}");
            let (_, receipt) = production(&desk, &["--floor", mode]);
            let whole = judging().perturb("candidate", "--add 1 5 0.125");
            let (_, undisturbed) = production(&whole, &["--floor", mode]);
            assert_eq!(receipt["digest"], undisturbed["digest"], "{at}");
        }
    }
}

/// The others of the set keep theirs.
#[test]
fn one_prompts_passing_failure_costs_no_other_its_floor() {
    let desk = judging().habit("ik", &["killed-once-evaluate"]);
    let (run, found) = report(&desk, "none");
    run.exits(75).complains(&["line-1: ik: "]);
    assert_eq!(
        ["line-1", "line-2"].map(|name| has_floor(&found, name)),
        [false, true]
    );
    let (run, found) = report(&desk, "none");
    run.exits(0);
    assert!(has_floor(&found, "line-1"));
    assert_eq!(reason(&found, "no-repack"), "it cannot be asked");
}

#[test]
fn the_judged_candidate_is_no_part_of_its_floor() {
    // Alone the other build would excuse everything that it does itself.
    let desk = desk().habit("candidate", &["own-build"]);
    let (run, receipt) = production(&desk, &[]);
    run.exits(4);
    assert!(
        word(&receipt["no_floor"]).contains("no other build"),
        "{receipt}"
    );
}

#[test]
fn a_floor_can_be_done_without_or_be_required() {
    let (run, receipt) = production(&desk(), &["--floor", "off"]);
    run.exits(4);
    assert_eq!(receipt["verdict"], "INCONCLUSIVE");
    let alone = Desk::new();
    production(&alone, &[]).0.exits(4);
    assert_eq!(evaluations(&alone, "candidate"), 1);
    let alone = Desk::new();
    let (run, receipt) = production(&alone, &["--floor", "require"]);
    run.exits(4);
    assert!(
        word(&receipt["reason"]).contains("there is no floor"),
        "{receipt}"
    );
    assert_eq!(evaluations(&alone, "candidate"), 0);
    let refused = alone.text(&["--prompt", "Hi", "--floor", "require"]);
    refused.exits(64).complains(&["--profile production"]);
}
