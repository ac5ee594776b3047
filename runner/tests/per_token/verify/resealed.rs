//! Receipts edited by one who knows how to make a digest: the rest still has to follow.

use serde_json::{Value, json};

use super::{F32, nearly_equal, sealed};
use crate::desk::Desk;

/// Each edit alone is noticed, and told in these words.
#[track_caller]
fn all_noticed(desk: &Desk, receipt: &Value, edits: &[(&str, Value, &str)]) {
    desk.verify(&sealed(receipt)).exits(0);
    for (place, value, told) in edits {
        let mut edited = receipt.clone();
        let at = edited.pointer_mut(place);
        at.unwrap_or_else(|| panic!("{place}")).clone_from(value);
        let run = desk.verify(&sealed(&edited));
        assert_eq!(run.code, 65, "{place}: {run:?}");
        assert!(
            run.stdout.contains(told),
            "{place}: {told:?} is not in {run:?}"
        );
    }
    println!("noticed with a new digest: {} edits", edits.len());
}

#[test]
fn a_verdict_that_does_not_follow_is_noticed() {
    let desk = nearly_equal();
    let receipt = desk.stored(&F32);
    let edits = [
        ("/verdict", json!("BIT-EXACT"), "verdict: is"),
        ("/exit/code", json!(1), "exit.code: is 1"),
        ("/exit/name", json!("diverged"), "exit.name: is"),
        ("/status", json!("diverged"), "status: is"),
        ("/reason", json!("all is well"), "reason: is"),
        ("/error", json!("boom"), "error: is"),
        (
            "/per_token_cosine_sim/1",
            json!(0.5),
            "per_token_cosine_sim[1]",
        ),
        ("/per_token_l2_dist/1", json!(0.5), "per_token_l2_dist[1]"),
        (
            "/per_token_l2_dist",
            json!([]),
            "per_token_l2_dist: has 0 values, expected 3",
        ),
        ("/max_absolute_diff", json!(0), "max_absolute_diff: is"),
        (
            "/first_divergence_token",
            json!(1),
            "first_divergence_token: is",
        ),
        ("/threshold", json!(0.1), "threshold: is"),
        (
            "/greedy",
            json!(null),
            "verdict: is MATCH with 0, and nothing was compared",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn limits_that_nobody_applied_are_noticed() {
    let desk = nearly_equal();
    let receipt = desk.stored(&F32);
    let mut flags = receipt["limits"].clone();
    for limit in flags.as_array_mut().expect("limits") {
        limit["source"] = json!("flag");
        limit["limit"]["value"] = json!(1e9);
    }
    let first = receipt["limits"][0].clone();
    let twice = json!([first, first]);
    let edits = [
        ("/limits/0/limit/value", json!(1e9), "limits: are not those"),
        (
            "/limits/4/limit/metric",
            json!("nmse"),
            "limits[7]: nmse is limited twice",
        ),
        (
            "/limits/2/limit/bound",
            json!("smallest"),
            "limits[2].bound: mse has",
        ),
        ("/limits", flags, "limits: are not those"),
        ("/limits", twice, "limits[1]: mse is limited twice"),
        ("/limits", json!([first]), "limits: none is for the rung"),
        ("/limits", json!([]), "limits: there are none"),
        ("/limits_file", json!(null), "limits: come from no file"),
        ("/profile", json!("exact"), "limits: there are some"),
    ];
    all_noticed(&desk, &receipt, &edits);
    // With limits by flags, and with another file.
    let receipt = desk.stored(&[&F32[..], &["--cos-tol", "0.5"]].concat());
    let cosine = receipt["limits"].as_array().expect("limits");
    let cosine = cosine
        .iter()
        .position(|it| it["source"] == "flag")
        .expect("a flag");
    let basis = format!("/limits/{cosine}/limit/basis");
    let edits = [
        (&*basis, json!("a better one"), "limits: are not those"),
        ("/limits_file/name", json!("mine"), "that of cosine is none"),
    ];
    let mut renamed = receipt.clone();
    *renamed.pointer_mut(&basis).expect("a basis") = json!("a better one");
    all_noticed(&desk, &receipt, &edits[..1]);
    all_noticed_alone(&desk, &renamed, &edits[1]);
}

/// One edit more, of a receipt that was edited before.
#[track_caller]
fn all_noticed_alone(desk: &Desk, receipt: &Value, (place, value, told): &(&str, Value, &str)) {
    let mut edited = receipt.clone();
    edited
        .pointer_mut(place)
        .expect("a place")
        .clone_from(value);
    desk.verify(&sealed(&edited)).exits(65).says(&[told]);
}

#[test]
fn rows_whose_numbers_do_not_fit_each_other_are_noticed() {
    let desk = nearly_equal();
    let receipt = desk.stored(&F32);
    let row = |name: &str| format!("/positions/1/row/{name}");
    let metric = |name: &str| row(&format!("metrics/{name}"));
    let edits = [
        (
            row("verdict"),
            json!("BIT-EXACT"),
            "positions[1].row.verdict",
        ),
        (row("broken"), json!(["a limit"]), "positions[1].row.broken"),
        (
            row("differing"),
            json!(0),
            "no number differs, and there is a distance",
        ),
        (row("differing"), json!(9999), "9999 numbers differ"),
        (
            row("candidate_non_finite/count"),
            json!(1),
            "has 1 numbers that are not finite",
        ),
        (
            row("candidate_constant"),
            json!(0),
            "the cosine is missing just where",
        ),
        (row("metrics"), json!(null), "has distances just where"),
        (metric("max_abs"), json!(0.5), "max_abs is beyond l2"),
        (metric("max_abs"), json!(0), "mse is beyond max_abs squared"),
        (metric("l2"), json!(1e30), "l2 squared is not mse times"),
        (metric("mse"), json!(0.5), "mse is beyond max_abs squared"),
        (
            metric("nmse"),
            json!(null),
            "an nmse is below 0, or one alone is missing",
        ),
        (
            metric("shift_removed/nmse"),
            json!(1e-30),
            "the two nmse are not",
        ),
        (
            metric("shift_removed/mse"),
            json!(1e-30),
            "is not mse less the mean shift",
        ),
        (
            metric("shift_removed/max_abs"),
            json!(1e-30),
            "further apart than the mean",
        ),
        (
            metric("mean_shift"),
            json!(7),
            "the mean shift is beyond max_abs",
        ),
        (metric("kl"), json!(0.0004), "KL is beyond"),
        (metric("kl"), json!(-1), "KL is below 0"),
        (
            metric("total_variation"),
            json!(0.5),
            "total variation is beyond",
        ),
        (
            metric("total_variation"),
            json!(-5),
            "total variation is no share",
        ),
        (metric("cosine"), json!(1.5), "a cosine is beyond 1"),
        (
            metric("cosine"),
            json!(null),
            "the cosine is missing just where",
        ),
        (metric("candidate_top1"), json!(3), "top1_equal is not"),
        (metric("reference_top1_rank"), json!(4), "the rank is not"),
        (
            metric("reference_top2_gap"),
            json!(-1),
            "the gap is below 0",
        ),
        (metric("top_k_overlap/k1"), json!(0), "overlap of one"),
        (
            metric("top_k_overlap/k10"),
            json!(9),
            "an overlap is no share",
        ),
    ];
    let edits = edits
        .each_ref()
        .map(|(place, value, told)| (&**place, value.clone(), *told));
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn rows_that_are_elsewhere_or_not_there_are_noticed() {
    let desk = nearly_equal();
    let receipt = desk.stored(&F32);
    let first = receipt["positions"][0].clone();
    let edits = [
        ("/positions/1", first, "is of position 0"),
        ("/positions/1/token", json!(9), "positions[1]: is of"),
        ("/tokens/2", json!(9), "positions[2]: is of"),
        ("/tokens", json!([1]), "positions: has 3 rows, expected 1"),
        ("/prompt_tokens", json!(3), "prompt_tokens: is 3"),
        (
            "/tokens_from",
            json!("reference"),
            "rust_tokens, cpp_tokens",
        ),
        ("/suggestions", json!([]), "rust_tokens, cpp_tokens"),
        (
            "/greedy/0/first_difference",
            json!(1),
            "greedy[0].first_difference: is",
        ),
        (
            "/greedy/0/candidate_ids/1",
            json!(9),
            "greedy[0].first_difference: is",
        ),
        (
            "/greedy/0/candidate_ids",
            json!([]),
            "greedy[0].*_ids: have",
        ),
        (
            "/greedy/0/steps",
            json!([]),
            "greedy[0].steps: has 0 rows, expected 2",
        ),
        ("/greedy_steps", json!(1), "greedy[0].*_ids: have"),
    ];
    all_noticed(&desk, &receipt, &edits);
    let mut chosen = receipt.clone();
    for side in ["candidate_ids", "reference_ids"] {
        chosen["greedy"][0][side] = json!([7, 7]);
    }
    desk.verify(&sealed(&chosen))
        .exits(65)
        .says(&["chose [7, 7], its rows choose"]);
}

#[test]
fn a_setting_that_is_not_the_profiles_is_noticed() {
    let desk = nearly_equal();
    let receipt = desk.stored(&F32);
    let twin = receipt["model"].clone();
    let edits = [
        ("/twin", json!(null), "twin: is there in `f32`"),
        (
            "/engines/candidate/settings",
            json!(null),
            "engines.candidate: does not say all",
        ),
        (
            "/engines/candidate/kernels",
            json!(null),
            "engines.candidate: does not say all",
        ),
        (
            "/engines/candidate/settings/arithmetic",
            json!("exact"),
            "which `f32` does not",
        ),
        (
            "/engines/reference/settings/arithmetic",
            json!("fast"),
            "which `f32` does not",
        ),
        (
            "/engines/reference/settings/kv",
            json!("f16"),
            "settings.kv: is f32 and f16",
        ),
        (
            "/engines/reference/settings/flash_attention",
            json!(true),
            "is on",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
    let exact = desk.stored(&["--prompt", "Hi"]);
    all_noticed(&desk, &exact, &[("/twin", twin, "twin: is there in `f32`")]);
}

#[test]
fn rows_of_one_number_stay_what_they_are() {
    let desk = Desk::new().perturb("candidate", "--fill 1 0");
    let desk = desk.perturb("reference", "--fill 1 0");
    let receipt = desk.stored(&["--prompt", "Hi"]);
    let edits = [
        (
            "/positions/1/row/candidate_constant",
            json!(null),
            "verdict: is",
        ),
        (
            "/positions/1/row/reference_constant",
            json!(null),
            "nmse is missing just where",
        ),
        (
            "/positions/1/row/candidate_constant",
            json!(2),
            "mean shift is not that of the two",
        ),
    ];
    all_noticed(&desk, &receipt, &edits);
}

/// Where softmax sees nothing of a shift there is no KL, however large the shift is.
#[test]
fn adopted_tokens_are_the_references() {
    let desk = Desk::new().habit("candidate", &["no-model-bos"]);
    let receipt = desk.stored(&["--prompt", "Hi", "--tokens-from", "reference"]);
    let edits = [
        ("/cpp_tokens", json!([72, 105]), "first_diff_idx: is"),
        (
            "/cpp_tokens/2",
            json!(6),
            "tokens: are not the first of the reference's",
        ),
        ("/tokens_from", json!("agreed"), "rust_tokens, cpp_tokens"),
        ("/tokens_from", json!(null), "tokens_from: is there"),
    ];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn one_engine_under_one_name_says_so() {
    let desk = Desk::new();
    let words = "--engines engines.toml per-token --model model.gguf --candidate reference \
                 --reference reference --prompt Hi --format json";
    let run = desk.lockstep(&words.split_whitespace().collect::<Vec<_>>());
    let receipt = run.object("receipt");
    let reason = receipt["reason"].as_str().expect("a reason");
    let (without, _) = reason
        .split_once("; candidate and reference")
        .expect("it says so");
    let edits = [("/reason", json!(without), "reason: is")];
    all_noticed(&desk, &receipt, &edits);
}

#[test]
fn a_verdict_without_rows_must_fit_its_tokens_and_its_code() {
    let desk = Desk::new().habit("candidate", &["no-model-bos"]);
    let receipt = desk.stored(&["--prompt", "Hi"]);
    desk.verify(&sealed(&receipt)).exits(0);
    for (place, value, told) in [
        ("/first_diff_idx", json!(1), "first_diff_idx: is"),
        ("/rust_tokens", json!(null), "rust_tokens, cpp_tokens"),
        ("/suggestions", json!(null), "rust_tokens, cpp_tokens"),
        ("/tokens", json!([1]), "tokens_from: is there"),
        ("/verdict", json!("BIT-EXACT"), "verdict: is BIT-EXACT"),
        ("/verdict", json!("REFUSED"), "verdict: is REFUSED with 2"),
        ("/reason", json!("all well"), "reason: expected"),
        ("/exit/code", json!(0), "verdict: is TOKEN-MISMATCH with 0"),
        (
            "/exit/name",
            json!("parity"),
            "exit: 2 is not the number of parity",
        ),
        ("/status", json!("ok"), "status: is not"),
        ("/error", json!(null), "error: expected"),
        ("/threshold", json!(0.3), "threshold: is not"),
        ("/max_absolute_diff", json!(0), "positions: are there"),
    ] {
        let mut edited = receipt.clone();
        *edited.pointer_mut(place).expect("a place") = value;
        desk.verify(&sealed(&edited)).exits(65).says(&[told]);
    }
}
