//! With a model: who can run it, who could, and what is no model.

use std::fs;
use std::path::{Path, PathBuf};

use runner::exit::Exit;
use runner::preflight::Format;

use crate::machine::Machine;
use crate::stand_in::{PROGRAM, patient};

#[test]
fn the_table_says_who_can_run_the_model_and_who_could() {
    let names = ["rust-engine", "llama-scalar", "llama-native", "ik"];
    let machine = Machine::with(&names.map(|name| (name, PROGRAM)));
    let model = machine.folder.path().join("ternary.gguf");
    ternary(&model);
    let log = machine.folder.path().join("log");
    let configuration = format!(
        "[[engine]]\nname = \"ik\"\ncommand = [{PROGRAM:?}, \"--log\", {:?}]\n",
        log.to_str().expect("UTF-8")
    );
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
    let report = machine.text(Some(model.clone()));
    assert_eq!(report.exit, Exit::Unavailable);
    let text = &report.output;
    let table = "\nWith this model (why not is told above):\n  \
        engine        there  can run it\n  \
        rust-engine   yes    yes\n  \
        llama-scalar  yes    no; better: bitnet\n  \
        llama-native  yes    no; better: bitnet\n  \
        ik            yes    no; better: bitnet\n  \
        bitnet        no     not known\n";
    assert!(text.contains(table), "{text}");
    let removed = "llama.cpp has removed the type with this number and refuses the file\n    \
        Better: bitnet\n";
    let zeros = "ik_llama.cpp loads it without an error and computes zeros in every product with \
        it\n    Better: bitnet\n";
    for why in [removed, zeros] {
        let error =
            format!("    Error: cannot run it: tensor \"blk.0.ffn_up.weight\" is I2_S: {why}");
        assert!(text.contains(&error), "{text}\ndoes not say: {error}");
    }
    let shown = include_str!("../../../docs/references.md");
    assert!(shown.contains(table), "the page shows another table");
    assert!(shown.contains(zeros), "the page shows another reason");
    let words = "\nNot ready with this model: there is no reference that can be used. bitnet may run \
                 it, with --profile production --reference bitnet. To mend that:\n  \
                 BITNET_CPP_DIR=FOLDER scripts/build-references.sh bitnet\n";
    assert!(text.ends_with(words), "{text}");
    // It was asked who it is, and never started on the model.
    let started = fs::read_to_string(&log).expect("a log");
    assert_eq!(started.matches("start describe").count(), 1, "{started}");

    let (preflight, _) = machine.json(Some(model));
    let can_run: Vec<_> = preflight.engines.iter().map(|it| it.can_run).collect();
    let no = Some(false);
    assert_eq!(can_run, [Some(true), no, no, no, None]);
    assert_eq!(preflight.engines[3].better.as_deref(), Some("bitnet"));

    // The negative control: a model that nothing is known against.
    let (preflight, exit) = machine.json(Some(machine.model()));
    assert_eq!(exit, Exit::Parity);
    let can_run: Vec<_> = preflight.engines.iter().map(|it| it.can_run).collect();
    let yes = Some(true);
    assert_eq!(can_run, [yes, yes, yes, yes, None]);
    assert_eq!(machine.json(None).0.engines[1].can_run, None);
}

/// A model with one tensor of type I2_S.
fn ternary(path: &Path) {
    let entries = [(
        "general.architecture".to_owned(),
        gguf::Value::String("bitnet".into()),
    )];
    let tensor = gguf::write::PlannedTensor {
        name: "blk.0.ffn_up.weight".to_owned(),
        dimensions: vec![128, 1],
        tensor_type: gguf::TensorType::I2_S,
    };
    let mut file = fs::File::create(path).expect("the folder can be written");
    gguf::write::file(&mut file, &entries, &[tensor], |_, out| {
        std::io::Write::write_all(out, &[0; 64])
    })
    .expect("it can be written");
}

/// A build that could not run the model is neither looked for nor made.
#[test]
fn what_could_not_run_the_model_is_not_worth_making() {
    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let model = machine.folder.path().join("ternary.gguf");
    ternary(&model);
    let making = "scripts/build-references.sh scalar";
    let report = machine.text(Some(model));
    assert!(!report.output.contains(making), "{}", report.output);
    let report = machine.text(Some(machine.model()));
    assert!(report.output.contains(making), "{}", report.output);
}

/// The other reference is named where it may help: the table above has the case where it is.
#[test]
fn what_was_asked_and_refuses_is_not_proposed() {
    let ends = |present: &[&str], refusing: Option<&str>, end: &str| {
        let present: Vec<_> = present.iter().map(|&name| (name, PROGRAM)).collect();
        let machine = Machine::with(&present);
        let model = machine.folder.path().join("ternary.gguf");
        ternary(&model);
        let configuration = refusing.map_or(String::new(), |name| {
            let command = format!("[{PROGRAM:?}, \"--fault\", \"cannot-run\"]");
            format!("[[engine]]\nname = \"{name}\"\ncommand = {command}\n")
        });
        fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
        let text = machine.text(Some(model)).output;
        let end = format!("\nNot ready with this model: there is {end}\n");
        assert!(text.ends_with(&end), "{text}\ndoes not end with: {end}");
    };
    let both = ["rust-engine", "llama-scalar"];
    let no_reference = "no reference that can be used.";
    ends(&both, Some("bitnet"), no_reference);
    // With what no candidate can run, nobody can be compared.
    let no_pair = "neither a candidate nor a reference that can be used.";
    ends(&both, Some("rust-engine"), no_pair);
    // A candidate that is not there may be able to, and is made first.
    let make_both = format!(
        "{no_pair} To mend that:\n  cargo build --release -p rust-engine\n  \
         BITNET_CPP_DIR=FOLDER scripts/build-references.sh bitnet"
    );
    ends(&["llama-scalar"], None, &make_both);
}

#[test]
fn an_engine_that_cannot_run_the_model_says_why() {
    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let configuration = format!(
        "[[engine]]\nname = \"llama-scalar\"\ncommand = [{PROGRAM:?}, \"--fault\", \"cannot-run\"]\n"
    );
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
    assert_eq!(
        machine.text(None).exit,
        Exit::Parity,
        "without a model all is well"
    );
    let report = machine.text(Some(machine.model()));
    assert_eq!(report.exit, Exit::Unavailable);
    for words in [
        "  ✗ llama-scalar: AVAILABLE, BUT NOT FOR THIS MODEL (reference)\n",
        "    Error: cannot run it: unknown architecture 'x\\u{1b}'\n",
        "Not ready with this model: there is no reference",
    ] {
        assert!(
            report.output.contains(words),
            "{}\ndoes not say: {words}",
            report.output
        );
    }
    assert!(!report.output.contains('\u{1b}'));
    let (preflight, _) = machine.json(Some(machine.model()));
    let problem = preflight.engines[1].problem.as_deref();
    assert_eq!(
        problem,
        Some("cannot run it: unknown architecture 'x\u{1b}'")
    );
}

#[test]
fn what_is_no_model_file_is_bad_input() {
    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let text = machine.folder.path().join("text.gguf");
    fs::write(&text, "no model").expect("written");
    let error = machine
        .try_run(Some(text), Format::Json, patient())
        .expect_err("must fail");
    assert_eq!(error.exit(), Exit::BadInput);
    assert!(
        error.to_string().contains("text.gguf: no GGUF file"),
        "{error}"
    );
}

#[test]
fn a_model_that_is_not_there_is_bad_input_and_nobody_is_asked() {
    let machine = Machine::with(&[]);
    for (model, problem) in [
        ("/nowhere/model.gguf", "No such file"),
        ("/", "is a folder, expected a file"),
    ] {
        let error = machine
            .try_run(Some(PathBuf::from(model)), Format::Json, patient())
            .expect_err("must fail");
        assert_eq!(error.exit(), Exit::BadInput);
        let expected = format!("{model}: {problem}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
