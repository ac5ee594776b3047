//! Paths that look like something else.

use std::fs;

use serde_json::Value;

use crate::desk::{Desk, Run, word};

/// An engine would take it for a flag.
#[test]
fn a_path_may_begin_with_a_dash() {
    let desk = Desk::new();
    fs::copy(desk.path("model.gguf"), desk.path("-x.gguf")).expect("copied");
    let lockstep = |arguments: &[&str]| {
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        command.args(["per-token", "--engines=engines.toml", "--prompt=Hi"]);
        command.args(["--candidate=candidate", "--reference=reference"]);
        Run::of(command.args(arguments))
    };
    let both = ["--model=-x.gguf", "--tokenizer=-x.gguf"];
    lockstep(&both).exits(0);
    let other = ["--reference-model=-x.gguf", "--profile=f32"];
    lockstep(&[&both[..], &other].concat()).exits(0);
    for entry in desk.log() {
        let flags = entry["flags"].as_array().into_iter().flatten();
        for flag in flags.filter_map(|flag| flag.as_str()) {
            assert_ne!(flag, "-x.gguf", "{entry}");
        }
    }
    assert!(
        desk.flags("candidate", "tokenize")
            .contains(&"./-x.gguf".to_owned())
    );
}

/// What people are to run by hand begins with no dash either.
#[test]
fn a_suggested_command_names_a_path_that_begins_with_a_dash() {
    let desk = Desk::new().habit("reference", &["doubled-bos"]);
    fs::copy(desk.path("model.gguf"), desk.path("-x.gguf")).expect("copied");
    let lockstep = |arguments: &[&str]| {
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        command.args(["per-token", "--engines=engines.toml", "--prompt=Hi"]);
        command.args(["--candidate=candidate", "--reference=reference"]);
        command.args(["--model=-x.gguf", "--reference-model=-x.gguf"]);
        Run::of(command.args(arguments))
    };
    let inspect = "lockstep inspect ./-x.gguf";
    let rerun = ["--model ./-x.gguf", "--reference-model ./-x.gguf"];
    lockstep(&[])
        .exits(2)
        .complains(&rerun)
        .complains(&[inspect]);
    let receipt = lockstep(&["--format=json"]).object("receipt");
    let suggestions = receipt["suggestions"].as_array().expect("a list");
    let names_it = |text: &&Value| word(text).ends_with(inspect);
    assert!(
        suggestions.iter().any(|it| names_it(&it)),
        "{suggestions:?}"
    );
}
