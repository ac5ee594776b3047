//! Passes that are none, as other tools give them: each has its test here, by its name, and goes the
//! whole way from a sweep to its verdict with a real engine and a real reference.

use std::path::Path;

use serde_json::Value;

use crate::bench::{Bench, Run};

const FORMATS: [&str; 3] = ["text", "json", "github"];

/// Three prompts in one profile on one random model.
fn bench(profile: &str) -> Bench {
    let bench = Bench::new();
    bench
        .model("m.gguf", 1)
        .write("prompts.txt", "one is enough\ntwo, too\nthree, then\n");
    bench.write(
        "sweep.toml",
        format!(
            "profiles = [\"{profile}\"]\n[[model]]\nfile = \"m.gguf\"\n\
             [[prompts]]\nfile = \"prompts.txt\"\n[[pair]]\nreference = \"llama-scalar\"\n\
             [settings]\nthreads = 1\nmax_tokens = 2\nallow_small = true\n"
        ),
    );
    bench
}

/// Has an engine started by a wrapper of the tests: `perturb --add 5 17 0.1`, or `distort-output one-nan`.
fn wrap(bench: &Bench, engine: &str, wrapper: &str) {
    let lockstep = Path::new(env!("CARGO_BIN_EXE_lockstep"));
    let mut words: Vec<_> = wrapper.split(' ').map(str::to_owned).collect();
    match words[0].as_str() {
        "perturb" => env!("CARGO_BIN_EXE_perturb").clone_into(&mut words[0]),
        _ => words.insert(0, lockstep.display().to_string()),
    }
    let program = match engine {
        "rust-engine" => lockstep.with_file_name(engine),
        _ => crate::bench::references().join(engine),
    };
    words.extend(["--".to_owned(), program.display().to_string()]);
    bench.write(
        "engines.toml",
        format!("[[engine]]\nname = \"{engine}\"\ncommand = {words:?}\n"),
    );
}

/// All of it in one.
fn sweep(bench: &Bench, out: &str) -> Run {
    bench.lockstep(&["sweep", "sweep.toml", "-o", out, "--quiet"])
}

/// Another line in `sweep.toml`.
fn add(bench: &Bench, line: &str) {
    bench.write("sweep.toml", bench.read("sweep.toml") + line);
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[track_caller]
fn says(run: &Run, part: &str) {
    assert!(run.stdout.contains(part), "{part:?} is not in {run:?}");
}

#[test]
fn exit_0_although_parity_is_disproven() {
    let bench = bench("exact");
    wrap(&bench, "rust-engine", "perturb --add 2 17 0.0001");
    says(sweep(&bench, "run").exits(1), "DIVERGED");
    bench.lockstep(&["gate", "run"]).exits(1);
    let rerun = ["rerun", "run", "--failed", "--quiet"];
    bench.lockstep(&rerun).exits(1);
    let single = [
        "per-token",
        "--model",
        "m.gguf",
        "--prompt",
        "one is enough",
    ];
    bench.lockstep(&single).exits(1);
    wrap(&bench, "rust-engine", "perturb");
    bench.lockstep(&rerun).exits(0);
    bench.lockstep(&single).exits(0);
}

#[test]
fn json_mode_exits_0_where_text_mode_exits_1() {
    let bench = bench("exact");
    sweep(&bench, "good").exits(0);
    wrap(&bench, "rust-engine", "perturb --add 2 17 0.0001");
    sweep(&bench, "bad").exits(1);
    for format in FORMATS {
        bench
            .lockstep(&["gate", "bad", "--format", format])
            .exits(1);
        bench
            .lockstep(&["sweep", "sweep.toml", "-o", "bad", "--format", format])
            .exits(1);
    }
    for format in ["text", "json", "csv"] {
        bench
            .lockstep(&["diff", "good", "bad", "--format", format])
            .exits(1);
        bench
            .lockstep(&["diff", "good", "good", "--format", format])
            .exits(0);
    }
    for format in ["text", "json"] {
        let words = ["per-token", "--model", "m.gguf", "--prompt", "one is"];
        bench
            .lockstep(&[&words[..], &["--format", format]].concat())
            .exits(1);
    }
}

#[test]
fn an_empty_comparison_passes() {
    let bench = bench("exact");
    let mut plan = json(&line_of(&bench));
    for format in FORMATS {
        bench.write("nothing/plan.json", bench.read("plan.json"));
        let gate = bench.lockstep(&["gate", "nothing", "--format", format]);
        gate.exits(5);
    }
    plan["cases"] = Value::Array(Vec::new());
    bench.write("no-case/plan.json", plan.to_string());
    bench.lockstep(&["gate", "no-case"]).exits(4);
    bench.write("prompts.txt", "");
    let empty = bench.lockstep(&["plan", "sweep.toml", "-o", "other.json"]);
    empty.exits(4);
    bench
        .lockstep(&["per-token", "--model", "m.gguf", "--prompt", "", "--no-bos"])
        .exits(4);
}

/// The plan's text, which is there afterwards.
fn line_of(bench: &Bench) -> String {
    bench.plan();
    bench.read("plan.json")
}

/// The engines differ by less than the shipped limits allow, and by more than each of these.
#[test]
fn a_declared_threshold_is_never_applied() {
    let bench = bench("f32");
    wrap(&bench, "rust-engine", "perturb --add 2 17 0.0001");
    sweep(&bench, "shipped").exits(0);
    let toml = bench.read("sweep.toml");
    for limit in [
        "cosine = 1.0",
        "mse = 1e-16",
        "nmse = 1e-16",
        "max_abs = 1e-6",
        "kl = 1e-16",
    ] {
        bench.write("sweep.toml", format!("{toml}[limits]\n{limit}\n"));
        let name = limit.split(' ').next().expect("a name");
        let run = sweep(&bench, name);
        says(run.exits(1), "DIVERGED");
        says(&run, name);
    }
    wrap(&bench, "rust-engine", "perturb --swap-rows 1 3");
    bench.write(
        "sweep.toml",
        format!("{toml}[limits]\ntop5_overlap = 1.0\n"),
    );
    sweep(&bench, "top5_overlap").exits(1);
}

#[test]
fn the_shorter_of_two_lists_decides() {
    for fault in [
        "one-row-missing",
        "one-row-missing-and-said",
        "file-truncated",
    ] {
        let bench = bench("exact");
        wrap(&bench, "rust-engine", &format!("distort-output {fault}"));
        let run = sweep(&bench, "run");
        says(run.exits(65), "3 ENGINE-FAILED\n");
    }
    // And of two runs: what one of them has not is told.
    let bench = bench("exact");
    sweep(&bench, "three").exits(0);
    bench.write("prompts.txt", "one is enough\ntwo, too\n");
    sweep(&bench, "two").exits(0);
    for (one, other, word) in [("three", "two", "gone"), ("two", "three", "new")] {
        let diff = bench.lockstep(&["diff", one, other]);
        says(diff.exits(1), word);
    }
}

#[test]
fn nan_compares_as_fine() {
    for profile in ["exact", "f32"] {
        let bench = bench(profile);
        wrap(&bench, "rust-engine", "perturb --set-nan 2 17");
        says(sweep(&bench, "run").exits(1), "DIVERGED");
    }
    // Of a reference it is no basis for any verdict.
    let bench = bench("exact");
    wrap(&bench, "llama-scalar", "perturb --set-nan 2 17");
    sweep(&bench, "run").exits(65);
}

/// It is allowed, as a test of an installation, and says what it is, whatever the two are called.
#[test]
fn two_runs_of_the_same_engine_compared_as_if_they_were_two_engines() {
    let bench = bench("exact");
    let scalar = crate::bench::references().join("llama-scalar");
    bench.write(
        "engines.toml",
        format!("[[engine]]\nname = \"mine\"\ncommand = [{scalar:?}]\n"),
    );
    for candidate in ["llama-scalar", "mine"] {
        let toml = bench.read("sweep.toml");
        bench.write(
            "sweep.toml",
            toml.replace(
                "[[pair]]",
                &format!("[[pair]]\ncandidate = \"{candidate}\""),
            ),
        );
        let run = sweep(&bench, candidate);
        says(run.exits(0), "are the same program");
        assert!(
            bench
                .read(&format!("{candidate}/summary.md"))
                .contains("are the same program"),
            "{candidate}"
        );
        bench.write("sweep.toml", toml);
    }
}

#[test]
fn a_stale_reference_result_is_used() {
    let bench = bench("exact");
    let run = |out: &str| {
        let words = ["sweep", "sweep.toml", "-o", out, "--quiet"];
        bench.lockstep(&[&words[..], &["--cache", "answers"]].concat())
    };
    run("first").exits(0);
    run("kept").exits(0);
    // The same name, description and settings, but another program.
    wrap(&bench, "llama-scalar", "perturb --add 2 17 0.1");
    says(run("other-program").exits(1), "DIVERGED");
    bench.write("engines.toml", "");
    // The same name of a file, but another model.
    bench.model("m.gguf", 2);
    run("other-model").exits(0);
    let diff = bench.lockstep(&["diff", "first", "other-model"]);
    says(diff.exits(1), "model-changed");
}

#[test]
fn what_is_captured_changes_silently() {
    let bench = bench("exact");
    sweep(&bench, "all").exits(0);
    let toml = bench.read("sweep.toml");
    for (setting, value, told) in [
        ("max_positions", "1", "max_positions: (none) -> 1"),
        ("max_tokens", "1", "greedy_steps: 2 -> 1"),
    ] {
        let toml = toml.replace("max_tokens = 2\n", "");
        bench.write("sweep.toml", format!("{toml}{setting} = {value}\n"));
        sweep(&bench, setting).exits(0);
        let diff = bench.lockstep(&["diff", "all", setting]);
        says(diff.exits(1), "settings of sweep changed");
        says(&diff, told);
        // Results of the one are none of the other.
        let run = ["sweep", "sweep.toml", "-o", "all", "--quiet"];
        bench.lockstep(&run).exits(65);
    }
}

/// Each night's numbers are a little further off, and no further from the night before than that.
#[test]
fn a_rolling_baseline_absorbs_drift() {
    let bench = bench("f32");
    let nights = ["1", "2", "4", "8"].map(|step| {
        wrap(
            &bench,
            "rust-engine",
            &format!("perturb --add 2 17 0.0000{step}"),
        );
        sweep(&bench, step).exits(0);
        step
    });
    for pair in nights.windows(2) {
        let diff = bench.lockstep(&["diff", pair[0], pair[1]]);
        says(diff.exits(1), "worse");
    }
    let trend = bench.lockstep(&[&["trend", "--format", "json"][..], &nights].concat());
    let trend = json(&trend.exits(0).stdout);
    let figure = |night: usize| {
        let figure = &trend["comparisons"][0]["points"][night]["worst"]["max_abs"];
        figure.as_f64().expect("a number")
    };
    assert!((7.0..9.0).contains(&(figure(3) / figure(0))), "{trend}");
    let trend = bench.lockstep(&[&["trend"][..], &nights].concat());
    says(trend.exits(0), "  8.0");
}

#[test]
fn a_limit_creeps_up() {
    let bench = bench("f32");
    add(&bench, "[limits]\nkl = 1e-9\n");
    let toml = bench.read("sweep.toml");
    let nights = ["1e-9", "2e-9", "4e-9"].map(|limit| {
        bench.write("sweep.toml", toml.replace("1e-9", limit));
        sweep(&bench, limit).exits(0);
        limit
    });
    for pair in nights.windows(2) {
        let diff = bench.lockstep(&["diff", pair[0], pair[1]]);
        says(diff.exits(1), "LOOSENED");
        bench.lockstep(&["diff", pair[0], pair[0]]).exits(0);
    }
    let trend = bench.lockstep(&[&["trend", "--format", "json"][..], &nights].concat());
    let trend = json(&trend.exits(0).stdout);
    let since_first = &trend["comparisons"][0]["points"][2]["since_first"];
    assert_eq!(since_first[0]["kind"], "limits-loosened", "{trend}");
}
