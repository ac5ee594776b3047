//! Receipts with a third voice: what is edited is noticed, whoever makes the digest.

use serde_json::{Value, json};

use super::floors::all_noticed;
use super::sealed;
use crate::desk::Desk;

const TRIANGULATED: [&str; 5] = ["--prompt", "Hi", "--profile", "production", "--triangulate"];

/// Both sides are apart from each other and from the third.
fn desk() -> Desk {
    Desk::new()
        .perturb("candidate", "--add 0 7 0.5 --add 1 7 0.25")
        .perturb("reference", "--add 0 7 0.25 --add 2 7 0.125")
}

#[test]
fn a_receipt_with_a_third_voice_is_believed() {
    let third = Desk::new().perturb("reference", "--add 0 7 20");
    let shifted = desk().perturb("candidate", "--shift 1000");
    let absent = desk().habit("rust-engine", &["refuses"]);
    for desk in [desk(), third, shifted, absent, Desk::new()] {
        let receipt = desk.stored(&TRIANGULATED);
        desk.verify(&receipt.to_string()).exits(0);
    }
}

#[test]
fn a_third_voice_that_can_be_none_is_noticed() {
    let desk = desk();
    let receipt = desk.stored(&TRIANGULATED);
    let third = |place: &str, value: Value| (format!("/triangulation/third/{place}"), value);
    let edits = [
        third("version", json!(null)),
        third("kernels", json!(null)),
        third("settings", json!(null)),
        third("settings/arithmetic", json!("exact")),
        third("settings/kv", json!("f16")),
        third("settings/flash_attention", json!(true)),
    ];
    let told = "triangulation.third: is not all told, or not as a third computes";
    let edits = edits
        .each_ref()
        .map(|(place, value)| (&**place, value.clone(), told));
    all_noticed(&desk, &receipt, &edits);
    let edits = [
        (
            "/no_triangulation",
            json!("it was late"),
            "triangulation: is there, beside a reason",
        ),
        (
            "/profile",
            json!("f32"),
            "triangulation: is told, and in `f32`",
        ),
        (
            "/greedy",
            json!(null),
            "positions: are there, and nothing was compared",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn distances_that_do_not_follow_are_noticed() {
    let desk = desk();
    let receipt = desk.stored(&TRIANGULATED);
    let edits = [
        ("/rows", json!(4), "triangulation.rows: is 4, 3 positions"),
        (
            "/candidate/max_abs/median",
            json!(9),
            "triangulation.candidate: a percentile is below a smaller one",
        ),
        (
            "/reference/kl/median",
            json!(-1),
            "triangulation.reference: a distance is below 0",
        ),
        (
            "/candidate/mse/max",
            json!(9),
            "triangulation.candidate: mse is beyond max_abs squared",
        ),
        (
            "/candidate/kl/max",
            json!(9),
            "triangulation.candidate: KL is beyond",
        ),
        (
            "/candidate/flips",
            json!(4),
            "triangulation.candidate: has more flips than rows",
        ),
        (
            "/reference/flips",
            json!(3),
            "triangulation: has flips that do not fit",
        ),
        (
            "/median_ratio/kl",
            json!(0.5),
            "triangulation.median_ratio: is",
        ),
        (
            "/median_ratio/mse",
            json!(null),
            "triangulation.median_ratio: is",
        ),
        (
            "/reference/max_abs/max",
            json!(9),
            "triangulation: has two sides that are further apart than the rows",
        ),
    ];
    let places = edits
        .each_ref()
        .map(|edit| format!("/triangulation{}", edit.0));
    let edits = places.iter().zip(&edits);
    let edits: Vec<_> = edits
        .map(|(place, (_, value, told))| (&**place, value.clone(), *told))
        .collect();
    all_noticed(&desk, &receipt, &edits);
}

/// One side alone says nothing against this.
#[test]
fn two_sides_that_are_nearer_than_their_rows_are_noticed() {
    let desk = desk();
    let mut receipt = desk.stored(&TRIANGULATED);
    let nothing = json!({"median": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0});
    for side in ["candidate", "reference"] {
        for metric in ["kl", "mse", "max_abs"] {
            receipt["triangulation"][side][metric] = nothing.clone();
        }
    }
    receipt["triangulation"]["median_ratio"] = json!({"kl": null, "mse": null, "max_abs": null});
    desk.verify(&sealed(&receipt))
        .exits(65)
        .says(&["triangulation: has two sides that are nearer than the rows are apart"]);
}

#[test]
fn sides_of_the_same_bits_are_equally_far() {
    let third = Desk::new().perturb("rust-engine", "--add 0 7 0.5 --add 1 7 0.5");
    let mut receipt = third.stored(&TRIANGULATED);
    third.verify(&sealed(&receipt)).exits(0);
    receipt["triangulation"]["candidate"]["kl"]["max"] = json!(0.1);
    third
        .verify(&sealed(&receipt))
        .exits(65)
        .says(&["triangulation: has two sides of the same bits at other distances"]);
}

/// No third voice has a distance from it.
#[test]
fn a_row_that_is_not_finite_leaves_no_third_voice() {
    let good = desk().stored(&TRIANGULATED);
    let desk = desk().perturb("candidate", "--set-nan 1 3");
    let mut receipt = desk.stored(&TRIANGULATED);
    desk.verify(&sealed(&receipt)).exits(0);
    receipt["triangulation"] = good["triangulation"].clone();
    receipt["no_triangulation"] = json!(null);
    desk.verify(&sealed(&receipt))
        .exits(65)
        .says(&["triangulation: is there, and a row is not finite"]);
}
