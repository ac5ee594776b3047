//! `lockstep inspect`: what is in a model file, for people and for programs.

use std::fs;

use crate::desk::{Desk, Run};
use crate::model;

fn inspect(desk: &Desk, arguments: &[&str]) -> Run {
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    Run::of(command.arg("inspect").args(arguments))
}

#[test]
fn shows_what_a_comparison_needs_and_the_tensors() {
    let desk = Desk::new();
    inspect(&desk, &["model.gguf"]).exits(0).says(&[
        "GGUF version 3, 7 metadata entries, 1 tensors",
        "\ntokenizer.ggml.pre = \"default\"\n",
        "\ntokenizer.chat_template = (absent)\n",
        "\noutput_norm.weight ",
    ]);
    inspect(&desk, &["model.gguf", "--show-kv"])
        .exits(0)
        .says(&[
            "\ntokenizer.ggml.add_bos_token (bool) = true\n",
            "\ntokenizer.ggml.tokens (array) = 261 × string [\"<0>\", \"<1>\", ",
        ]);
}

#[test]
fn the_same_as_an_object() {
    let desk = Desk::new();
    let run = inspect(&desk, &["model.gguf", "--format", "json"]);
    let object = run.exits(0).object("inspect");
    assert_eq!(object["metadata"]["tokenizer.ggml.bos_token_id"], 256);
    let tokens = object["metadata"]["tokenizer.ggml.tokens"].as_array();
    assert_eq!(tokens.map(Vec::len), Some(261), "arrays are whole");
    assert_eq!(object["tensors"][0]["name"], "output_norm.weight");
    assert_eq!(object["tensors"][0]["bytes"], 16);
}

#[test]
fn a_file_that_is_no_model_is_bad_input() {
    let desk = Desk::new();
    fs::write(desk.path("text"), "no model").expect("written");
    inspect(&desk, &["text"])
        .exits(65)
        .complains(&["text: no GGUF file"]);
    let run = inspect(&desk, &["absent", "--format=json"]);
    let failure = run.exits(65).complains(&["absent: "]).object("failure");
    assert_eq!(failure["exit"]["code"], 65);
    inspect(&desk, &[]).exits(64).complains(&["<MODEL>"]);
}

/// A model is untrusted: what it calls things must not command a terminal.
#[test]
fn texts_of_a_model_are_escaped() {
    let desk = Desk::new();
    model::write(
        &desk.path("model.gguf"),
        true,
        Some("\x1b[2Jsmollm\u{202e}"),
    );
    for flags in [&["model.gguf"][..], &["model.gguf", "--show-kv"]] {
        let run = inspect(&desk, flags);
        run.exits(0).says(&["smollm"]);
        let unsafe_character = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!run.stdout.contains(unsafe_character), "{run:?}");
    }
}

#[test]
fn names_of_files_are_escaped() {
    let run = inspect(&Desk::new(), &["no\x1b[31mmodel\u{202e}"]);
    run.exits(65).complains(&[r"no\u{1b}[31mmodel\u{202e}: "]);
}
