//! Perturbed engines are found out, at the right position.

use serde_json::{Value, json};

use crate::desk::{Desk, Run, word};

const PROMPT: [&str; 4] = ["--prompt", "perturb me", "--max-tokens", "4"];

/// A comparison whose candidate is spoilt.
fn compare(changes: &str, flags: &[&str]) -> (Run, Value) {
    let desk = Desk::new().perturb("candidate", changes);
    desk.both(&[&PROMPT[..], flags].concat())
}

fn diverged_positions(receipt: &Value) -> Vec<u64> {
    let positions = receipt["positions"].as_array().expect("a list");
    let diverged = positions
        .iter()
        .filter(|position| position["row"]["verdict"] == "DIVERGED");
    diverged
        .map(|position| position["position"].as_u64().expect("an index"))
        .collect()
}

#[track_caller]
fn diverges_at(found: &(Run, Value), position: u64) {
    let (text, receipt) = found;
    text.exits(1).says(&[
        &format!("first divergence at token {position}\n"),
        &format!("DIVERGED: position {position}: "),
    ]);
    assert_eq!(receipt["verdict"], "DIVERGED");
    assert_eq!(receipt["status"], "diverged");
    assert_eq!(receipt["first_divergence_token"], position);
}

#[test]
fn a_perturbed_logit_is_found_in_exact() {
    let found = compare("--add 5 17 0.001", &[]);
    diverges_at(&found, 5);
    let (text, receipt) = found;
    assert_eq!(diverged_positions(&receipt), [5]);
    assert_eq!(receipt["positions"][5]["row"]["differing"], 1);
    let line = text.stdout.lines().find(|line| line.starts_with("t=5 "));
    assert!(
        line.is_some_and(|line| line.contains("DIVERGED")),
        "{text:?}"
    );
}

#[test]
fn a_perturbed_reference_is_found_as_well() {
    let desk = Desk::new().perturb("reference", "--add 2 0 0.001");
    diverges_at(&desk.both(&PROMPT), 2);
}

/// 1e-3 on one of 261 logits is an NMSE of about 1e-10 and, after the mean shift, just within the
/// limit of 1e-3 for positions; the first logit's limit is half of that.
#[test]
fn a_perturbed_logit_is_judged_by_the_limits_in_f32() {
    let f32 = ["--profile", "f32"];
    let (text, receipt) = compare("--add 5 17 0.001", &f32);
    text.exits(0).says(&["MATCH:"]);
    assert_eq!(receipt["positions"][5]["row"]["verdict"], "MATCH");
    assert_eq!(receipt["positions"][4]["row"]["verdict"], "BIT-EXACT");
    assert_eq!(receipt["first_divergence_token"], Value::Null);

    let first = compare("--add 0 17 0.001", &f32);
    diverges_at(&first, 0);
    let broken = word(&first.1["positions"][0]["row"]["broken"][0]);
    assert!(
        broken.starts_with("max_abs is ") && broken.contains("5e-4"),
        "{broken}"
    );

    let tenth = compare("--add 5 17 0.1", &f32);
    diverges_at(&tenth, 5);
    let broken = tenth.1["positions"][5]["row"]["broken"].to_string();
    for metric in ["mse is", "max_abs is", "nmse is"] {
        assert!(broken.contains(metric), "{metric} is not in {broken}");
    }
}

#[test]
fn perturbed_rows_that_were_swapped_are_found() {
    for flags in [&[][..], &["--profile", "f32"]] {
        let found = compare("--swap-rows 3 7", flags);
        diverges_at(&found, 3);
        assert_eq!(diverged_positions(&found.1), [3, 7]);
    }
}

/// Softmax does not see it.
#[test]
fn a_perturbing_shift_diverges_in_exact_and_is_reported_elsewhere() {
    diverges_at(&compare("--shift 0.5", &[]), 0);

    let (text, receipt) = compare("--shift 0.5", &["--profile", "production"]);
    text.exits(4);
    assert_eq!(receipt["verdict"], "INCONCLUSIVE");
    assert_eq!(receipt["first_divergence_token"], Value::Null);
    for position in receipt["positions"].as_array().expect("a list") {
        assert_eq!(position["row"]["verdict"], "INCONCLUSIVE");
        let metrics = &position["row"]["metrics"];
        let shift = metrics["mean_shift"].as_f64().expect("a number");
        assert!((shift - 0.5).abs() < 1e-6, "{shift}");
        let rest = metrics["shift_removed"]["max_abs"].as_f64();
        assert!(rest.is_some_and(|rest| rest < 1e-5), "{rest:?}");
    }

    let (text, receipt) = compare("--shift 0.5", &["--profile", "f32"]);
    text.exits(0);
    assert_eq!(receipt["verdict"], "MATCH");
}

#[test]
fn a_perturbed_greedy_step_ends_the_greedy_comparison() {
    for flags in [&[][..], &["--profile", "f32"]] {
        let (text, receipt) = compare("--choose-second 1", flags);
        text.exits(1).says(&[
            "greedy: step 1 chooses ",
            "what follows has another prefix and is not compared",
            "DIVERGED: greedy step 1: ",
        ]);
        let greedy = &receipt["greedy"][0];
        assert_eq!(greedy["first_difference"], 1);
        assert_eq!(greedy["steps"].as_array().map(Vec::len), Some(2));
        assert_eq!(greedy["steps"][0]["verdict"], "BIT-EXACT");
        assert_eq!(greedy["steps"][1]["verdict"], "DIVERGED");
        assert_eq!(greedy["candidate_ids"].as_array().map(Vec::len), Some(4));
        assert_ne!(greedy["candidate_ids"][1], greedy["reference_ids"][1]);
        // All positions of the prompt are right.
        assert_eq!(receipt["first_divergence_token"], Value::Null);
    }
}

#[test]
fn a_perturbed_logit_that_is_not_finite_diverges() {
    for profile in ["exact", "f32", "production"] {
        let found = compare("--set-nan 4 200", &["--profile", profile]);
        diverges_at(&found, 4);
        let row = &found.1["positions"][4]["row"];
        assert_eq!(
            row["candidate_non_finite"],
            json!({"count": 1, "first_index": 200})
        );
        assert_eq!(row["metrics"], Value::Null);
        assert_eq!(found.1["per_token_cosine_sim"][4], Value::Null);
    }
}

#[test]
fn rows_of_another_length_diverge() {
    let desk = Desk::new().habit("candidate", &["narrow"]);
    let (text, receipt) = desk.both(&PROMPT);
    text.exits(1)
        .says(&["DIVERGED: the candidate's rows have 260 logits"]);
    assert_eq!(receipt["positions"], json!([]));
}
