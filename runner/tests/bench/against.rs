//! A bench beside an earlier one: what can be compared, what is told, and when it is worse.

use std::fs;

use schemas::bench::BenchReceipt;
use schemas::{canonical, line};

use crate::stage::{Run, Stage};

const OWN: [&str; 3] = ["--engine", "a", "--as-configured"];

/// A stage with the receipt of an earlier bench, which may have been changed.
fn earlier(change: impl FnOnce(&mut BenchReceipt)) -> Stage {
    let stage = Stage::new();
    let mut receipt = stage.receipt(&OWN);
    change(&mut receipt);
    let text = canonical::to_string(&receipt).expect("JSON");
    fs::write(stage.path("earlier.json"), text).expect("written");
    stage
}

fn again(stage: &Stage, more: &[&str]) -> Run {
    stage.run(&[&OWN[..], &["--against", "earlier.json"], more].concat())
}

/// All decode values of a receipt.
fn set_decode(receipt: &mut BenchReceipt, value: u64) {
    let figure = &mut receipt.engines[0].figures.decode_ns;
    figure.values.fill(value);
    (figure.minimum, figure.median, figure.maximum) = (value, value, value);
}

#[test]
fn each_figure_stands_beside_that_of_then() {
    let stage = earlier(|_| {});
    let run = again(&stage, &[]);
    run.exits(0);
    assert_eq!(run.stderr, "", "nothing differs");
    let line = run.stdout.lines().find(|line| line.contains("decode_ns"));
    let words: Vec<_> = line.expect("a line").split_whitespace().collect();
    assert_eq!(
        words,
        ["a", "decode_ns", "0.0020", "ms", "0.0020", "ms", "1.00"]
    );
    let run = again(&stage, &["--format", "json"]);
    let receipt: BenchReceipt = line::read_whole(&run.stdout).expect("a receipt");
    let against = receipt.against.expect("compared");
    assert_eq!(against.changes.len(), 7);
    assert_eq!(against.differs, [""; 0]);
    // The receipt of a comparison can be compared with, too.
    fs::write(stage.path("earlier.json"), run.stdout).expect("written");
    again(&stage, &["--format", "csv"]).exits(0);
}

#[test]
fn exit_1_where_a_figure_got_worse_than_by_the_ratio() {
    let stage = earlier(|receipt| set_decode(receipt, 1));
    let run = again(&stage, &["--slower-than", "1000"]);
    run.exits(1);
    assert!(run.stdout.contains("2000.00  WORSE"), "{run:?}");
    let json = again(&stage, &["--slower-than", "1000", "--format", "json"]);
    let receipt: BenchReceipt = line::read_whole(&json.exits(1).stdout).expect("a receipt");
    assert_eq!(
        (receipt.exit.code, receipt.exit.name.as_str()),
        (1, "diverged")
    );
    // The negative controls: no ratio was asked for, and it is not worse by more.
    again(&stage, &[]).exits(0);
    again(&stage, &["--slower-than", "100000"]).exits(0);
}

#[test]
fn exit_65_another_bench_is_not_compared_with() {
    for (more, words) in [
        (["--positions", "6"], "positions 5, now 6"),
        (["--steps", "4"], "steps 3, now 4"),
        (["--threads", "9"], "threads "),
    ] {
        let run = again(&earlier(|_| {}), &more);
        run.exits(65)
            .complains(&["earlier.json: is of another bench: ", words]);
    }
    let stage = earlier(|receipt| receipt.model.sha256 = "sha256:other".to_owned());
    again(&stage, &[])
        .exits(65)
        .complains(&["model model.gguf (sha256:other), now model.gguf (sha256:"]);
    let stage = earlier(|_| {});
    let other = stage.run(&["--engine", "b", "--against", "earlier.json"]);
    other
        .exits(65)
        .complains(&["has no engine of these: b; it has a"]);
}

#[test]
fn exit_65_a_receipt_that_is_none() {
    let change = |from: &str, to: &str| {
        let stage = earlier(|_| {});
        let path = stage.path("earlier.json");
        let text = fs::read_to_string(&path).expect("it was written");
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replacen(from, to, 1)).expect("written");
        let run = again(&stage, &[]);
        // Only the earlier bench ran anything.
        assert_eq!(stage.starts("evaluate").len(), 1);
        run.exits(65).stderr.clone()
    };
    let version = change("bench-receipt/v1", "bench-receipt/v2");
    assert!(version.contains("bench-receipt/v2"), "{version}");
    let field = change("\"exit\":", "\"surprise\": 1, \"exit\":");
    assert!(field.contains("surprise"), "{field}");
    let edited = change("\"median\": 2000", "\"median\": 1999");
    assert!(
        edited.contains("decode_ns of a: minimum, median"),
        "{edited}"
    );
    let none = Stage::new().run(&["--engine", "a", "--against", "absent.json"]);
    none.exits(65).complains(&["absent.json: "]);
}

#[test]
fn another_machine_kernel_or_setting_is_told() {
    let stage = earlier(|receipt| {
        receipt.machine.processors += 1;
        let engine = &mut receipt.engines[0];
        engine.kernels = vec!["other\u{1b}".to_owned()];
        engine.prefill_settings.micro_batch = 64;
        let mut gone = engine.clone();
        gone.name = "gone".to_owned();
        receipt.engines.push(gone);
    });
    let words = ["--engine", "b", "--against", "earlier.json"];
    let run = stage.run(&[&OWN[..], &words].concat());
    run.exits(0).complains(&[
        "not as before: machine: ",
        "not as before: kernels of a: other\\u{1b} then, none now",
        "not as before: settings for prefill of a: ",
        "not as before: b was not measured then",
        "not as before: gone was not measured now",
    ]);
    assert_eq!(run.stderr.lines().count(), 5, "{run:?}");
}
