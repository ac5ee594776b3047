//! The committed baseline: a sweep on a random model comes to the same bytes as when it was committed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::Bench;

/// The files that say nothing of a build.
const FILES: [&str; 4] = ["cases.csv", "positions.csv", "junit.xml", "summary.md"];
/// Columns that do, and the one that tells of logits: those are another machine's only nearly.
const LEFT_OUT: [&str; 3] = ["identity", "receipt_digest", "reference_top2_gap"];

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/baseline")
}

/// A run of the sweep of the baseline, with a model of this seed.
fn run(seed: u32) -> Bench {
    let bench = Bench::new();
    for name in ["sweep.toml", "prompts.txt"] {
        let text = fs::read(committed().join(name)).expect("it is committed");
        bench.write(name, text);
    }
    bench.fixture(
        "model.gguf",
        &["--type", "mixed", "--seed", &seed.to_string()],
    );
    bench.lockstep(&["sweep", "sweep.toml", "-o", "run", "--quiet"]);
    bench
}

/// What is committed of a file of a run.
fn kept(bench: &Bench, name: &str) -> String {
    let text = bench.read(&format!("run/{name}"));
    match Path::new(name).extension().and_then(|it| it.to_str()) {
        Some("csv") => without(&LEFT_OUT, &text),
        _ => text,
    }
}

fn without(left_out: &[&str], text: &str) -> String {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    let columns: Vec<_> = rows[0]
        .iter()
        .map(|name| !left_out.contains(&name))
        .collect();
    assert!(columns.contains(&false), "{:?}", rows[0]);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in &rows {
        let cells = row.iter().zip(&columns).filter(|(_, is_kept)| **is_kept);
        writer
            .write_record(cells.map(|(cell, _)| cell))
            .expect("it is written");
    }
    String::from_utf8(writer.into_inner().expect("flushed")).expect("UTF-8")
}

#[test]
fn the_committed_baseline_comes_out_again() {
    let bench = run(1);
    bench.lockstep(&["gate", "run"]).exits(0);
    for name in FILES {
        let (path, found) = (committed().join(name), kept(&bench, name));
        if std::env::var_os("LOCKSTEP_WRITE_BASELINE").is_some() {
            fs::write(&path, &found).expect("written");
        }
        let expected = fs::read_to_string(&path).expect("it is committed");
        assert_eq!(found, expected, "{name}");
    }
}

/// Other numbers are seen, though both engines agree on them.
#[test]
fn the_baseline_notices_another_model() {
    let bench = run(2);
    bench.lockstep(&["gate", "run"]).exits(0);
    let expected = fs::read_to_string(committed().join("positions.csv")).expect("committed");
    assert_ne!(kept(&bench, "positions.csv"), expected);
}
