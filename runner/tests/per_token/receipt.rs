//! The receipt on standard output. That its schema accepts it, and that it tells the process's
//! exit code, is checked for every receipt of these tests; here are the documents' names.

use serde_json::{Value, json};

use crate::desk::{Desk, Run, word};
use crate::model;

#[test]
fn a_pass_has_the_documents_names() {
    let arguments = ["--prompt", "Hi", "--profile", "f32"];
    let (_, receipt) = Desk::new().json(&arguments);
    assert_eq!(receipt["schema"], "lockstep/receipt/v6");
    assert_eq!(receipt["status"], "ok");
    assert_eq!(receipt["first_divergence_token"], Value::Null);
    assert_eq!(receipt["per_token_cosine_sim"], json!([1.0, 1.0, 1.0]));
    assert_eq!(receipt["per_token_l2_dist"], json!([0.0, 0.0, 0.0]));
    assert_eq!(receipt["max_absolute_diff"], json!(0.0));
    assert_eq!(receipt["threshold"], json!(0.999));
    for name in [
        "error",
        "rust_tokens",
        "cpp_tokens",
        "first_diff_idx",
        "suggestions",
    ] {
        assert_eq!(receipt[name], Value::Null, "{name}");
    }
}

#[test]
fn a_divergence_has_the_documents_names() {
    let desk = Desk::new().perturb("candidate", "--add 1 4 0.5");
    let (_, receipt) = desk.json(&["--prompt", "Hi"]);
    assert_eq!(receipt["status"], "diverged");
    assert_eq!(receipt["first_divergence_token"], 1);
    let near = |value: &Value, expected: f64| {
        let value = value.as_f64().expect("a number");
        assert!((value - expected).abs() < 1e-6, "{value} is not {expected}");
    };
    near(&receipt["max_absolute_diff"], 0.5);
    near(&receipt["per_token_l2_dist"][0], 0.0);
    near(&receipt["per_token_l2_dist"][1], 0.5);
    let cosine = receipt["per_token_cosine_sim"][1]
        .as_f64()
        .expect("a number");
    assert!(cosine < 1.0 && cosine > 0.99, "{cosine}");
    assert_eq!(receipt["threshold"], Value::Null, "exact compares bits");
}

#[test]
fn a_mismatch_has_the_documents_names() {
    let desk = Desk::new().habit("candidate", &["no-model-bos"]);
    let (_, receipt) = desk.json(&["--prompt", "Hi"]);
    assert_eq!(receipt["status"], "token_mismatch");
    assert_eq!(receipt["error"], "Token Sequence Mismatch");
    assert_eq!(receipt["rust_tokens"], json!([72, 105]));
    assert_eq!(receipt["cpp_tokens"], json!([256, 72, 105]));
    assert_eq!(receipt["first_diff_idx"], 0);
    assert!(word(&receipt["suggestions"][0]).contains("lack the BOS token"));
    assert_eq!(receipt["tokens"], Value::Null, "nothing was agreed on");
    for name in ["positions", "per_token_cosine_sim", "per_token_l2_dist"] {
        assert_eq!(receipt[name], json!([]), "{name}");
    }
    for name in ["greedy", "max_absolute_diff", "first_divergence_token"] {
        assert_eq!(receipt[name], Value::Null, "{name}");
    }
}

/// A receipt is the same wherever its model lies; the message for people has the path.
#[test]
fn a_mismatch_tells_the_path_to_people_alone() {
    let desk = Desk::new().habit("candidate", &["no-model-bos"]);
    let path = desk.path("model.gguf").display().to_string();
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["per-token", "--model", &path, "--prompt", "Hi"]);
    command.args(["--candidate", "candidate", "--reference", "reference"]);
    let run = Run::of(command.args(["--out", "result"]));
    run.exits(2)
        .complains(&[&format!("with: lockstep inspect {path}\n")]);
    let stored = std::fs::read_to_string(desk.path("result/receipt.json")).expect("stored");
    assert!(
        stored.contains("with: lockstep inspect model.gguf\""),
        "{stored}"
    );
    assert!(!stored.contains(&path), "{stored}");
}

/// Of an engine: how many were named, and how many there were.
fn threads(receipt: &Value, engine: &str) -> [Value; 2] {
    let settings = &receipt["engines"][engine]["settings"];
    let environment = &receipt["environment"][engine];
    [settings, environment].map(|it| it["threads"].clone())
}

#[test]
fn threads_that_nobody_named_are_of_the_environment() {
    let (_, receipt) = Desk::new().json(&["--prompt", "Hi", "--reference-threads", "1"]);
    // As many as the stand-in takes by itself.
    assert_eq!(threads(&receipt, "candidate"), [Value::Null, json!(2)]);
    assert_eq!(threads(&receipt, "reference"), [json!(1), json!(1)]);
}

#[test]
fn it_says_who_ran_and_on_what() {
    let flags = [
        "--prompt",
        "Hi",
        "--threads",
        "3",
        "--reference-threads",
        "2",
    ];
    let more = ["--micro-batch", "7", "--kv", "f32"];
    let (_, receipt) = Desk::new().json(&[&flags[..], &more].concat());
    let settings = |engine: &str| receipt["engines"][engine]["settings"].clone();
    assert_eq!(threads(&receipt, "candidate"), [json!(3), json!(3)]);
    assert_eq!(threads(&receipt, "reference"), [json!(2), json!(2)]);
    for engine in ["candidate", "reference"] {
        assert_eq!(receipt["engines"][engine]["name"], engine);
        assert_eq!(settings(engine)["micro_batch"], 7);
        assert_eq!(settings(engine)["kv"], "f32");
        assert_eq!(settings(engine)["arithmetic"], "exact");
        let binary = word(&receipt["environment"][engine]["binary_sha256"]);
        assert_eq!(binary.len(), "sha256:".len() + 64, "{binary}");
    }
    assert_eq!(receipt["model"]["label"], "model.gguf");
    assert_eq!(receipt["prompt"]["text"], "Hi");
}

#[test]
fn the_candidate_alone_can_be_given_other_settings() {
    let flags = ["--prompt", "Hi", "--micro-batch", "7"];
    let more = [
        "--candidate-micro-batch",
        "3",
        "--candidate-flash-attention",
        "on",
    ];
    let (_, receipt) = Desk::new().json(&[&flags[..], &more].concat());
    let settings = |engine: &str| {
        let settings = &receipt["engines"][engine]["settings"];
        (&settings["micro_batch"], &settings["flash_attention"])
    };
    assert_eq!(settings("candidate"), (&3.into(), &true.into()));
    assert_eq!(settings("reference"), (&7.into(), &false.into()));
}

/// The reference evaluates the decoded twin of the model that is named for it; which one it was is
/// told. The candidate need not be able to write one.
#[test]
fn f32_says_which_twin_was_evaluated() {
    let desk = Desk::new();
    model::write(&desk.path("other.gguf"), true, Some("smollm"));
    let twin = |arguments: &[&str]| {
        let f32 = ["--prompt", "Hi", "--profile", "f32"];
        let (text, receipt) = desk.both(&[&f32[..], arguments].concat());
        text.exits(0);
        let evaluated = desk.flags("reference", "evaluate");
        let model = evaluated.iter().position(|flag| flag == "--model");
        let model = evaluated[model.expect("a model") + 1].clone();
        // The table engine's twins are copies.
        let named = word(&receipt["twin"]["label"]).to_owned();
        assert!(model.ends_with(&named), "{model}");
        (word(&receipt["twin"]["sha256"]).to_owned(), receipt)
    };
    let (own, receipt) = twin(&[]);
    assert_eq!(own, receipt["model"]["sha256"]);
    let (others, receipt) = twin(&["--reference-model", "other.gguf"]);
    assert_eq!(others, receipt["reference_model"]["sha256"]);
    assert_ne!(own, others);
    let starts = desk.starts();
    let made = starts.iter().filter(|start| start.ends_with("f32-twin"));
    assert_eq!(made.collect::<Vec<_>>(), ["rust-engine f32-twin"; 2]);
    let (_, receipt) = desk.json(&["--prompt", "Hi"]);
    assert_eq!(receipt["twin"], Value::Null, "exact needs none");

    // A twin that was damaged in the cache is made again.
    let cached = desk
        .path("cache/lockstep/twins")
        .join(format!("{}-v1.gguf", own.trim_start_matches("sha256:")));
    std::fs::write(&cached, "damaged").expect("it is there");
    assert_eq!(twin(&[]).0, own);
    assert!(
        desk.starts()
            .iter()
            .filter(|start| start.ends_with("f32-twin"))
            .count()
            == 3
    );
}
