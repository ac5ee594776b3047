//! A limit that is given decides; none is there only to be shown.

use serde_json::{Value, json};

use crate::desk::{Desk, Run};

/// A difference of 0.5 in one of 261 logits: a cosine of about 0.99999, far beyond the shipped
/// limits of the other metrics.
fn compare(flags: &[&str]) -> (Run, Value) {
    let desk = Desk::new().perturb("candidate", "--add 2 9 0.5");
    desk.both(&[&["--prompt", "Hello", "--profile", "f32"], flags].concat())
}

/// Limits that this pair keeps, so that the cosine alone is left to decide.
const OTHERS: [&str; 8] = [
    "--mse-tol",
    "1",
    "--max-abs-tol",
    "1",
    "--nmse-tol",
    "1",
    "--kl-tol",
    "1",
];

fn with(flags: &[&str]) -> (Run, Value) {
    compare(&[&OTHERS[..], &["--top5-tol", "0"], flags].concat())
}

fn of_metric(receipt: &Value, metric: &str) -> Vec<Value> {
    let limits = receipt["limits"].as_array().expect("a list");
    let mut of = limits.clone();
    of.retain(|applied| applied["limit"]["metric"] == metric);
    of
}

#[test]
fn the_shipped_limits_decide_by_default() {
    let (text, receipt) = compare(&[]);
    text.exits(1).says(&["t=2 ", "mse is ", "max_abs is "]);
    let limits = receipt["limits"].as_array().expect("a list");
    assert!(limits.len() >= 10, "{limits:?}");
    assert!(limits.iter().all(|applied| applied["source"] == "file"));
    assert_eq!(receipt["threshold"], json!(0.999));
}

#[test]
fn a_cosine_that_is_too_small_decides() {
    let (text, receipt) = with(&["--cos-tol", "0.9999999"]);
    text.exits(1).says(&["DIVERGED: position 2: cosine is "]);
    assert_eq!(receipt["first_divergence_token"], 2);
    assert_eq!(receipt["threshold"], json!(0.999_999_9));
    let broken = receipt["positions"][2]["row"]["broken"].as_array();
    assert_eq!(broken.map(Vec::len), Some(1), "no other limit is broken");
    let cosine = of_metric(&receipt, "cosine");
    assert_eq!(cosine.len(), 1);
    assert_eq!(cosine[0]["source"], "flag");
    assert_eq!(cosine[0]["limit"]["value"], json!(0.999_999_9));
    assert_eq!(of_metric(&receipt, "top1_equal")[0]["source"], "file");
}

#[test]
fn a_cosine_that_is_large_enough_passes() {
    for flag in ["--cos-tol", "--cos-similarity-threshold"] {
        let (text, receipt) = with(&[flag, "0.99"]);
        text.exits(0).says(&["MATCH: "]);
        assert_eq!(receipt["positions"][2]["row"]["verdict"], "MATCH");
        assert_eq!(of_metric(&receipt, "cosine")[0]["source"], "flag");
    }
}

#[test]
fn every_other_limit_decides_too() {
    for (flag, value, metric) in [
        ("--mse-tol", "1e-9", "mse"),
        ("--max-abs-tol", "0.1", "max_abs"),
        ("--nmse-tol", "1e-9", "nmse"),
        ("--kl-tol", "1e-12", "kl"),
    ] {
        // The flag is given once: what it replaces is left out.
        let at = OTHERS
            .iter()
            .position(|&other| other == flag)
            .expect("listed");
        let mut flags = OTHERS.to_vec();
        flags.splice(at..at + 2, [flag, value]);
        let (text, _) = compare(&[&flags[..], &["--top5-tol", "0"]].concat());
        text.exits(1)
            .says(&[&format!("DIVERGED: position 2: {metric} is ")]);
    }
}

#[test]
fn a_limit_decides_in_production_as_well() {
    let desk = Desk::new().perturb("candidate", "--add 2 9 0.5");
    let production = |limit: &str| {
        let flags = ["--profile", "production", "--max-abs-tol", limit];
        desk.both(&[&["--prompt", "Hello"], &flags[..]].concat())
    };
    production("0.1")
        .0
        .exits(1)
        .says(&["DIVERGED: position 2: max_abs"]);
    production("1").0.exits(4).says(&["INCONCLUSIVE: "]);
}

/// A desk with a file of limits whose only limit is a largest difference of `value`.
fn with_file(changes: &str, value: f64) -> Desk {
    let desk = Desk::new().perturb("candidate", changes);
    let limits = json!({
        "schema": "lockstep/limits/v1", "name": "one", "version": 1,
        "limits": [{
            "rung": "positions", "metric": "max_abs", "bound": "largest", "value": value,
            "unit": "logit", "basis": "a test",
        }],
    });
    std::fs::write(desk.path("limits.json"), limits.to_string()).expect("written");
    desk
}

fn by_file(profile: &str) -> [&str; 6] {
    let file = ["--limits", "limits.json"];
    ["--prompt", "Hello", "--profile", profile, file[0], file[1]]
}

#[test]
fn a_file_of_limits_takes_the_place_of_the_shipped_one() {
    let desk = with_file("--add 2 9 0.5", 1.0);
    let (text, receipt) = desk.both(&by_file("f32"));
    text.exits(0).says(&["MATCH: "]);
    assert_eq!(receipt["limits"][0]["limit"]["value"], json!(1.0));
    assert_eq!(receipt["limits"].as_array().map(Vec::len), Some(1));
    assert_eq!(receipt["threshold"], Value::Null);
    let (text, _) = with_file("--add 2 9 0.5", 0.1).both(&by_file("f32"));
    text.exits(1).says(&["DIVERGED: position 2: max_abs is "]);
}

/// The file has the metric on another rung alone.
#[test]
fn a_limit_that_is_given_holds_at_every_position() {
    let desk = Desk::new().perturb("candidate", "--add 2 9 0.5");
    let limit = |rung: &str, metric: &str, bound: &str| json!({"rung": rung, "metric": metric, "bound": bound, "value": 0.9, "unit": "", "basis": ""});
    let limits = json!({
        "schema": "lockstep/limits/v1", "name": "two", "version": 1,
        "limits": [limit("positions", "cosine", "smallest"), limit("decode", "max_abs", "largest")],
    });
    std::fs::write(desk.path("limits.json"), limits.to_string()).expect("written");
    let flags = [&by_file("f32")[..], &["--max-abs-tol", "0.1"]].concat();
    desk.both(&flags)
        .0
        .exits(1)
        .says(&["DIVERGED: position 2: max_abs is "]);
}

#[test]
fn a_file_of_limits_decides_in_production_as_well() {
    let (text, receipt) = with_file("--add 2 9 0.5", 0.1).both(&by_file("production"));
    text.exits(1).says(&["DIVERGED: position 2: max_abs is "]);
    assert_eq!(receipt["limits"][0]["source"], "file");
    let (text, _) = with_file("--add 2 9 0.5", 1.0).both(&by_file("production"));
    text.exits(4).says(&["INCONCLUSIVE: "]);
}

#[test]
fn other_tokens_are_no_match_however_loose_the_limits_are() {
    let (text, receipt) = with_file("--choose-second 1", 1e9).both(&by_file("f32"));
    text.exits(1)
        .says(&["DIVERGED: greedy step 1: the chosen tokens differ\n"]);
    assert_eq!(receipt["greedy"][0]["steps"][0]["verdict"], "BIT-EXACT");
}

#[test]
fn equal_rows_keep_the_tightest_limits() {
    let zero = ["--mse-tol", "0", "--max-abs-tol", "0", "--nmse-tol", "0"];
    let one = [
        "--profile",
        "f32",
        "--cos-tol",
        "1",
        "--top5-tol",
        "1",
        "--kl-tol",
        "0",
    ];
    let prompt = ["--prompt", "a prompt of some length"];
    let (text, receipt) = Desk::new().both(&[&prompt[..], &zero, &one].concat());
    text.exits(0).says(&["BIT-EXACT: "]);
    assert_eq!(
        receipt["positions"][0]["row"]["metrics"]["cosine"],
        json!(1.0)
    );
}
