use std::process::Command;

use super::*;
use crate::sweep::testing::{Sweep, Told};

fn replayed(told: Told, edit: impl FnOnce(&mut Receipt)) -> Replay {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sweep = Sweep::of(&[told]);
    sweep.edit(0, edit);
    let run = sweep.write(folder.path());
    of(&run, sweep.id(0), Path::new("cache")).expect("a case")
}

/// What a shell does with the script when every program is `printf` on words that begin as `env` does.
fn run_by_bash(script: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let programs = "env() { printf '<%s>' \"$@\"; echo; cat; }\n";
    let script = script.replacen("#!/usr/bin/env bash\n", programs, 1);
    let done = Command::new("bash")
        .args(["-c", &script])
        .env("TMPDIR", folder.path())
        .output()
        .expect("bash");
    assert!(done.status.success(), "{script}\n{done:?}");
    String::from_utf8(done.stdout).expect("text")
}

#[test]
fn threads_that_nobody_named_are_as_many_as_there_were() {
    let threads = |named| {
        let replay = replayed(Told::Same, |receipt| {
            let settings = receipt.engines.candidate.settings.as_mut();
            settings.expect("it evaluated").threads = named;
            let environment = receipt.environment.as_mut().expect("an environment");
            environment.candidate.threads = Some(7);
        });
        let asked = replay.candidate.evaluate.expect("it evaluated");
        asked.settings.threads.map(Threads::number)
    };
    assert_eq!(threads(None), Some(7));
    assert_eq!(threads(Some(2)), Some(2));
}

#[test]
fn all_files_are_where_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sweep = Sweep::of(&[Told::Same]);
    let environment = sweep.receipts[0].environment.as_mut().expect("one");
    environment.model_path = "/was/a.gguf".to_owned();
    environment.reference_model_path = Some("/was/b.gguf".to_owned());
    environment.tokenizer_path = Some("/was/tokenizer.json".to_owned());
    let run = sweep.write(folder.path());
    let replay = of(&run, sweep.id(0), Path::new("cache")).expect("a case");
    let files = model_files(&run, &sweep.plan.models[0].label).expect("a case");
    let expected = ["/was/a.gguf", "/was/b.gguf", "/was/tokenizer.json"].map(PathBuf::from);
    let tokenizer = replay.candidate.tokenizer.expect("one");
    assert_eq!(
        [replay.candidate.model, replay.reference.model, tokenizer],
        expected
    );
    let [reference, tokenizer] = [files.reference, files.tokenizer].map(|it| it.expect("told"));
    assert_eq!([files.model, reference, tokenizer], expected);
}

#[test]
fn the_script_has_the_commands_of_both_engines() {
    let replay = replayed(Told::Same, |_| ());
    let shown = run_by_bash(&script(&replay));
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 8, "{shown}");
    let evaluate = "<--arithmetic><exact><--threads><2><--context><256><--micro-batch><512><--kv>\
                    <f16><--flash-attention><off>";
    for (line, words) in [
        (
            0,
            "<LANG=C.UTF-8><rust-engine><tokenize><--model><model.gguf>",
        ),
        (1, r#""bos":"model""#),
        (2, "<rust-engine><evaluate><--model><model.gguf><--out>"),
        (2, evaluate),
        (3, r#""positions":"all""#),
        (4, "<LANG=C.UTF-8><llama-native><tokenize>"),
        (6, evaluate),
        (7, r#""tokens":[0,0,0]"#),
    ] {
        assert!(
            lines[line].contains(words),
            "{words} is not in {}",
            lines[line]
        );
    }
    assert!(lines[0].starts_with("<-i><TMPDIR="), "{shown}");
    // As the receipt says, whoever's name the program has.
    assert!(script(&replay).contains("# The reference: llama-scalar."));
}

#[test]
fn what_was_not_evaluated_is_not_replayed() {
    let shown = run_by_bash(&script(&replayed(Told::OtherTokens, |_| ())));
    assert_eq!(shown.lines().count(), 4, "{shown}");
    assert!(!shown.contains("<evaluate>"), "{shown}");
}

/// Paths, variables and prompts are one word each, whatever is in them.
#[test]
fn nothing_in_it_breaks_out_of_its_word() {
    let mut replay = replayed(Told::Same, |_| ());
    let hostile = "a'b\"c $(touch x) `y` \\ \n;#";
    replay.candidate.model = hostile.into();
    replay
        .candidate
        .spec
        .environment
        .insert("V".to_owned(), hostile.to_owned());
    let text = "REQUEST\nREQUEST\n\u{202e}".to_owned();
    replay.candidate.tokenize.text = schemas::tokenize::Text::Utf8(text);
    let script = script(&replay);
    assert!(!script.contains('\u{202e}'), "{script}");
    let shown = run_by_bash(&script);
    assert!(shown.contains(&format!("<V={hostile}>")), "{shown}");
    assert!(shown.contains(&format!("<--model><{hostile}>")), "{shown}");
    assert!(
        shown.contains(r#""text":"REQUEST\nREQUEST\n\u202e""#),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_replayed_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let sweep = Sweep::of(&[Told::Same, Told::Same]);
    let run = sweep.write_some(folder.path(), &[0]);
    let told = |id: &str| {
        let error = of(&run, id, Path::new("cache")).expect_err("nothing to replay");
        assert_eq!(error.exit().code(), 65);
        error.to_string()
    };
    assert!(told("0123456789abcdef").contains("is not in the plan"));
    assert!(told(sweep.id(1)).contains("has no receipt"));
    let environment = run.case(sweep.id(0)).join("environment.json");
    std::fs::remove_file(environment).expect("a file");
    assert!(told(sweep.id(0)).contains("environment.json is not there"));
}
