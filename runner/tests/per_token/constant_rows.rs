//! Engines whose rows hold one number throughout: they agree, and nothing was computed.

use serde_json::Value;

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
        "INCONCLUSIVE: position 0: both rows hold one number throughout, which compares nothing",
        "; every row of the candidate holds one number, 0e0; every row of the reference holds one number, 0e0\n",
    ]);
    assert_eq!(receipt["verdict"], "INCONCLUSIVE");
    assert_eq!(receipt["status"], "inconclusive");
    for row in [
        &receipt["positions"][2]["row"],
        &receipt["greedy"][0]["steps"][1],
    ] {
        // The bits of this row are the same, and the receipt does not deny it.
        assert_eq!(row["differing"], 0);
        assert_eq!(row["verdict"], "INCONCLUSIVE");
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
    found
        .0
        .says(&["compares nothing, on the reference's tokens"]);
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
            &format!("; every row of the {engine} holds one number, 0e0\n"),
        ]);
        let row = &receipt["positions"][0]["row"];
        assert_eq!(row[format!("{engine}_constant")], 0.0);
        assert_eq!(row[format!("{other}_constant")], Value::Null);
    }
}

/// From some position on a NaN can have made zeros of everything, on both sides.
#[test]
fn one_such_row_of_both_is_enough() {
    for (changes, place, number) in [
        ("--fill 1 -2.5", 1, "one number, -2.5e0: 1 of 5"),
        ("--fill 0 1.5 --fill 1 1.5", 0, "one number, 1.5e0: 2 of 5"),
        ("--fill 2 1 --fill 1 0", 1, "one number throughout: 2 of 5"),
    ] {
        let desk = Desk::new().perturb("candidate", changes);
        let (text, receipt) = desk.perturb("reference", changes).both(&HI);
        let said = format!("INCONCLUSIVE: position {place}: both rows hold one number throughout");
        text.exits(4).says(&[&said]);
        for engine in ["candidate", "reference"] {
            let told = format!("; rows of the {engine} that hold {number}");
            assert!(word(&receipt["reason"]).contains(&told), "{receipt}");
        }
    }
}

/// What differs outweighs what compares nothing.
#[test]
fn a_divergence_elsewhere_stays_one() {
    let desk = Desk::new().perturb("candidate", "--fill 1 0 --add 2 5 0.5");
    let desk = desk.perturb("reference", "--fill 1 0");
    desk.both(&HI).0.exits(1).says(&["DIVERGED: position 2: "]);
}

#[test]
fn two_numbers_that_differ_are_no_parity() {
    let desk = Desk::new().perturb("candidate", "--fill 1 0");
    let desk = desk.perturb("reference", "--fill 1 1");
    desk.both(&HI).0.exits(1);
    // A constant shift, which limits do not see.
    desk.both(&[&HI[..], &["--profile", "f32"]].concat())
        .0
        .exits(4);
}
