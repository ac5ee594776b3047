//! Receipts of `production` with a floor: what is edited is noticed, whoever makes the digest.

use runner::conclusion::judged_anew;
use runner::floor::reading::{largest_difference, p90};
use runner::limits::Limits;
use runner::seal::seal;
use schemas::floor::JudgedDistances;
use schemas::number::Finite;
use schemas::receipt::Receipt;
use serde_json::{Value, json};

use super::sealed;
use crate::desk::Desk;

const PRODUCTION: [&str; 6] = [
    "--prompt",
    "Hi",
    "--profile",
    "production",
    "--max-tokens",
    "2",
];

/// A comparison within its floor, which is put in by hand: five variants of the reference, the last of
/// another build, and one more that was left out.
pub(super) fn floored(desk: &Desk) -> Value {
    let mut receipt = desk.stored(&PRODUCTION);
    let reference = receipt["engines"]["reference"].clone();
    let variant = |name: &str, place: &str, value: Value| {
        let mut engine = reference.clone();
        *engine.pointer_mut(place).expect("a place") = value;
        json!({"name": name, "engine": engine, "left_out": null})
    };
    let mut left_out = variant("ik", "/settings", json!(null));
    left_out["left_out"] = json!("it is not built here");
    let variants = json!([
        variant("threads", "/settings/threads", json!(99)),
        variant("micro-batch-1", "/settings/micro_batch", json!(1)),
        variant("micro-batch-64", "/settings/micro_batch", json!(64)),
        variant("kv-f32", "/settings/kv", json!("f32")),
        variant("llama-scalar", "/build/flags", json!(["scalar"])),
        left_out
    ]);
    let row = |scale: f64| {
        let finite = |value: f64| Finite::new(value * scale).expect("finite");
        JudgedDistances {
            kl: finite(1e-4),
            mse: finite(1e-4),
            max_abs: finite(0.5),
        }
    };
    let (positions, steps) = ([row(0.25), row(1.0), row(0.5)], [row(0.5), row(0.125)]);
    receipt["no_floor"] = json!(null);
    // Else a variant of the reference would be the candidate.
    receipt["engines"]["candidate"]["build"]["compiler"] = json!("another");
    receipt["floor"] = json!({
        "identity": format!("sha256:{}", "0a".repeat(32)),
        "variants": variants,
        "positions": positions,
        "steps": steps,
        "p90": p90(&positions, &steps),
        "largest_difference": largest_difference(&positions, &steps),
        "own": {"kl": own(0.5, 0.0), "mse": own(0.5, 0.0), "max_abs": own(0.5, 0.0)},
    });
    judged(&receipt)
}

/// What variants come to of one metric.
fn own(median: f64, share_above: f64) -> Value {
    json!({"median": median, "p99": 1.0, "max": null, "share_above": share_above})
}

/// As its rows and limits make it.
fn judged(receipt: &Value) -> Value {
    let stored: Receipt = serde_json::from_value(receipt.clone()).expect("a receipt");
    let limits = Limits::of_receipt(&stored);
    let mut receipt = judged_anew(&stored, &limits).expect("rows");
    seal(&mut receipt);
    serde_json::to_value(receipt).expect("JSON")
}

/// Engines of which one row is a little apart.
fn drifting() -> Desk {
    Desk::new().perturb("candidate", "--add 1 5 0.01")
}

#[test]
fn a_receipt_with_a_floor_is_believed() {
    let desk = drifting();
    let receipt = floored(&desk);
    assert_eq!(receipt["verdict"], "DRIFT", "{}", receipt["reason"]);
    desk.verify(&receipt.to_string())
        .exits(0)
        .says(&["DRIFT: 3 positions and 2 greedy steps no further"]);
}

/// Each edit is noticed with the old digest, and told in these words with a new one.
#[track_caller]
pub(super) fn all_noticed(desk: &Desk, receipt: &Value, edits: &[(&str, Value, &str)]) {
    for (place, value, told) in edits {
        let mut edited = receipt.clone();
        let at = edited.pointer_mut(place);
        at.unwrap_or_else(|| panic!("{place}")).clone_from(value);
        let run = desk.verify(&edited.to_string());
        run.exits(65).says(&["digest: is"]);
        let run = desk.verify(&sealed(&edited));
        assert_eq!(run.code, 65, "{place}: {run:?}");
        let is_told = run.stdout.contains(told);
        assert!(is_told, "{place}: {told:?} is not in {run:?}");
    }
    println!("noticed with a new digest: {} edits", edits.len());
}

#[test]
fn a_variant_that_can_be_none_is_noticed() {
    let desk = drifting();
    let receipt = floored(&desk);
    let engine = |role: &str| receipt["engines"][role].clone();
    // Of three tokens.
    let mut takes_all = engine("candidate");
    takes_all["settings"]["micro_batch"] = json!(3);
    let edits = [
        (
            "/floor/variants/0/left_out",
            json!("it is slow"),
            "4 variants of the reference",
        ),
        (
            "/floor/variants/4/engine/build",
            engine("reference")["build"].clone(),
            "no other build",
        ),
        (
            "/floor/variants/1/name",
            json!("threads"),
            "has the name of another",
        ),
        (
            "/floor/variants/2/engine",
            engine("candidate"),
            "is the candidate",
        ),
        ("/floor/variants/2/engine", takes_all, "is the candidate"),
        (
            "/floor/variants/2/engine",
            engine("reference"),
            "is the reference itself",
        ),
        (
            "/floor/variants/3/engine/version",
            json!(null),
            "does not say all of itself",
        ),
        (
            "/floor/variants/3/engine/settings",
            json!(null),
            "does not say all of itself",
        ),
        (
            "/floor/variants/5/left_out",
            json!(null),
            "does not say all of itself",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn a_row_that_no_floor_has_is_noticed() {
    let desk = drifting();
    let receipt = floored(&desk);
    let row = &receipt["floor"]["positions"][0];
    let scaled = |metric: &str, by: f64| json!(row[metric].as_f64().expect("a number") * by);
    let edits = [
        (
            "/floor",
            json!(null),
            "verdict: is \"DRIFT\", expected \"INCONCLUSIVE\"",
        ),
        (
            "/floor/identity",
            json!("sha256:1"),
            "floor.identity: is no digest",
        ),
        (
            "/floor/positions",
            json!([]),
            "floor.positions: has 0 rows, expected at least 3",
        ),
        (
            "/floor/steps",
            json!([]),
            "floor.steps: has 0 rows, expected at least 2",
        ),
        (
            "/floor/steps/0/kl",
            json!(0),
            "floor.steps[0]: is not that of the last position",
        ),
        (
            "/floor/positions/0/kl",
            json!(-1),
            "floor.positions[0]: a distance is below 0",
        ),
        (
            "/floor/positions/0/kl",
            scaled("kl", 1e3),
            "floor.positions[0]: KL is beyond",
        ),
        (
            "/floor/positions/0/mse",
            scaled("mse", 1e3),
            "floor.positions[0]: mse is beyond",
        ),
        (
            "/floor/positions/0/max_abs",
            scaled("max_abs", 1e3),
            "floor.largest_difference: is",
        ),
        ("/floor/positions/1/kl", scaled("kl", 2.0), "floor.p90: is"),
        ("/floor/p90/mse", json!(0.1), "floor.p90: is"),
        (
            "/floor/own",
            json!({"kl": own(2.0, 0.0), "mse": own(0.5, 0.0), "max_abs": own(0.5, 0.0)}),
            "floor.own.kl: are no statistics",
        ),
        (
            "/floor/own",
            json!({"kl": own(0.5, 0.0), "mse": own(0.5, 1.5), "max_abs": own(-0.5, 0.0)}),
            "floor.own.mse: are no statistics",
        ),
        (
            "/floor/largest_difference",
            json!(9),
            "floor.largest_difference: is 9",
        ),
        (
            "/no_floor",
            json!("it was not asked for"),
            "floor: is there in `production` alone, and",
        ),
        (
            "/profile",
            json!("f32"),
            "floor: is there in `production` alone",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn an_excess_that_does_not_follow_is_noticed() {
    let desk = drifting();
    let receipt = floored(&desk);
    let edits = [
        ("/excess", json!(null), "excess: is null"),
        ("/excess/kl/median", json!(0.5), "excess.kl.median: is 0.5"),
        ("/excess/mse/p99", json!(null), "excess.mse.p99: is null"),
        (
            "/excess/max_abs/share_above",
            json!(0.5),
            "excess.max_abs.share_above: is",
        ),
        ("/excess/flips", json!(1), "excess.flips: is 1"),
        (
            "/excess/broken",
            json!(["a limit"]),
            "excess.broken: has 1 values",
        ),
        (
            "/positions/1/row/excess",
            json!(null),
            "positions[1].row.excess: is null",
        ),
        (
            "/positions/1/row/excess/mse",
            json!(0.5),
            "positions[1].row.excess.mse: is",
        ),
        (
            "/positions/1/row/excess/flip_gap",
            json!(1),
            "positions[1].row.excess.flip_gap: is",
        ),
        (
            "/positions/1/row/metrics/scale",
            json!(1.5),
            "the scale is not what nmse and cosine",
        ),
        (
            "/positions/1/row/metrics/scale",
            json!(null),
            "the scale is not what nmse and cosine",
        ),
        (
            "/positions/1/row/verdict",
            json!("MATCH"),
            "positions[1].row.verdict: is",
        ),
        ("/warnings", json!(["odd"]), "warnings: has 1 values"),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn limits_hashes_and_sizes_of_something_else_are_noticed() {
    let desk = drifting();
    let receipt = floored(&desk);
    let edits = [
        (
            "/limits/0/limit/beyond",
            json!("diverged"),
            "limits: are not those of the shipped file",
        ),
        ("/limits/8/limit/figure", json!("excess-p99"), "limits"),
        (
            "/limits/8/limit/least_rows",
            json!(1_000_000),
            "limits: are not those of the shipped",
        ),
        (
            "/limits_file",
            json!(null),
            "limits: come from no file, and `production` has one",
        ),
        (
            "/tokens_sha256",
            json!(null),
            "tokens_sha256: is not that of the tokens",
        ),
        (
            "/prompt/formatted",
            json!("Ho"),
            "prompt.formatted_sha256: is not",
        ),
        (
            "/prompt/formatted_sha256",
            json!("sha256:0"),
            "prompt.formatted_sha256: is not",
        ),
        (
            "/sizes",
            json!(null),
            "sizes: are missing, and rows were compared",
        ),
        ("/sizes/tokens", json!(2), "sizes.tokens: is 2, there are 3"),
        ("/sizes/tokens", json!(u64::MAX), "sizes.tokens: is 1844"),
        (
            "/sizes/vocabulary",
            json!(7),
            "sizes.vocabulary: is 7, there is a token",
        ),
        (
            "/sizes/vocabulary",
            json!(100_000),
            "l2 squared is not mse times the vocabulary",
        ),
        (
            "/sizes/context",
            json!(1),
            "sizes.context: is 1, the reference had",
        ),
        (
            "/sizes/model_context",
            json!(1),
            "sizes.model_context: 4 tokens are beyond",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn a_prompt_set_has_a_digest() {
    let desk = drifting();
    let mut receipt = floored(&desk);
    let digest = receipt["model"]["sha256"].clone();
    receipt["prompt_set"] =
        json!({"name": "mine", "version": 1, "sha256": digest, "prompt": "short"});
    desk.verify(&sealed(&receipt)).exits(0);
    receipt["prompt_set"]["sha256"] = json!("sha256:0");
    desk.verify(&sealed(&receipt))
        .exits(65)
        .says(&["prompt_set.sha256: is no digest"]);
}

#[test]
fn stored_rows_with_a_floor_are_judged_by_other_limits() {
    let desk = drifting();
    let receipt = floored(&desk);
    desk.write("floored.json", &receipt.to_string());
    let limits = |figure: &str, value: f64| {
        let file = json!({"schema": "lockstep/limits/v1", "name": "mine", "version": 1, "limits": [
            {"rung": "positions", "metric": "max_abs", "figure": figure, "bound": "largest",
             "value": value, "unit": "floor", "basis": "a test"}
        ]});
        desk.write("mine.json", &file.to_string());
        desk.lockstep(&["judge", "floored.json", "--limits", "mine.json"])
    };
    limits("excess", 1.0).exits(0).says(&["MATCH: "]);
    limits("excess", 1e-9)
        .exits(1)
        .says(&["DIVERGED: position 1: max_abs over its floor is"]);
    limits("value", 1e-9)
        .exits(1)
        .says(&["DIVERGED: position 1: max_abs is"]);
}

#[test]
fn a_floor_is_shown_to_people() {
    let desk = drifting();
    desk.write("floored.json", &floored(&desk).to_string());
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/limits/production-v1.json");
    let run = desk.lockstep(&["judge", "floored.json", "--limits", shipped]);
    run.exits(0).says(&[
        "floor: how far reference is from itself, by 5 variants: threads, micro-batch-1, ",
        "its logits move by up to 5.000e-1",
        "floor: without ik: it is not built here",
        "median       p99       max  rows above 1",
        "  max_abs     0.000     0.020     0.020  0.0 %",
        "DRIFT: ",
    ]);
}
