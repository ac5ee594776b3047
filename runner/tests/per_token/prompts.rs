//! Where the prompt comes from, how much of it is compared, and what is shown of its tokens.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::desk::{Desk, Run};

/// The text that both engines were asked to tokenize.
fn asked(desk: &Desk) -> Value {
    let [candidate, reference] =
        ["candidate", "reference"].map(|engine| desk.requests(engine, "tokenize"));
    assert_eq!(candidate, reference);
    candidate[0]["text"].clone()
}

#[test]
fn a_prompt_comes_from_a_file_as_it_is() {
    let desk = Desk::new();
    let prompt = "Two\r\nlines, größe, \"quoted\" \\ $HOME \u{1f642}\n";
    fs::write(desk.path("prompt"), prompt).expect("written");
    desk.text(&["--prompt-file", "prompt"]).exits(0);
    assert_eq!(asked(&desk), prompt);
}

#[test]
fn a_prompt_comes_from_standard_input() {
    let desk = Desk::new();
    let mut lockstep = desk
        .per_token(&["--prompt-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("lockstep starts");
    let mut stdin = lockstep.stdin.take().expect("a pipe");
    stdin.write_all(b"from a pipe\n").expect("it is read");
    drop(stdin);
    let run = Run::from(lockstep.wait_with_output().expect("it ends"));
    run.exits(0);
    assert_eq!(asked(&desk), "from a pipe\n");
}

#[test]
fn a_prompt_that_is_not_utf8_goes_as_bytes() {
    let desk = Desk::new();
    fs::write(desk.path("prompt"), b"a\xff\xfez").expect("written");
    let (_, receipt) = desk.json(&["--prompt-file", "prompt"]);
    let bytes = json!({"bytes": [97, 255, 254, 122]});
    assert_eq!(asked(&desk), bytes);
    assert_eq!(receipt["prompt"]["text"], bytes);
    assert_eq!(receipt["tokens"], json!([256, 97, 255, 254, 122]));

    // The command of a mismatch names the file, for the text has no words.
    let desk = Desk::new().habit("reference", &["added-end"]);
    fs::write(desk.path("prompt"), b"a\xff").expect("written");
    let run = desk.text(&["--prompt-file", "prompt"]);
    run.exits(2)
        .complains(&[" --prompt-file=prompt ", "\"\\xff\""]);
}

#[test]
fn only_the_first_positions_are_compared_when_so_asked() {
    // Position 4 is wrong, and nobody looks at it.
    let desk = Desk::new();
    let flags = [
        "--prompt",
        "Hello",
        "--max-positions",
        "2",
        "--max-tokens",
        "1",
    ];
    let (text, receipt) = desk.both(&flags);
    text.exits(0).says(&["evaluated the first 2 of 6 tokens\n"]);
    assert_eq!(receipt["positions"].as_array().map(Vec::len), Some(2));
    assert_eq!(receipt["tokens"], json!([256, 72]));
    assert_eq!(receipt["prompt_tokens"], 6);
    let evaluated = &desk.requests("candidate", "evaluate")[0];
    assert_eq!(evaluated["tokens"], json!([256, 72]));
    assert_eq!(evaluated["greedy_steps"], 1);
    // More than there are is all of them.
    let all = ["--prompt", "Hello", "--max-positions", "100"];
    let (_, receipt) = desk.json(&all);
    assert_eq!(receipt["positions"].as_array().map(Vec::len), Some(6));
    assert_eq!(receipt["prompt_tokens"], Value::Null);
}

/// The gate looks at the whole prompt, however much of it is evaluated.
#[test]
fn a_mismatch_behind_the_first_positions_is_found() {
    let desk = Desk::new().habit("reference", &["added-end"]);
    desk.text(&["--prompt", "Hello", "--max-positions", "2"])
        .exits(2)
        .complains(&["First diff at index: 6"]);
}

#[test]
fn token_ids_are_shown_when_asked_for() {
    let (rust, cpp) = (
        "[Rust token IDs]: [256, 72, 105]\n",
        "[C++ token IDs]: [256, 72, 105]\n",
    );
    let desk = Desk::new();
    let plain = desk.text(&["--prompt", "Hi"]);
    assert!(!plain.stdout.contains("token IDs"), "{plain:?}");
    let one = desk.text(&["--prompt", "Hi", "--dump-ids"]);
    one.says(&[rust]);
    assert!(!one.stdout.contains("C++ token IDs"), "{one:?}");
    desk.text(&["--prompt", "Hi", "--dump-ids", "--dump-cpp-ids", "--quiet"])
        .says(&[rust, cpp]);
    // On a mismatch each side shows its own.
    let desk = desk.habit("reference", &["added-end"]);
    desk.text(&["--prompt", "Hi", "--dump-ids", "--dump-cpp-ids"])
        .exits(2)
        .says(&[rust, "[C++ token IDs]: [256, 72, 105, 257]\n"]);
}

#[test]
fn the_verdict_alone_is_said_quietly() {
    let desk = Desk::new();
    let run = desk.text(&["--prompt", "Hi", "--quiet"]);
    run.exits(0).says(&["BIT-EXACT: "]);
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
    let verbose = desk.text(&["--prompt", "Hi", "--verbose"]);
    verbose
        .exits(0)
        .says(&["candidate: ", "kernels table", " kl=", "tokens/s"]);
}

#[test]
fn greedy_steps_are_as_many_as_asked_for() {
    let desk = Desk::new();
    let steps = |flags: &[&str]| {
        let (_, receipt) = desk.json(&[&["--prompt", "Hi"], flags].concat());
        receipt["greedy"][0]["steps"].as_array().map(Vec::len)
    };
    assert_eq!(steps(&[]), Some(4), "the default");
    assert_eq!(steps(&["--max-tokens", "0"]), None);
    assert_eq!(steps(&["--max-tokens", "9"]), Some(9));
}

#[test]
fn an_escape_sequence_in_a_prompt_does_not_reach_the_terminal() {
    let desk = Desk::new().habit("reference", &["added-end"]);
    let run = desk.text(&["--prompt", "\u{1b}[31m"]);
    // Only the command that is to be pasted has to repeat it.
    let command = |line: &str| line.contains("lockstep per-token");
    let shown: Vec<_> = run.stderr.lines().filter(|line| !command(line)).collect();
    assert!(!shown.concat().contains('\u{1b}'), "{run:?}");
}
