//! From a plan to a verdict: shards are run, merged and judged, and a case is computed again.

use std::path::Path;

use crate::bench::Bench;
use crate::files::all_but_environment as files;

const SWEEP: &str = r#"
name = "small"
[[model]]
file = "m.gguf"
[[prompts]]
file = "four.txt"
[[pair]]
candidate = "rust-engine"
reference = "llama-scalar"
[settings]
threads = 1
max_tokens = 2
allow_small = true
"#;

/// A plan of four cases, and both halves of it run.
fn halves() -> Bench {
    let bench = Bench::new();
    bench.model("m.gguf", 1).write("sweep.toml", SWEEP);
    bench.write("four.txt", "one\ntwo two\nthree three three\nfour\n");
    assert_eq!(bench.plan().cases.len(), 4);
    for (shard, out) in [("1/2", "a"), ("2/2", "b")] {
        let run = bench.lockstep(&["run", "plan.json", "--out", out, "--shard", shard]);
        run.exits(0);
    }
    bench
}

#[test]
fn shards_in_any_order_make_the_bytes_of_one_machine() {
    let bench = halves();
    bench.lockstep(&["run", "plan.json", "--out", "c"]).exits(0);
    let merge = |words: &[&str]| {
        let words: Vec<_> = ["merge"].iter().chain(words).copied().collect();
        bench.lockstep(&words).exits(0).complains("4 of 4 cases");
    };
    merge(&["a", "b", "-o", "ab", "--parquet"]);
    merge(&["b", "ab", "a", "-o", "ba", "--parquet"]);
    merge(&["c", "-o", "one", "--parquet"]);
    let one = files(&bench.path("one"));
    for table in [
        "cases.csv",
        "positions.csv",
        "positions.parquet",
        "junit.xml",
        "summary.md",
    ] {
        assert!(one.contains_key(Path::new(table)), "{table}");
    }
    assert_eq!(files(&bench.path("ab")), one);
    assert_eq!(files(&bench.path("ba")), one);
    // What was merged is judged as what lies in one folder.
    for run in ["one", "c"] {
        let gate = bench.lockstep(&["gate", run]);
        gate.exits(0);
        assert!(
            gate.stdout.contains("4 cases planned: 4 BIT-EXACT\n"),
            "{gate:?}"
        );
    }
}

/// The same code in every format.
#[test]
fn a_run_with_a_missing_case_is_no_pass() {
    let bench = halves();
    bench
        .lockstep(&["merge", "a", "-o", "run"])
        .exits(0)
        .complains("missing: case ");
    for format in ["text", "json", "github"] {
        bench
            .lockstep(&["gate", "run", "--format", format])
            .exits(5);
    }
    bench.lockstep(&["merge", "run", "b", "-o", "run"]).exits(0);
    bench.lockstep(&["gate", "run"]).exits(0);
    let summary = bench.read("run/summary.json");
    bench.write("run/summary.json", summary.replace("BIT-EXACT", "MATCH"));
    for format in ["text", "json"] {
        let gate = bench.lockstep(&["gate", "run", "--format", format]);
        gate.exits(65).complains("stale or edited");
    }
}

#[test]
fn a_case_that_is_computed_again_comes_to_the_same_or_is_told() {
    let bench = halves();
    bench.lockstep(&["merge", "a", "b", "-o", "run"]).exits(0);
    let id = bench.plan().cases[1].keys.id.clone();
    let replay = bench.lockstep(&["replay", "run", &id]);
    replay.exits(0);
    assert_eq!(
        replay.stdout.matches(" evaluate --model ").count(),
        2,
        "{replay:?}"
    );
    let replay = bench.lockstep(&["replay", "run", &id, "--exec"]);
    replay.exits(0);
    assert_eq!(replay.stdout.matches("same: ").count(), 4, "{replay:?}");
    // Another model in the same place.
    bench.model("m.gguf", 2);
    let replay = bench.lockstep(&["replay", "run", &id, "--exec"]);
    replay.exits(1);
    assert!(
        replay.stdout.contains("other: position 0 of "),
        "{replay:?}"
    );
}

#[test]
fn two_runs_without_any_receipt_are_not_the_same() {
    let bench = Bench::new();
    bench.model("m.gguf", 1).write("sweep.toml", SWEEP);
    bench.write("four.txt", "one\ntwo two\nthree three three\nfour\n");
    bench.plan();
    for folder in ["a", "b"] {
        bench.write(&format!("{folder}/plan.json"), bench.read("plan.json"));
    }
    let diff = bench.lockstep(&["diff", "a", "b"]);
    diff.exits(2).complains("nothing to compare");
}

#[test]
fn an_engine_against_itself_passes_with_a_remark() {
    let bench = Bench::new();
    let itself = SWEEP.replace("\"rust-engine\"", "\"llama-scalar\"");
    bench.model("m.gguf", 1).write("sweep.toml", itself);
    bench.write("four.txt", "one\ntwo two\n");
    let sweep = bench.lockstep(&["sweep", "sweep.toml", "-o", "run", "--quiet"]);
    assert_eq!(sweep.stderr, "", "quietly");
    assert!(
        sweep.exits(0).stdout.contains("are the same program"),
        "{sweep:?}"
    );
}
