//! Engines whose rows hold one number throughout: they agree, and nothing was computed.

use serde_json::{Value, json};

use crate::desk::{Desk, Run, word};

const HI: [&str; 4] = ["--prompt", "Hi", "--max-tokens", "2"];

fn zeros(engines: &[&str]) -> Desk {
    let habit = |desk: Desk, engine: &&str| desk.habit(engine, &["zeros"]);
    engines.iter().fold(Desk::new(), habit)
}

#[track_caller]
fn shows_nothing(found: &(Run, Value)) {
    let (text, receipt) = found;
    text.exits(4).says(&[
        "INCONCLUSIVE: 3 positions and 2 greedy steps show nothing",
        "; every row of the candidate holds one number, 0; every row of the reference holds one number, 0\n",
    ]);
    assert_eq!(receipt["verdict"], "INCONCLUSIVE");
    assert_eq!(receipt["status"], "inconclusive");
    for row in [
        &receipt["positions"][2]["row"],
        &receipt["greedy"]["steps"][1],
    ] {
        // The bits of this row are the same, and the receipt does not deny it.
        assert_eq!(row["verdict"], "BIT-EXACT");
        assert_eq!(row["candidate_constant"], 0.0);
        assert_eq!(row["reference_constant"], 0.0);
    }
}

#[test]
fn two_engines_that_compute_nothing_prove_nothing() {
    let desk = zeros(&["candidate", "reference"]);
    shows_nothing(&desk.both(&HI));
    shows_nothing(&desk.both(&[&HI[..], &["--profile", "f32"]].concat()));
}

#[test]
fn nor_do_they_on_adopted_tokens() {
    let desk = zeros(&["candidate", "reference"]).habit("candidate", &["no-model-bos"]);
    let found = desk.both(&[&HI[..], &["--tokens-from", "reference"]].concat());
    shows_nothing(&found);
    found.0.says(&["show nothing, on the reference's tokens"]);
}

/// The control: engines that compute something, and nothing is said of it.
#[test]
fn rows_of_many_numbers_are_not_mentioned() {
    let (text, receipt) = Desk::new().both(&HI);
    text.exits(0);
    assert!(!text.stdout.contains("one number"), "{text:?}");
    let row = &receipt["positions"][0]["row"];
    assert_eq!(row["candidate_constant"], Value::Null);
    assert_eq!(row["reference_constant"], Value::Null);
}

#[test]
fn one_engine_that_computes_nothing_diverges_and_is_named() {
    for (engine, other) in [("candidate", "reference"), ("reference", "candidate")] {
        let (text, receipt) = zeros(&[engine]).both(&HI);
        text.exits(1).says(&[
            "DIVERGED: position 0: ",
            &format!("; every row of the {engine} holds one number, 0\n"),
        ]);
        let row = &receipt["positions"][0]["row"];
        assert_eq!(row[format!("{engine}_constant")], 0.0);
        assert_eq!(row[format!("{other}_constant")], Value::Null);
    }
}

#[test]
fn some_such_rows_are_told_beside_the_verdict() {
    for (changes, number) in [
        ("--fill 1 -2.5", "one number, -2.5: 1 of 5"),
        ("--fill 0 1.5 --fill 1 1.5", "one number, 1.5: 2 of 5"),
        ("--fill 0 1 --fill 1 0", "one number throughout: 2 of 5"),
    ] {
        let desk = Desk::new().perturb("candidate", changes);
        let (text, receipt) = desk.perturb("reference", changes).both(&HI);
        text.exits(0)
            .says(&["BIT-EXACT: every number of 3 positions and 2 greedy steps"]);
        for engine in ["candidate", "reference"] {
            let told = format!("; rows of the {engine} that hold {number}");
            assert!(word(&receipt["reason"]).contains(&told), "{receipt}");
        }
    }
}

/// The row of one number is a part of the prompt, and all that is compared.
#[test]
fn what_is_compared_decides() {
    let all = ["--prompt", "Hi", "--max-tokens", "0"];
    let first = [&all[..], &["--max-positions", "1"]].concat();
    let desk = Desk::new().perturb("candidate", "--fill 0 3");
    let desk = desk.perturb("reference", "--fill 0 3");
    desk.both(&all).0.exits(0);
    let (text, receipt) = desk.both(&first);
    text.exits(4)
        .says(&["every row of the candidate holds one number, 3"]);
    let exit = json!({"code": 4, "name": "inconclusive"});
    assert_eq!(receipt["exit"], exit);
}
