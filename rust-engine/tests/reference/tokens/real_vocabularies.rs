//! Real vocabularies against llama.cpp: five thousand texts and more for each, no difference.

use std::path::Path;

use super::{compare, hostile_text};
use crate::process::{RUST_ENGINE, demo_model, gemma3_model, run, tokenizer_json};

/// Hostile and random texts, with look-alikes of the vocabulary's own special tokens; what trips
/// splitters; and long lines.
fn texts(seed: u64, specials: &[&str]) -> Vec<Vec<u8>> {
    [
        hostile_text::strings(seed, 5_600, specials),
        hostile_text::splitter_traps(),
        hostile_text::long_lines(seed),
    ]
    .concat()
}

fn check(model: &str, texts: &[Vec<u8>]) {
    let (answers, (count, first)) = compare(model, texts);
    assert_eq!(count, 0, "{}", first.unwrap_or_default());
    // A text that both refuse is no difference, and proves nothing.
    let answered = answers.iter().filter(|answer| answer.get("ids").is_some());
    assert!(answered.count() >= 5_000);
}

/// A vocabulary file made of a fetched tokenizer.json.
fn converted(folder: &Path, name: &str, flags: &[&str]) -> String {
    let out = folder.join(format!("{name}.gguf")).display().to_string();
    let json = tokenizer_json(name);
    let words = [&["vocabulary", "--from", &json, &out], flags].concat();
    let output = run(RUST_ENGINE, &words, b"");
    assert!(output.status.success(), "{output:?}");
    out
}

#[test]
fn smollm2_has_no_other_tokens() {
    let specials = [
        "<|im_start|>",
        "<|im_end|>",
        "<|endoftext|>",
        "<repo_name>",
        "<empty_output>",
    ];
    check(&demo_model(), &texts(1, &specials));
}

#[test]
fn gemma3_has_no_other_tokens() {
    let specials = [
        "<start_of_turn>",
        "<end_of_turn>",
        "<bos>",
        "<unused17>",
        "<start_of_image>",
        "[multimodal]",
        "<table>",
        "\n\n\n",
        "▁▁▁",
    ];
    check(&gemma3_model(), &texts(5, &specials));
}

#[test]
fn llama3_has_no_other_tokens() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flags = [
        "--pre",
        "llama-bpe",
        "--bos",
        "<|begin_of_text|>",
        "--eos",
        "<|end_of_text|>",
    ];
    let specials = [
        "<|begin_of_text|>",
        "<|eot_id|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|reserved_special_token_17|>",
    ];
    check(
        &converted(folder.path(), "llama3", &flags),
        &texts(6, &specials),
    );
}

#[test]
fn qwen3_has_no_other_tokens() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flags = [
        "--pre",
        "qwen2",
        "--bos",
        "<|endoftext|>",
        "--eos",
        "<|im_end|>",
    ];
    let specials = [
        "<|im_start|>",
        "<|im_end|>",
        "<think>",
        "</think>",
        "<tool_call>",
        "<|vision_pad|>",
    ];
    check(
        &converted(folder.path(), "qwen3", &flags),
        &texts(7, &specials),
    );
}

/// Gemma 4 has BPE over text; Gemma 3's vocabulary is written in that way in its tokenizer.json.
#[test]
fn gemma4_has_no_other_tokens() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flags = ["--pre", "gemma4", "--bos", "<bos>", "--eos", "<eos>"];
    let specials = ["<start_of_turn>", "<end_of_turn>", "<bos>", "\n\n\n", "▁▁▁"];
    check(
        &converted(folder.path(), "gemma3", &flags),
        &texts(8, &specials),
    );
}

#[test]
fn refuses_a_json_whose_kind_of_bpe_is_not_the_pre_tokenizers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out.gguf").display().to_string();
    let refusal = |from: &str, pre: &str| {
        let words = ["vocabulary", "--from", from, "--pre", pre, &out];
        let output = run(RUST_ENGINE, &words, b"");
        assert_eq!(output.status.code(), Some(69), "{output:?}");
        assert!(!Path::new(&out).exists());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refusal(&tokenizer_json("gemma3"), "qwen2").contains("BPE is over text"));
    assert!(refusal(&tokenizer_json("qwen3"), "gemma4").contains("BPE is over bytes"));
    let json = folder.path().join("t.json");
    for (text, part) in [
        (
            r#"{"model": {"type": "Unigram", "vocab": []}}"#,
            "its model is Unigram",
        ),
        (
            r#"{"model": {"type": "BPE", "vocab": {}}}"#,
            "its model is BPE",
        ),
        (
            r#"{"model": {"vocab": {"a": 0, "b": 0}, "merges": []}}"#,
            "have one id",
        ),
        (
            r#"{"model": {"vocab": {"a": 99999999999}, "merges": []}}"#,
            "no sensible id",
        ),
        (
            r#"{"model": {"vocab": {"a": 0}, "merges": [["a", 1]]}}"#,
            "no pair",
        ),
        ("{", "no JSON"),
    ] {
        std::fs::write(&json, text).expect("writable");
        let message = refusal(&json.display().to_string(), "qwen2");
        assert!(message.contains(part), "{message}");
    }
}
