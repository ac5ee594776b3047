//! Exit code 69: an engine is not there, or says that it cannot.

use std::fs;

use crate::desk::{Desk, Run, names_in};

const HI: [&str; 2] = ["--prompt", "Hi"];

#[test]
fn exit_69_an_engine_refuses() {
    for engine in ["candidate", "reference"] {
        let desk = Desk::new().habit(engine, &["refuses"]);
        let (text, receipt) = desk.both(&HI);
        let reason = format!("{engine} cannot run this model: the table is closed");
        text.exits(69).says(&[&format!("REFUSED: {reason}\n")]);
        assert_eq!(receipt["reason"], reason);
        assert_eq!(receipt["error"], reason);
        assert_eq!(receipt["status"], "refused");
    }
    let desk = Desk::new().habit("reference", &["fast"]);
    let (text, _) = desk.both(&HI);
    text.exits(69).says(&[
        "REFUSED: ",
        "needs arithmetic exact, reference computes fast",
    ]);
}

#[test]
fn exit_69_an_engine_cannot_tokenize() {
    for engine in ["candidate", "reference"] {
        let desk = Desk::new().habit(engine, &["no-tokenizer"]);
        let (text, receipt) = desk.both(&HI);
        let reason = format!(
            "{engine} cannot tokenize for this model: table-engine: the table has no words"
        );
        text.exits(69).says(&[&format!("REFUSED: {reason}\n")]);
        assert_eq!(receipt["verdict"], "REFUSED");
    }
}

#[test]
fn exit_69_more_tokens_than_the_model_was_made_for() {
    let prompt = "x".repeat(1023);
    let desk = Desk::new();
    let (text, _) = desk.both(&["--prompt", &prompt]);
    text.exits(69)
        .says(&["REFUSED: 1024 tokens and 4 greedy steps", "--max-positions"]);
    desk.text(&["--prompt", &prompt, "--max-tokens", "1"])
        .exits(0);
}

#[test]
fn exit_69_an_engine_that_is_not_there() {
    let desk = Desk::new();
    let lockstep = |arguments: &[&str]| {
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        command.args(["per-token", "--model", "model.gguf", "--prompt", "Hi"]);
        command.env("LOCKSTEP_REFERENCES", desk.path("tmp"));
        Run::of(command.args(arguments))
    };
    for reference in ["ik", "bitnet"] {
        lockstep(&["--candidate", "candidate", "--reference", reference])
            .exits(69)
            .complains(&[reference, "program not found", "`lockstep preflight`"]);
    }

    let missing = "[[engine]]\nname = \"gone\"\ncommand = [\"./not-there\"]\n";
    fs::write(desk.path("engines.toml"), missing).expect("written");
    let gone = ["--candidate", "gone", "--reference", "gone"];
    lockstep(&gone).exits(69).complains(&["gone", "not-there"]);
    let json = lockstep(&[&gone[..], &["--format", "json"]].concat());
    let receipt: serde_json::Value = serde_json::from_str(&json.exits(69).stdout).expect("JSON");
    assert_eq!(receipt["exit"]["code"], 69);
    assert_eq!(receipt["verdict"], "ENGINE-FAILED");
    assert_eq!(
        names_in(&desk.path("tmp")),
        [""; 0],
        "nothing is left behind"
    );
}

/// Escaped once in text, and in JSON as it is.
#[test]
fn the_name_of_a_program_is_escaped_once() {
    let desk = Desk::new();
    let strange = "[[engine]]\nname = \"gone\"\ncommand = [\"./not\\u001bthere\"]\n";
    fs::write(desk.path("engines.toml"), strange).expect("written");
    let lockstep = |arguments: &[&str]| {
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        Run::of(command.args(arguments))
    };
    let compare = [
        ["per-token", "--model", "model.gguf", "--prompt", "Hi"].as_slice(),
        ["--candidate", "gone", "--reference", "gone"].as_slice(),
    ];
    let compare = compare.concat();
    let shown = r"not\u{1b}there";
    let text = lockstep(&compare);
    text.exits(69).says(&[shown]).complains(&[shown]);
    let receipt = lockstep(&[&compare[..], &["--format", "json"]].concat()).object("receipt");
    let reason = receipt["reason"].as_str().expect("a text");
    assert!(reason.contains("not\u{1b}there"), "{reason:?}");
    lockstep(&["preflight"]).says(&[&format!("{shown}\n")]);
    lockstep(&["inspect", "model.gguf"]).says(&[&format!("{shown}\n")]);
    for (arguments, kind) in [
        (&["preflight", "--format", "json"][..], "preflight"),
        (&["inspect", "model.gguf", "--format", "json"], "inspect"),
    ] {
        let run = lockstep(arguments);
        assert!(!run.stdout.contains('\u{1b}'), "{run:?}");
        let object = run.object(kind);
        let engines = object["engines"].as_array().expect("a list");
        let gone = engines.iter().find(|engine| engine["name"] == "gone");
        let problem = gone.expect("it is told of")["problem"].as_str();
        let problem = problem.expect("a text");
        assert!(problem.contains("not\u{1b}there"), "{kind}: {problem:?}");
    }
}
