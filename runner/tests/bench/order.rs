//! Whose turn it is, and what every engine is asked.

use std::os::unix::fs::symlink;

use crate::stage::Stage;
use crate::stand_in::PROGRAM;

const TWO: [&str; 4] = ["--engine", "a", "--engine", "b"];

#[test]
fn engines_take_turns() {
    let stage = Stage::new();
    let words = [&TWO[..], &["--as-configured", "--repeat", "3"]].concat();
    let receipt = stage.receipt(&words);
    assert_eq!(stage.starts("evaluate"), ["a", "b", "a", "b", "a", "b"]);
    for engine in &receipt.engines {
        for (name, figure) in engine.figures.each() {
            assert_eq!(figure.values.len(), 3, "{name:?}");
            assert!(figure.minimum > 0, "{name:?}");
        }
    }
}

/// The negative control: it is the order of the flags, not of the configuration.
#[test]
fn the_first_engine_is_the_one_named_first() {
    let stage = Stage::new();
    let words = [
        "--engine",
        "b",
        "--engine",
        "a",
        "--as-configured",
        "--repeat",
        "2",
    ];
    let receipt = stage.receipt(&words);
    assert_eq!(stage.starts("evaluate"), ["b", "a", "b", "a"]);
    let names: Vec<_> = receipt.engines.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert!(receipt.engines[0].agreement.is_none());
    assert!(receipt.engines[1].agreement.is_some());
}

#[test]
fn every_run_is_asked_for_one_token_all_rows_and_the_steps() {
    let stage = Stage::new();
    let receipt = stage.receipt(&["--engine", "a", "--as-configured", "--positions", "7"]);
    let log = std::fs::read_to_string(stage.path("log")).expect("it was written");
    let items: Vec<_> = log
        .lines()
        .filter_map(|line| line.strip_prefix("evaluate "))
        .collect();
    assert_eq!(items, ["load", "all", "last"]);
    let rows = &receipt.engines[0].rows;
    let counts = [rows.load, rows.prefill_all, rows.prefill_last, rows.decode];
    assert_eq!(counts, [1, 7, 1, 3]);
    assert_eq!(receipt.engines[0].agreement, None);
}

/// Where nobody names one, those that are there take part, and the others are told.
#[test]
fn without_names_the_references_that_are_there_take_part() {
    let stage = Stage::empty().engine("rust-engine", None);
    for name in ["llama-native", "ik"] {
        symlink(PROGRAM, stage.path("references").join(name)).expect("linked");
    }
    // One of a configuration has to be named.
    let stage = stage
        .engine("mine", None)
        .engine("bitnet", Some("cannot-run"));
    let run = stage.run(&["--as-configured", "--format", "csv"]);
    run.exits(0).complains(&[
        "without llama-scalar: it is not there (hint: scripts/build-references.sh scalar)",
        "without bitnet: bitnet cannot run this model: unknown architecture 'x\\u{1b}'",
    ]);
    let engines = run.stdout.lines().skip(1).step_by(7);
    let engines: Vec<_> = engines.filter_map(|row| row.split(',').next()).collect();
    assert_eq!(engines, ["rust-engine", "llama-native", "ik"]);
}

#[test]
fn exit_69_where_nobody_is_there() {
    let stage = Stage::empty().engine("rust-engine", Some("cannot-run"));
    let run = stage.run(&[]);
    run.exits(69).complains(&[
        "without rust-engine",
        "no engine is there that can run this model",
    ]);
    assert!(run.stdout.is_empty());
}
