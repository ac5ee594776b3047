//! Receipts of several greedy stretches: what is edited is noticed, whoever makes the digest.

use serde_json::{Value, json};

use super::floors::all_noticed;
use super::sealed;
use crate::stretches::{climb, undecided};

#[test]
fn a_stretch_that_cannot_follow_is_noticed() {
    let desk = undecided();
    let (_, _, receipt) = climb(&desk, &["--profile", "production"]);
    let stretches = receipt["greedy"].as_array().expect("stretches");
    assert_eq!(stretches.len(), 7);
    let without = |index: usize| {
        let mut left = stretches.clone();
        left.remove(index);
        Value::from(left)
    };
    let mut swapped = stretches.clone();
    swapped.swap(1, 2);
    let mut longer = stretches.clone();
    longer.push(stretches[6].clone());
    longer[7]["first_step"] = json!(7);
    let first_row = stretches[0]["steps"][0].clone();
    let edits = [
        (
            "/greedy/0/first_step",
            json!(1),
            "greedy[0].first_step: is 1, expected 0",
        ),
        (
            "/greedy/2/first_step",
            json!(3),
            "greedy[2].first_step: is 3, expected 2",
        ),
        (
            "/greedy/2/first_step",
            json!(u64::MAX),
            "greedy[2].first_step: is 18446744073709551615",
        ),
        ("/greedy", json!(swapped), "greedy[1].first_step: is 2"),
        ("/greedy", without(0), "greedy[0].first_step: is 1"),
        ("/greedy", without(3), "greedy[3].first_step: is 4"),
        (
            "/greedy",
            without(6),
            "verdict: is \"DIVERGED\", expected \"TIE-FLIP\"",
        ),
        (
            "/greedy",
            json!(longer),
            "greedy[7]: goes on behind a step that is no TIE-FLIP",
        ),
        ("/greedy", json!([]), "greedy: is empty, 8 steps"),
        (
            "/greedy/1/first_difference",
            json!(null),
            "greedy[2]: goes on behind a step that is no TIE-FLIP",
        ),
        (
            "/greedy/3/candidate_ids",
            json!([]),
            "greedy[3].*_ids: have [0, 5] tokens, 5 of 8 steps were left",
        ),
        ("/greedy/3/steps", json!([]), "greedy[3].steps: has 0 rows"),
        ("/greedy/3/steps/0", first_row, "greedy[3].steps[0]: chose"),
        (
            "/greedy/3/reference_ids/0",
            json!(1),
            "greedy[3].steps[0]: chose",
        ),
        (
            "/greedy/6/steps/0/verdict",
            json!("TIE-FLIP"),
            "greedy[6].steps[0].verdict: is \"TIE-FLIP\"",
        ),
        ("/greedy_steps", json!(7), "greedy[0].*_ids: have [8, 8]"),
        ("/excess/flips", json!(6), "excess.flips: is 6, expected 7"),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn positions_are_left_out_of_a_decode_alone() {
    let desk = undecided();
    let production = ["--profile", "production", "--rung", "decode"];
    let (_, _, receipt) = climb(&desk, &production);
    assert_eq!(receipt["positions"], json!([]));
    let (_, _, whole) = climb(&desk, &production[..2]);
    let edits = [
        ("/greedy", json!([]), "positions: has 0 rows, expected 11"),
        ("/greedy", json!(null), "nothing was compared"),
        (
            "/positions",
            json!([whole["positions"][0]]),
            "positions: has 1 rows",
        ),
        ("/tokens", json!([]), "tokens_sha256: is not"),
        ("/sizes", json!(null), "sizes: are missing"),
        (
            "/engines/candidate/settings",
            json!(null),
            "does not say all",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
    let mut cut = whole;
    cut["positions"] = json!([]);
    desk.verify(&sealed(&cut))
        .exits(65)
        .says(&["per_token_cosine_sim: has 11 values, expected 0"]);
}
