//! The command that a mismatch suggests can be pasted into a shell, whatever the prompt is.

use std::env::join_paths;
use std::path::Path;

use crate::desk::{Desk, Run};

/// Prompts that a shell, or a reader of flags, could take for something else.
const PROMPTS: [&str; 9] = [
    "plain",
    "it's \"quoted\"",
    "two\nlines\n",
    "$HOME `pwd` $(pwd) !! \\n %s",
    "-x",
    "--model other.gguf",
    "  spaces  and\ttabs ",
    "größe \u{1f642}; rm x & | > <",
    "",
];

/// What stands between the title and the end of the message.
fn command_of(run: &Run) -> &str {
    let (_, command) = run
        .stderr
        .split_once("Example command with raw template:\n")
        .expect("a mismatch suggests a command");
    command
}

/// Pastes a command into `sh`, with `lockstep` on its path.
fn paste(desk: &Desk, command: &str) -> Run {
    let folder = Path::new(env!("CARGO_BIN_EXE_lockstep")).parent();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![folder.expect("a program is in a folder").to_owned()];
    folders.extend(std::env::split_paths(&path));
    let path = join_paths(folders).expect("folders without a colon");
    Run::of(desk.command("sh").args(["-c", command]).env("PATH", path))
}

fn rerun(prompt: &str, template: &str) {
    let desk = Desk::new().habit("reference", &["added-end"]);
    let prompt_flag = format!("--prompt={prompt}");
    let first = desk.text(&[&prompt_flag, "--prompt-template", template]);
    first.exits(2);
    let before = desk.starts().len();
    paste(&desk, command_of(&first)).exits(2);
    assert_eq!(desk.starts().len(), 2 * before, "the same was done again");
    for engine in ["candidate", "reference"] {
        let asked = desk.requests(engine, "tokenize");
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[1]["text"], prompt, "without a template");
    }
}

#[test]
fn the_pasted_command_asks_for_the_same_text() {
    for prompt in PROMPTS {
        rerun(prompt, "raw");
    }
}

#[test]
fn the_pasted_command_leaves_the_template_out() {
    rerun("it's 2+2", "instruct");
}

/// Without the file the engines would be unknown, without the flag the tokens might agree.
#[test]
fn the_pasted_command_keeps_what_the_tokens_depend_on() {
    let desk = Desk::new().habit("reference", &["added-end"]);
    std::fs::rename(desk.path("engines.toml"), desk.path("other engines.toml")).expect("moved");
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.args([
        "--engines",
        "other engines.toml",
        "per-token",
        "--prompt",
        "Hi",
    ]);
    command.args(["--model", "model.gguf", "--candidate", "candidate"]);
    let flags = ["--reference", "reference", "--no-bos", "--profile", "f32"];
    let first = Run::of(command.args(flags));
    first.exits(2);
    paste(&desk, command_of(&first)).exits(2);
    let asked = desk.requests("reference", "tokenize");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0], asked[1]);
}

#[test]
fn the_pasted_command_names_an_odd_model_rightly() {
    let desk = Desk::new().habit("reference", &["added-end"]);
    let odd = "an odd 'model' $1.gguf";
    std::fs::copy(desk.path("model.gguf"), desk.path(odd)).expect("a copy");
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["per-token", "--prompt", "Hi", "--model", odd]);
    let first = Run::of(command.args(["--candidate", "candidate", "--reference", "reference"]));
    first.exits(2);
    paste(&desk, command_of(&first))
        .exits(2)
        .complains(&["Token Sequence Mismatch"]);
}
