//! Flags that make no sense, inputs that are none, and the exit code of each.

use std::fs;

use crate::desk::{Desk, run};

fn assert_usage(words: &[&str], reason: &str) {
    let desk = Desk::new();
    for seen in desk.compare_both(words) {
        assert_eq!(seen.code, Some(64), "{words:?}: {seen:?}");
        assert!(
            seen.stderr.contains(reason),
            "{reason:?} is not in {seen:?}"
        );
        assert_eq!(seen.stdout, "");
    }
    assert!(
        desk.log("left").is_empty(),
        "no engine is started for a wrong call"
    );
}

#[test]
fn wrong_calls_are_usage_errors_that_say_why() {
    let prompt = ["--prompt", "Hi"];
    let with = |more: &[&'static str]| [&prompt[..], more].concat();
    assert_usage(&[], "--prompt");
    assert_usage(
        &with(&["--prompt-template", "chatml"]),
        "known: raw, instruct, llama3-chat, bitnet-chat",
    );
    assert_usage(&with(&["--device", "gpu"]), "only cpu is there");
    assert_usage(&with(&["--seed", "42"]), "nothing is sampled");
    assert_usage(&with(&["--add-bos", "--no-bos"]), "--no-bos");
    assert_usage(&with(&["--cos-tol", "0.9"]), "in profile exact");
    assert_usage(&with(&["--max-abs-tol", "1"]), "in profile exact");
    assert_usage(&with(&["--limits", "limits.json"]), "in profile exact");
    assert_usage(&with(&["--profile", "f32", "--kv", "f16"]), "--kv f16");
    assert_usage(
        &with(&["--profile", "production", "--cos-tol", "nan"]),
        "finite",
    );
    assert_usage(&with(&["--system-prompt", "S"]), "no place for it");
    assert_usage(&with(&["--keep-logits"]), "--out");
    assert_usage(&with(&["--max-positions", "0"]), "--max-positions");
    assert_usage(&with(&["--prompt-file", "x"]), "--prompt-file");
    assert_usage(&with(&["--surprise"]), "--surprise");
}

#[test]
fn bad_inputs_are_named() {
    let desk = Desk::new();
    fs::write(desk.path("text.gguf"), "no model").expect("writable");
    fs::write(
        desk.path("limits.json"),
        "{\"schema\":\"lockstep/limits/v9\"}",
    )
    .expect("writable");
    for (words, reason) in [
        (
            &["--reference-model", "text.gguf"][..],
            "text.gguf: no GGUF file",
        ),
        (&["--reference-model", "absent.gguf"], "absent.gguf"),
        (
            &["--profile", "f32", "--limits", "limits.json"],
            "lockstep/limits/v9",
        ),
        (
            &["--profile", "f32", "--limits", "absent.json"],
            "absent.json",
        ),
    ] {
        let seen = desk.compare(&[&["--prompt", "Hi"], words].concat());
        assert_eq!(seen.code, Some(65), "{seen:?}");
        assert!(
            seen.stderr.contains(reason),
            "{reason:?} is not in {seen:?}"
        );
    }
    let seen = run(desk.lockstep(&[
        "per-token",
        "--model",
        "model.gguf",
        "--prompt-file",
        "absent.txt",
    ]));
    assert_eq!(seen.code, Some(65), "{seen:?}");
}

#[test]
fn engines_that_are_not_there_are_unavailable_or_unknown() {
    let desk = Desk::new();
    let seen = desk.compare(&["--prompt", "Hi", "--limits", "x", "--profile", "f32"]);
    assert_eq!(seen.code, Some(65), "{seen:?}");
    let engine = |name: &str| {
        run(desk.lockstep(&[
            "per-token",
            "--model",
            "model.gguf",
            "--prompt",
            "Hi",
            "--candidate",
            "right",
            "--reference",
            name,
        ]))
    };
    let seen = engine("bitnet");
    assert_eq!(seen.code, Some(69), "{seen:?}");
    let seen = engine("nobody");
    assert_eq!(seen.code, Some(64), "{seen:?}");
    assert!(
        seen.stderr.contains("rust-engine"),
        "the known ones are listed: {seen:?}"
    );
    desk.configure(&[
        ("left", vec!["./absent".to_owned()]),
        ("right", desk.stand_in("right", &[])),
    ]);
    for seen in desk.compare_both(&["--prompt", "Hi"]) {
        assert_eq!(seen.code, Some(69), "{seen:?}");
    }
}

#[test]
fn a_hanging_engine_is_retryable_in_both_formats() {
    let desk = Desk::new();
    let hanging = desk.stand_in("right", &["--fault", "hang"]);
    desk.configure(&[("left", desk.stand_in("left", &[])), ("right", hanging)]);
    let [text, json] = desk.compare_both(&["--prompt", "Hi", "--timeout", "1"]);
    assert_eq!((text.code, json.code), (Some(75), Some(75)), "{text:?}");
    assert!(text.stdout.contains("ENGINE-FAILED: right: "), "{text:?}");
    let receipt = json.receipt();
    assert_eq!(
        receipt["exit"],
        serde_json::json!({"code": 75, "name": "retryable"})
    );
    assert!(
        receipt["error"]
            .as_str()
            .is_some_and(|error| error.contains("1 s")),
        "{receipt}"
    );
}

/// An empty set is never a pass.
#[test]
fn a_prompt_without_tokens_is_inconclusive() {
    let desk = Desk::new();
    for seen in desk.compare_both(&["--prompt", "", "--no-bos"]) {
        assert_eq!(seen.code, Some(4), "{seen:?}");
        assert!(seen.stdout.contains("INCONCLUSIVE"), "{seen:?}");
    }
}

#[test]
fn a_prompt_that_does_not_fit_the_context_is_refused_with_the_numbers() {
    let long = "x".repeat(5000);
    let [text, json] = Desk::new().compare_both(&["--prompt", &long]);
    assert_eq!((text.code, json.code), (Some(69), Some(69)));
    assert!(
        text.stdout
            .contains("5001 tokens and 4 greedy steps need a context of 5004"),
        "{text:?}"
    );
    let seen = Desk::new().compare(&[
        "--prompt",
        &long,
        "--max-positions",
        "7",
        "--format",
        "json",
    ]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let receipt = seen.receipt();
    assert_eq!(receipt["positions"].as_array().map(Vec::len), Some(7));
    assert_eq!(receipt["prompt_tokens"], 5001);
}
