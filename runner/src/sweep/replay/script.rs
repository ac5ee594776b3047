//! The commands of a case as a script for bash, to be pasted or changed.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use schemas::line;
use serde::Serialize;

use super::{Asked, Replay, Side};
use crate::judge::word;
use crate::text::{escape_for_terminal, escape_json_for_terminal, path_argument, quote_for_sh};

/// The script. Each engine sees the variables that it saw then, and no others but its temporary folder.
pub fn script(replay: &Replay) -> String {
    let receipt = &replay.receipt;
    let mut script = String::from("#!/usr/bin/env bash\n");
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        script,
        "# {}: {}",
        word(receipt.verdict),
        escape_for_terminal(&receipt.reason)
    );
    script.push_str("set -euo pipefail\nwork=$(mktemp -d)\n");
    for (role, side) in [
        ("candidate", &replay.candidate),
        ("reference", &replay.reference),
    ] {
        push_side(&mut script, role, side);
    }
    script.push_str("\necho \"the logits are in $work\" >&2\n");
    script
}

fn push_side(script: &mut String, role: &str, side: &Side) {
    let name = escape_for_terminal(&side.spec.name);
    let _ = writeln!(script, "\n# The {role}: {name}.\nmkdir \"$work/{role}\"");
    let mut tokenize = vec!["tokenize".into(), "--model".into(), path(&side.model)];
    if let Some(tokenizer) = &side.tokenizer {
        tokenize.extend(["--tokenizer".into(), path(tokenizer)]);
    }
    push_command(script, side, &words(&tokenize), &side.tokenize);
    if let Some(Asked {
        model,
        settings,
        request,
    }) = &side.evaluate
    {
        let begin = words(&["evaluate".into(), "--model".into(), path(model)]);
        let settings = words(&settings.flags());
        let arguments = format!("{begin} --out \"$work/{role}\" {settings}");
        push_command(script, side, &arguments, request);
    }
}

fn path(path: &Path) -> OsString {
    path_argument(path).into()
}

fn words(words: &[OsString]) -> String {
    let quoted = words
        .iter()
        .map(|word| quote_for_sh(&word.to_string_lossy()));
    quoted.collect::<Vec<_>>().join(" ")
}

/// A request is one line that begins with a brace, so it never ends the text early.
fn push_command(script: &mut String, side: &Side, arguments: &str, request: &impl Serialize) {
    script.push_str("env -i TMPDIR=\"$work\"");
    for (name, value) in &side.spec.environment {
        let _ = write!(script, " {}", quote_for_sh(&format!("{name}={value}")));
    }
    let (command, request) = (words(&side.spec.command), line::write(request));
    let request = escape_json_for_terminal(request.trim_end());
    let _ = writeln!(
        script,
        " \\\n  {command} {arguments} <<'REQUEST'\n{request}\nREQUEST"
    );
}
