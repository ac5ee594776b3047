//! `--triangulate`: what a third voice is asked, what is said of it, and that nothing else changes.

use serde_json::{Value, json};

use crate::desk::{Desk, Run};

const PRODUCTION: [&str; 4] = ["--prompt", "Hi", "--profile", "production"];

/// The candidate is twice as far from the third in one logit of every position as the reference is.
fn desk() -> Desk {
    Desk::new()
        .perturb("candidate", "--add 0 7 0.5 --add 1 7 0.5 --add 2 7 0.5")
        .perturb("reference", "--add 0 7 0.25 --add 1 7 0.25 --add 2 7 0.25")
}

fn with(arguments: &[&'static str]) -> Vec<&'static str> {
    [arguments, &["--triangulate"]].concat()
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() < 0.01, "{value} is not {expected}");
}

#[test]
fn the_third_is_asked_in_f32_about_the_same_tokens() {
    let desk = desk();
    let (_, receipt) = desk.json(&with(&PRODUCTION));
    let flags = desk.flags("rust-engine", "evaluate");
    for pair in [["--arithmetic", "f32"], ["--kv", "f32"]] {
        assert!(flags.windows(2).any(|it| it == pair), "{flags:?}");
    }
    let requests = desk.requests("rust-engine", "evaluate");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["tokens"], receipt["tokens"]);
    assert_eq!(
        (&requests[0]["positions"], &requests[0]["greedy_steps"]),
        (&json!("all"), &json!(0))
    );
    let third = &receipt["triangulation"]["third"];
    assert_eq!(third["name"], "rust-engine");
    assert_eq!(third["settings"]["arithmetic"], "f32");
}

#[test]
fn distances_and_their_ratio_are_stated() {
    let (text, receipt) = desk().both(&with(&PRODUCTION));
    let found = &receipt["triangulation"];
    assert_eq!(found["rows"], 3);
    for rank in ["median", "p90", "p99", "max"] {
        near(&found["candidate"]["max_abs"][rank], 0.5);
        near(&found["reference"]["max_abs"][rank], 0.25);
    }
    near(&found["median_ratio"]["max_abs"], 2.0);
    near(&found["median_ratio"]["mse"], 4.0);
    text.says(&[
        "distance from the f32 arithmetic of rust-engine:",
        "  max_abs  candidate",
        "0 (candidate) and 0 (reference) of 3 positions",
        "times as far from the f32 arithmetic as the reference (median KL ",
    ]);
}

#[test]
fn who_is_the_third_is_no_distance_from_it() {
    let desk = Desk::new().perturb("reference", "--add 0 7 20 --add 1 7 20");
    let (text, receipt) = desk.both(&with(&PRODUCTION));
    let found = &receipt["triangulation"];
    let nothing = json!({"median": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0});
    for metric in ["kl", "mse", "max_abs"] {
        assert_eq!(found["candidate"][metric], nothing);
        assert_eq!(found["median_ratio"][metric], 0.0);
    }
    assert_eq!(found["candidate"]["flips"], 0);
    assert_eq!(found["reference"]["flips"], 2);
    text.says(&["the candidate is 0.000 times as far"]);
    // The other way round nothing is so many times as far.
    let desk = Desk::new().perturb("candidate", "--add 0 7 20 --add 1 7 20");
    let (text, receipt) = desk.both(&with(&PRODUCTION));
    assert_eq!(receipt["triangulation"]["median_ratio"]["kl"], Value::Null);
    text.says(&["the reference's is 0.000e0"]);
}

#[test]
fn a_third_that_is_one_of_the_two_says_so() {
    let words = " and the third are one program";
    let desk = desk().habit("reference", &["own-build"]);
    let run = desk.text(&with(&PRODUCTION));
    run.says(&[&format!("the candidate{words}")]);
    assert!(!run.stdout.contains(&format!("the reference{words}")));
}

/// Without the fields of triangulation and the digest over them.
fn rest(mut receipt: Value) -> Value {
    let fields = receipt.as_object_mut().expect("an object");
    for key in ["triangulation", "no_triangulation", "digest", "environment"] {
        fields.remove(key);
    }
    receipt
}

#[test]
fn no_verdict_changes_by_it() {
    let exact = ["--prompt", "Hi"];
    for (desk, arguments) in [
        (desk(), &PRODUCTION[..]),
        (desk(), &exact),
        (Desk::new(), &exact),
    ] {
        let (without, plain) = desk.json(arguments);
        assert_eq!(plain["triangulation"], Value::Null);
        assert!(!desk.starts().iter().any(|it| it.starts_with("rust-engine")));
        let (run, receipt) = desk.json(&with(arguments));
        assert_ne!(receipt["triangulation"], Value::Null);
        assert_eq!(run.code, without.code);
        assert_eq!(rest(receipt), rest(plain));
    }
}

/// The verdict stands, and both say why there is no more.
#[track_caller]
fn assert_none(desk: &Desk, more: &[&'static str], why: &str) -> (Run, Value) {
    let arguments = [&PRODUCTION[..], more].concat();
    let (without, plain) = desk.json(&arguments);
    let (run, receipt) = desk.json(&with(&arguments));
    assert_eq!(run.code, without.code);
    assert_eq!(receipt["triangulation"], Value::Null);
    let told = receipt["no_triangulation"].as_str().expect("a reason");
    assert!(told.contains(why), "{why:?} is not in {told:?}");
    run.complains(&["lockstep: no triangulation: ", why]);
    assert_eq!(rest(receipt.clone()), rest(plain));
    desk.text(&with(&arguments)).says(&["no triangulation: "]);
    (run, receipt)
}

#[test]
fn the_verdict_stands_without_a_third() {
    for (habit, why) in [
        ("refuses", "cannot run this model: the table is closed"),
        ("fast", "needs arithmetic f32, rust-engine computes fast"),
        ("narrow", "the candidate has 3 rows of "),
        ("boasts", "describes a vocabulary of "),
        ("other-arithmetic", "arithmetic"),
    ] {
        assert_none(&Desk::new().habit("rust-engine", &[habit]), &[], why);
    }
    let hangs = Desk::new().habit("rust-engine", &["hangs"]);
    assert_none(&hangs, &["--timeout", "1"], "rust-engine: ");
    let nan = Desk::new().perturb("rust-engine", "--set-nan 1 3");
    assert_none(&nan, &[], "not finite at position 1");
    let nan = Desk::new().perturb("candidate", "--set-nan 2 3");
    assert_none(&nan, &[], "not finite at position 2");
}

#[test]
fn nobody_is_asked_where_nothing_was_compared() {
    let desk = Desk::new().habit("candidate", &["no-model-bos"]);
    let (run, receipt) = desk.json(&with(&PRODUCTION));
    run.exits(2);
    assert_eq!(receipt["no_triangulation"], Value::Null);
    assert!(!desk.starts().iter().any(|it| it.starts_with("rust-engine")));
}

#[test]
fn in_f32_there_is_no_third() {
    let run = Desk::new().text(&["--prompt", "Hi", "--profile", "f32", "--triangulate"]);
    run.exits(64).complains(&["--triangulate: in f32 both"]);
}
