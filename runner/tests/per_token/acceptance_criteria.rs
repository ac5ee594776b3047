//! The gate's fifteen acceptance criteria, one test each.

use serde_json::json;

use crate::desk::{Desk, word};
use crate::model;

/// Tokens that differ at the very end.
fn mismatch() -> Desk {
    Desk::new().habit("reference", &["added-end"])
}

#[test]
fn ac01_a_mismatch_is_found_before_anything_is_evaluated() {
    let desk = mismatch();
    desk.both(&["--prompt", "Hi"]).0.exits(2);
    let starts = desk.starts();
    let evaluates = |start: &&String| start.ends_with("evaluate");
    assert_eq!(starts.iter().find(evaluates), None, "{starts:?}");
    assert!(starts.contains(&"reference tokenize".to_owned()));
}

#[test]
fn ac02_both_token_sequences_are_shown() {
    let (text, receipt) = mismatch().both(&["--prompt", "Hi"]);
    text.complains(&[
        "\nRust tokens:\n  [256, 72, 105]\n",
        "\nC++ tokens:\n  [256, 72, 105, 257]\n",
        "  >     3      257  \"<|end_of_text|>\"",
    ]);
    assert_eq!(receipt["rust_tokens"], json!([256, 72, 105]));
    assert_eq!(receipt["cpp_tokens"], json!([256, 72, 105, 257]));

    let long = mismatch().text(&["--prompt", &"x".repeat(100)]);
    long.complains(&[
        "Rust tokens: (first 64 of 101)",
        "C++ tokens: (first 64 of 102)",
    ]);
}

#[test]
fn ac03_the_first_difference_is_told_by_its_index() {
    let at = |habit: &str, arguments: &[&str], index: usize| {
        let (text, receipt) = Desk::new().habit("candidate", &[habit]).both(arguments);
        text.exits(2);
        text.complains(&[&format!("\nFirst diff at index: {index}\n")]);
        assert_eq!(receipt["first_diff_idx"], index);
    };
    at("no-model-bos", &["--prompt", "Hi"], 0);
    at("doubled-bos", &["--prompt", "Hi"], 1);
    // Lengths that differ: the shorter one's end.
    at("added-end", &["--prompt", "Hi"], 3);
    // In the middle: a control token against its text, behind BOS and "User: Hi".
    let chat = ["--prompt", "Hi", "--prompt-template", "bitnet-chat"];
    at("special-as-text", &chat, 9);
}

#[test]
fn ac04_a_mismatch_exits_2() {
    let (text, receipt) = mismatch().both(&["--prompt", "Hi"]);
    text.exits(2);
    assert_eq!(receipt["exit"], json!({"code": 2, "name": "tokens-differ"}));
    assert_eq!(receipt["verdict"], "TOKEN-MISMATCH");
}

#[test]
fn ac05_the_raw_template_is_suggested() {
    let (text, receipt) = mismatch().both(&["--prompt", "Hi"]);
    text.complains(&["\nSuggested fixes:\n", "  - Use --prompt-template raw"]);
    let suggestions = receipt["suggestions"].as_array().expect("a list");
    let raw = |text: &&serde_json::Value| word(text).starts_with("Use --prompt-template raw");
    assert!(suggestions.iter().any(|text| raw(&text)), "{suggestions:?}");
}

#[test]
fn ac06_no_bos_is_suggested_where_bos_is_doubled() {
    for (engine, side) in [("candidate", "Rust"), ("reference", "C++")] {
        let desk = Desk::new().habit(engine, &["doubled-bos"]);
        let (text, receipt) = desk.both(&["--prompt", "Hi"]);
        text.exits(2);
        let first = word(&receipt["suggestions"][0]);
        assert!(first.contains("duplicate BOS"), "{first}");
        assert!(
            first.contains(side) && first.contains("--no-bos"),
            "{first}"
        );
        text.complains(&[first]);
        // And it helps.
        desk.text(&["--prompt", "Hi", "--no-bos"]).exits(0);
    }
    let (text, _) = mismatch().both(&["--prompt", "Hi"]);
    assert!(!text.stderr.contains("duplicate BOS"), "{text:?}");
}

#[test]
fn ac07_the_chat_template_in_the_file_is_pointed_at() {
    let desk = mismatch();
    let hint = "Check GGUF chat_template metadata with: lockstep inspect model.gguf";
    desk.text(&["--prompt", "Hi"]).complains(&[hint]);
    // The command that it names is there.
    let mut inspect = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    let inspected = crate::desk::Run::of(inspect.args(["inspect", "model.gguf"]));
    inspected.exits(0).says(&["tokenizer.ggml.add_bos_token"]);
}

#[test]
fn ac07_a_file_without_pre_is_the_first_suggestion() {
    let desk = mismatch();
    model::write(&desk.path("model.gguf"), true, None);
    let (text, receipt) = desk.both(&["--prompt", "Hi"]);
    text.exits(2);
    let first = word(&receipt["suggestions"][0]);
    assert!(first.contains("no tokenizer.ggml.pre"), "{first}");
}

/// That it runs is tested in `rerun`.
#[test]
fn ac08_an_example_command_is_given() {
    let prompt = "What is 2+2?";
    let text = mismatch().text(&["--prompt", prompt, "--prompt-template", "instruct"]);
    text.complains(&[
        "\nExample command with raw template:\n  lockstep per-token --model model.gguf ",
        " '--prompt=What is 2+2?' --prompt-template raw\n",
    ]);
}

#[test]
fn ac09_equal_tokens_are_passed_over_in_silence() {
    let desk = Desk::new();
    assert_eq!(desk.text(&["--prompt", "Hi"]).exits(0).stderr, "");
    assert_eq!(desk.json(&["--prompt", "Hi"]).0.exits(0).stderr, "");
    let (text, receipt) = desk.both(&["--prompt", "Hi"]);
    assert!(!text.stdout.to_lowercase().contains("tokens match"));
    assert_eq!(receipt["error"], serde_json::Value::Null);
}

/// What the check itself costs is shown by the benchmark `gate` (less than a millisecond for 1000
/// tokens), and that it allocates nothing by the test program `gate_allocations`. Here: a prompt
/// of nearly 1000 tokens passes the gate as a short one does.
#[test]
fn ac10_a_thousand_tokens_pass_the_gate() {
    let desk = Desk::new();
    let prompt = "x".repeat(999);
    let arguments = ["--prompt", &prompt, "--max-tokens", "0", "--quiet"];
    assert_eq!(desk.text(&arguments).exits(0).stderr, "");
    let asked = desk.requests("candidate", "evaluate");
    assert_eq!(asked[0]["tokens"].as_array().map(Vec::len), Some(1000));
}

#[test]
fn ac11_equal_tokens_are_compared_at_once() {
    let (text, receipt) = Desk::new().both(&["--prompt", "Hi", "--max-tokens", "2"]);
    text.exits(0);
    text.says(&["t=0 cosine=", "t=1 cosine=", "t=2 cosine=", "BIT-EXACT:"]);
    assert_eq!(receipt["positions"].as_array().map(Vec::len), Some(3));
    assert_eq!(receipt["tokens"], json!([256, 72, 105]));
}

#[test]
fn ac12_templates_are_chosen_by_a_flag() {
    for template in ["raw", "instruct", "llama3-chat", "bitnet-chat"] {
        let desk = Desk::new();
        let (_, receipt) = desk.json(&["--prompt", "Hi", "--prompt-template", template]);
        assert_eq!(receipt["prompt"]["template"], template);
    }
    let (_, receipt) = Desk::new().json(&["--prompt", "Hi"]);
    assert_eq!(receipt["prompt"]["template"], "raw", "the default");
}

#[test]
fn ac13_templates_are_applied_before_both_tokenize() {
    let desk = Desk::new();
    desk.text(&["--prompt", "Hi", "--prompt-template", "instruct"]);
    for engine in ["candidate", "reference"] {
        let asked = desk.requests(engine, "tokenize");
        assert_eq!(asked[0]["text"], "Q: Hi\nA:");
    }
}

#[test]
fn ac14_the_template_decides_on_bos_unless_a_flag_does() {
    let bos = |arguments: &[&str]| {
        let desk = Desk::new();
        desk.text(&[&["--prompt", "Hi"], arguments].concat());
        let asked = ["candidate", "reference"].map(|engine| desk.requests(engine, "tokenize"));
        assert_eq!(asked[0], asked[1], "both are asked the same");
        word(&asked[0][0]["bos"]).to_owned()
    };
    assert_eq!(bos(&["--prompt-template", "raw"]), "model");
    assert_eq!(bos(&["--prompt-template", "instruct"]), "model");
    assert_eq!(bos(&["--prompt-template", "bitnet-chat"]), "model");
    assert_eq!(bos(&["--prompt-template", "llama3-chat"]), "no");
    assert_eq!(
        bos(&["--prompt-template", "llama3-chat", "--add-bos"]),
        "yes"
    );
    assert_eq!(bos(&["--no-bos"]), "no");
}

#[test]
fn ac15_special_tokens_are_parsed_where_the_template_has_them() {
    for (template, parsed) in [
        ("raw", false),
        ("instruct", false),
        ("llama3-chat", true),
        ("bitnet-chat", true),
    ] {
        let desk = Desk::new();
        let prompt = ["--prompt", "<|eot_id|>", "--prompt-template", template];
        let (_, receipt) = desk.json(&prompt);
        for engine in ["candidate", "reference"] {
            assert_eq!(
                desk.requests(engine, "tokenize")[0]["parse_special"],
                parsed
            );
        }
        let tokens = receipt["tokens"].as_array().expect("a list");
        assert_eq!(
            tokens.contains(&json!(260)),
            parsed,
            "{template}: {tokens:?}"
        );
    }
}
