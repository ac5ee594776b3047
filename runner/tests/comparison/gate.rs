//! The message of a mismatch and the templates, by the numbers of their acceptance criteria.

use std::fs;

use gguf::Value;

use crate::desk::{Desk, run};

/// AC2, AC3, AC4, AC5, AC7, AC8
#[test]
fn ac02_to_ac08_a_mismatch_says_what_is_needed() {
    let desk = Desk::perturbed(&["tokens", "last"]);
    let seen = desk.compare(&["--prompt", "Hello"]);
    assert_eq!(seen.code, Some(2), "{seen:?}");
    for part in [
        "Token Sequence Mismatch\n",
        "\nRust tokens:\n  [256, 72, 101, 108, 108]\n",
        "\nC++ tokens:\n  [256, 72, 101, 108, 108, 111]\n",
        "  >     5      111  \"o\"\n",
        "\nFirst diff at index: 5\n",
        "\nSuggested fixes:\n",
        "Use --prompt-template raw",
        "Check GGUF chat_template metadata with: lockstep inspect model.gguf",
        "\nExample command with raw template:\n  lockstep per-token --model model.gguf",
    ] {
        assert!(seen.stderr.contains(part), "{part:?} is not in {seen:?}");
    }
    assert_eq!(
        seen.stdout,
        "TOKEN-MISMATCH: the tokens differ at index 5; nothing was evaluated\n"
    );
}

#[test]
fn a_mismatch_in_json_has_the_documents_names() {
    let desk = Desk::perturbed(&["tokens", "first"]);
    let seen = desk.compare(&["--prompt", "Hi", "--format", "json"]);
    assert_eq!(seen.code, Some(2), "{seen:?}");
    let receipt = seen.receipt();
    assert_eq!(receipt["status"], "token_mismatch");
    assert_eq!(receipt["error"], "Token Sequence Mismatch");
    assert_eq!(receipt["rust_tokens"], serde_json::json!([72, 105]));
    assert_eq!(receipt["cpp_tokens"], serde_json::json!([256, 72, 105]));
    assert_eq!(receipt["first_diff_idx"], 0);
    assert_eq!(
        receipt["exit"],
        serde_json::json!({"code": 2, "name": "tokens-differ"})
    );
    let first = receipt["suggestions"][0].as_str().expect("text");
    assert!(first.contains("lack the BOS token"), "{first}");
}

#[test]
fn a_file_without_pre_is_the_first_suggestion() {
    let desk = Desk::perturbed(&["tokens", "last"]);
    let entries = [("tokenizer.ggml.model", Value::String("gpt2".into()))];
    desk.write_model("model.gguf", &entries);
    let without = fs::read(desk.path("model.gguf")).expect("readable");
    // The key is renamed, so that it is absent under its own name.
    let text =
        String::from_utf8_lossy(&without).replace("tokenizer.ggml.pre", "tokenizer.ggml.prx");
    assert_eq!(text.len(), without.len(), "the header is ASCII");
    fs::write(desk.path("model.gguf"), text).expect("writable");
    let receipt = desk
        .compare(&["--prompt", "Hi", "--format", "json"])
        .receipt();
    let first = receipt["suggestions"][0].as_str().expect("text");
    assert!(first.contains("no tokenizer.ggml.pre"), "{first}");
}

/// AC8: the command can be pasted into a shell, whatever the prompt is.
#[test]
fn ac08_the_example_command_runs_in_a_shell() {
    for prompt in [
        "it's \"$HOME\" `x` \\ *",
        "two\nlines",
        "--help",
        "$(exit 7)",
        "größe 字",
    ] {
        let desk = Desk::perturbed(&["tokens", "last"]);
        let seen = desk.compare(&[
            &format!("--prompt={prompt}"),
            "--prompt-template",
            "instruct",
        ]);
        assert_eq!(seen.code, Some(2), "{seen:?}");
        let marker = "Example command with raw template:\n  ";
        let (_, command) = seen.stderr.split_once(marker).expect("the command");
        let mut shell = desk.lockstep(&[]);
        let program = shell.get_program().to_owned();
        let bin = std::path::Path::new(&program).parent().expect("a folder");
        let path = format!(
            "{}:{}",
            bin.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        shell = std::process::Command::new("sh");
        shell
            .args(["-c", &format!("{} --format json", command.trim_end())])
            .current_dir(desk.path(""))
            .env("PATH", path)
            .env("XDG_CACHE_HOME", desk.path("cache"));
        let again = run(shell);
        assert_eq!(again.code, Some(2), "{again:?}");
        let receipt = again.receipt();
        assert_eq!(receipt["prompt"]["text"], prompt);
        assert_eq!(receipt["prompt"]["template"], "raw");
    }
}

/// AC12, AC13, AC14, AC15: what the engines are asked follows the template.
#[test]
fn ac12_to_ac15_templates_reach_the_engines() {
    for (template, formatted, bos, parse_special) in [
        ("raw", "Hi", "model", false),
        ("instruct", "System: S\n\nQ: Hi\nA:", "model", false),
        (
            "llama3-chat",
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>\
             <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\n",
            "no",
            true,
        ),
        (
            "bitnet-chat",
            "System: S<|eot_id|>User: Hi<|eot_id|>Assistant: ",
            "model",
            true,
        ),
    ] {
        let desk = Desk::new();
        let mut words = vec![
            "--prompt",
            "Hi",
            "--prompt-template",
            template,
            "--format",
            "json",
        ];
        if template != "raw" {
            words.extend(["--system-prompt", "S"]);
        }
        let seen = desk.compare(&words);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        let receipt = seen.receipt();
        let prompt = &receipt["prompt"];
        assert_eq!(prompt["formatted"], formatted);
        assert_eq!(prompt["bos"], bos);
        assert_eq!(prompt["parse_special"], parse_special);
        // The stand-in's tokens are the bytes that it was sent, BOS before them unless told not to.
        let tokens = receipt["tokens"].as_array().expect("tokens").len();
        assert_eq!(tokens, formatted.len() + usize::from(bos != "no"));
    }
}

#[test]
fn the_users_word_on_bos_goes_before_the_templates() {
    let desk = Desk::new();
    for (flag, bos, template) in [
        ("--add-bos", "yes", "llama3-chat"),
        ("--no-bos", "no", "raw"),
    ] {
        let receipt = desk
            .compare(&[
                "--prompt",
                "Hi",
                "--prompt-template",
                template,
                flag,
                "--format",
                "json",
            ])
            .receipt();
        assert_eq!(receipt["prompt"]["bos"], bos);
    }
}

#[test]
fn ids_are_dumped_where_they_are_asked_for() {
    let desk = Desk::new();
    let seen = desk.compare(&["--prompt", "A", "--dump-ids", "--dump-cpp-ids"]);
    assert!(
        seen.stdout
            .starts_with("[Rust token IDs]: [256, 65]\n[C++ token IDs]: [256, 65]\n"),
        "{seen:?}"
    );
    let desk = Desk::perturbed(&["tokens", "first"]);
    let seen = desk.compare(&["--prompt", "A", "--dump-cpp-ids", "--quiet"]);
    assert!(
        seen.stdout
            .starts_with("[C++ token IDs]: [256, 65]\nTOKEN-MISMATCH"),
        "{seen:?}"
    );
}
