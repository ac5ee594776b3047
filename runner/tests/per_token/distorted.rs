//! Faults that are made in an engine's answers: each is seen, from where it says that it begins.

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::process::Stdio;

use runner::distort::{FAULTS, OutputFault};
use schemas::faults::Begins;
use serde_json::{Value, json};

use crate::desk::{Desk, Run};

const PROMPT: [&str; 4] = ["--prompt", "distort me", "--max-tokens", "4"];

/// A comparison whose candidate is spoilt.
fn compare(fault: &str, flags: &[&str]) -> (Run, Value) {
    let desk = Desk::new().distort("candidate", fault);
    desk.both(&[&PROMPT[..], flags].concat())
}

/// Fails unless the first difference in `exact` is where the fault says.
fn assert_begins(fault: &OutputFault, receipt: &Value) {
    let name = fault.name;
    let found = |pointer: &str| receipt.pointer(pointer).cloned().unwrap_or_default();
    match fault.begins {
        Begins::Position(position) => {
            assert_eq!(found("/verdict"), "DIVERGED", "{name}");
            assert_eq!(found("/first_divergence_token"), position, "{name}");
        }
        Begins::Step(_) if name == "greedy-token-wrong" => {
            assert_eq!(found("/verdict"), "ENGINE-FAILED", "{name}");
            let reason = found("/reason").to_string();
            assert!(reason.contains("greedy step 0"), "{name}: {reason}");
        }
        Begins::Step(step) => {
            assert_eq!(found("/verdict"), "DIVERGED", "{name}");
            assert_eq!(found("/first_divergence_token"), Value::Null, "{name}");
            let pointer = format!("/greedy/0/steps/{step}/verdict");
            assert_eq!(found(&pointer), "DIVERGED", "{name}");
        }
        Begins::Answer => {
            assert_eq!(found("/verdict"), "ENGINE-FAILED", "{name}");
            assert_eq!(found("/exit/code"), 65, "{name}");
        }
        // There is one item only.
        Begins::SecondItem => assert_eq!(found("/verdict"), "BIT-EXACT", "{name}"),
        Begins::Tokens | Begins::WindowEnd => panic!("{name} is no fault about output"),
    }
}

#[test]
fn each_distortion_is_found_where_it_begins() {
    for fault in FAULTS {
        let desk = Desk::new().distort("candidate", fault.name);
        let (_, receipt) = desk.json(&PROMPT);
        assert_begins(fault, &receipt);
        let flags = receipt["engines"]["candidate"]["build"]["flags"].to_string();
        let said = format!("fault={}", fault.name);
        assert!(flags.contains(&said), "{said} is not in {flags}");
    }
}

#[test]
fn a_distortion_is_made_stronger_until_it_is_seen() {
    let code = |fault: &str| compare(fault, &["--profile", "f32"]).0.code;
    for fault in ["one-logit-off", "scaled-by-1.0001", "float16-rounded"] {
        assert_eq!(code(&format!("{fault}=4096")), 1, "{fault}");
    }
    assert_eq!(code("one-logit-off"), 0);
    let desk = Desk::new().distort("candidate", "one-nan=2");
    let (run, _) = desk.both(&PROMPT);
    assert_ne!(run.code, 0);
    run.complains(&["one-nan has no strength"]);
}

/// Softmax does not see it; the greedy rows are sound.
#[test]
fn a_constant_shift_is_reported_where_bits_do_not_count() {
    let (text, receipt) = compare("constant-shift", &["--profile", "f32"]);
    text.exits(0);
    let shift = receipt["positions"][0]["row"]["metrics"]["mean_shift"].as_f64();
    assert!(
        shift.is_some_and(|shift| (shift - 0.5).abs() < 1e-6),
        "{shift:?}"
    );
}

/// The files of logits of two items through a wrapped engine, which answers both.
fn two_items(wrapper: &[&str]) -> Vec<Vec<u8>> {
    let desk = Desk::new();
    let out = desk.path("out");
    fs::create_dir(&out).expect("a new folder");
    let table = env!("CARGO_BIN_EXE_table-engine");
    let command = [wrapper, &[table, "--name", "a", "--log", "log", "evaluate"]].concat();
    let mut child = desk
        .command(command[0])
        .args(&command[1..])
        .args(["--model", "model.gguf", "--out", "out"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    for (id, tokens) in [("a", [72, 73, 74]), ("b", [82, 83, 84])] {
        let request = json!({
            "schema": "lockstep/evaluate-request/v1", "id": id, "tokens": tokens,
            "positions": "all", "greedy_steps": 0,
        });
        writeln!(stdin, "{request}").expect("it reads");
    }
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout.lines().count(), 2);
    let file = |id: &str| fs::read(out.join(format!("{id}.logits.npy"))).expect("a file");
    vec![file("a"), file("b")]
}

#[test]
fn the_logits_of_the_item_before_come_again() {
    let lockstep = env!("CARGO_BIN_EXE_lockstep");
    let sound = two_items(&[]);
    let again = two_items(&[
        lockstep,
        "distort-output",
        "logits-of-previous-prompt",
        "--",
    ]);
    assert_ne!(sound[0], sound[1]);
    assert_eq!(again, [sound[0].clone(), sound[0].clone()]);
}

#[test]
fn an_engine_that_ends_badly_still_does() {
    let desk = Desk::new();
    let lockstep = env!("CARGO_BIN_EXE_lockstep");
    let wrapped = |words: &[&str]| {
        let mut command = desk.command(lockstep);
        Run::of(
            command
                .args(["distort-output", "one-nan", "--"])
                .args(words),
        )
    };
    wrapped(&["sh", "-c", "exit 69", "describe"]).exits(69);
    wrapped(&["sh", "-c", "exit 65", "tokenize"]).exits(65);
    wrapped(&["no-such-program", "describe"])
        .exits(69)
        .complains(&["no-such-program"]);
    wrapped(&["sh", "-c", "echo no", "describe"]).exits(65);
    wrapped(&["sh", "-c", "printf '\\377\\n'", "describe"]).exits(65);
    wrapped(&["sh", "-c", "true", "evaluate"])
        .exits(64)
        .complains(&["--out"]);
}
