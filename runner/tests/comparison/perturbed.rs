//! A perturbed engine is found out, at the right position, in both formats.

use serde_json::Value;

use crate::desk::{Desk, Seen, run};

/// Both formats say that position `first` diverged first.
fn assert_diverged(seen: &[Seen; 2], first: Option<u64>) {
    let [text, json] = seen;
    for seen in seen {
        assert_eq!(seen.code, Some(1), "{seen:?}");
    }
    let receipt = json.receipt();
    assert_eq!(receipt["verdict"], "DIVERGED");
    assert_eq!(receipt["status"], "diverged");
    assert_eq!(receipt["exit"]["code"], 1);
    assert_eq!(receipt["first_divergence_token"].as_u64(), first);
    assert!(text.stdout.contains("\nDIVERGED: "), "{text:?}");
    if let Some(first) = first {
        assert!(
            text.stdout
                .contains(&format!("first divergence at token {first}\n")),
            "{text:?}"
        );
        assert!(
            text.stdout
                .contains(&format!("DIVERGED: position {first}: ")),
            "{text:?}"
        );
    }
}

#[test]
fn a_perturbed_logit_is_found_in_exact() {
    for position in [0, 3, 5] {
        let desk = Desk::perturbed(&["add", &position.to_string(), "17", "1e-3"]);
        assert_diverged(&desk.compare_both(&["--prompt", "Hello"]), Some(position));
    }
}

#[test]
fn perturbed_rows_that_are_swapped_are_found() {
    let desk = Desk::perturbed(&["swap", "2", "4"]);
    let seen = desk.compare_both(&["--prompt", "Hello"]);
    assert_diverged(&seen, Some(2));
    let receipt = seen[1].receipt();
    let verdicts: Vec<_> = receipt["positions"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|position| position["row"]["verdict"].as_str().expect("a word"))
        .collect();
    let (same, other) = ("BIT-EXACT", "DIVERGED");
    assert_eq!(verdicts, [same, same, other, same, other, same]);
}

#[test]
fn a_perturbed_logit_that_is_not_a_number_is_found_in_every_profile() {
    let desk = Desk::perturbed(&["nan", "3", "9"]);
    for profile in ["exact", "production"] {
        let seen = desk.compare_both(&["--prompt", "Hello", "--profile", profile]);
        assert_diverged(&seen, Some(3));
        let metrics = &seen[1].receipt()["positions"][3]["row"]["metrics"];
        assert_eq!(*metrics, Value::Null);
    }
}

#[test]
fn a_perturbed_reference_that_is_not_a_number_is_bad_output() {
    let desk = Desk::perturbed(&["nan", "3", "9"]);
    let words = "per-token --model model.gguf --prompt Hello --candidate left --reference right \
                 --format json";
    let words: Vec<_> = words.split_whitespace().collect();
    let seen = run(desk.lockstep(&words));
    assert_eq!(seen.code, Some(65), "{seen:?}");
    assert_eq!(seen.receipt()["verdict"], "ENGINE-FAILED");
}

#[test]
fn a_perturbing_constant_shift_differs_in_exact_and_is_reported_apart_elsewhere() {
    let desk = Desk::perturbed(&["shift", "0.5"]);
    assert_diverged(&desk.compare_both(&["--prompt", "Hello"]), Some(0));
    let seen = desk.compare(&[
        "--prompt",
        "Hello",
        "--profile",
        "production",
        "--max-abs-tol",
        "1e-3",
        "--format",
        "json",
    ]);
    assert_eq!(seen.code, Some(4), "no floor, but not diverged: {seen:?}");
    let metrics = &seen.receipt()["positions"][2]["row"]["metrics"];
    assert!((metrics["mean_shift"].as_f64().expect("a number") - 0.5).abs() < 1e-3);
    assert!(
        metrics["shift_removed"]["max_abs"]
            .as_f64()
            .expect("a number")
            < 1e-3
    );
}

#[test]
fn a_perturbed_greedy_step_ends_the_comparison_of_steps() {
    let desk = Desk::perturbed(&["choose", "1", "7"]);
    let seen = desk.compare_both(&["--prompt", "Hello", "--max-tokens", "4"]);
    assert_diverged(&seen, None);
    let receipt = seen[1].receipt();
    assert_eq!(receipt["greedy"]["first_difference"], 1);
    assert_eq!(
        receipt["greedy"]["steps"].as_array().expect("rows").len(),
        2
    );
    assert!(
        seen[0]
            .stdout
            .contains("greedy: step 1 chooses 7 on the Rust side"),
        "{:?}",
        seen[0]
    );
}

/// None of the limits is display-only: each decides by itself, in both directions.
#[test]
fn a_limit_decides_about_a_perturbed_logit() {
    let desk = Desk::perturbed(&["add", "2", "17", "0.25"]);
    for (flag, broken, kept) in [
        ("--cos-tol", "0.99999999", "0.9"),
        ("--cos-similarity-threshold", "0.99999999", "0.9"),
        ("--mse-tol", "1e-9", "1"),
        ("--nmse-tol", "1e-9", "1"),
        ("--max-abs-tol", "0.1", "1"),
        ("--kl-tol", "1e-12", "1"),
    ] {
        let words = ["--prompt", "Hello", "--profile", "production"];
        let seen = desk.compare_both(&[&words[..], &[flag, broken]].concat());
        assert_diverged(&seen, Some(2));
        let limit = &seen[1].receipt()["limits"][0];
        assert_eq!(limit["source"], "flag", "{flag}");
        let seen = desk.compare(&[&words[..], &[flag, kept]].concat());
        assert_eq!(seen.code, Some(4), "{flag} {kept}: {seen:?}");
    }
}
