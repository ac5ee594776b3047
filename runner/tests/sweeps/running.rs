//! Cases are run once, whatever happens: workers that share a folder, workers that are killed or asked to
//! stop, answers that are kept and damaged.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use schemas::environment::Environment;
use schemas::line;
use schemas::receipt::Receipt;

use crate::bench::Bench;

pub(crate) const CASES: usize = 12;

/// Two comparisons of six prompts.
pub(crate) fn twelve() -> Bench {
    let bench = Bench::new();
    bench.model("one.gguf", 1);
    let prompts = (0..CASES / 2).map(|n| format!("prompt {n} {}\n", "and so on ".repeat(n * 3)));
    bench.write("six.txt", prompts.collect::<String>()).write(
        "sweep.toml",
        "profiles = [\"exact\", \"f32\"]\n[[model]]\nfile = \"one.gguf\"\n\
         [[prompts]]\nfile = \"six.txt\"\n\
         [settings]\nthreads = 1\nmax_tokens = 2\nallow_small = true\n",
    );
    assert_eq!(bench.plan().cases.len(), CASES);
    bench
}

pub(crate) fn run(bench: &Bench, words: &[&str]) -> String {
    let all = [&["run", "plan.json"], words].concat();
    let run = bench.lockstep(&all);
    run.exits(0);
    run.stderr
}

/// How many cases a worker says that it has done.
pub(crate) fn done(stderr: &str) -> usize {
    let lines = stderr.lines().filter(|line| line.starts_with('['));
    lines.count()
}

/// Receipts and what stands beside them, but for the environments.
pub(crate) fn results(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for case in fs::read_dir(root.join("cases")).expect("cases") {
        for file in fs::read_dir(case.expect("a case").path()).expect("files") {
            let path = file.expect("a file").path();
            if !path.ends_with("environment.json") {
                let name = path.strip_prefix(root).expect("below it").to_owned();
                files.insert(name, fs::read(&path).expect("readable"));
            }
        }
    }
    files
}

fn start(bench: &Bench, words: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .current_dir(bench.path(""))
        .env("LOCKSTEP_REFERENCES", crate::bench::references())
        .env("XDG_CACHE_HOME", bench.path("cache"))
        .args(["run", "plan.json"])
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

fn receipts(root: &Path) -> usize {
    let cases = fs::read_dir(root.join("cases")).into_iter().flatten();
    let has = cases.filter(|case| {
        let path = case.as_ref().expect("a case").path();
        path.join("receipt.json").is_file()
    });
    has.count()
}

#[test]
fn what_has_a_result_is_not_run_again() {
    let bench = twelve();
    let first = run(&bench, &["--out", "a"]);
    assert_eq!(done(&first), CASES, "{first}");
    let before = results(&bench.path("a"));
    assert_eq!(done(&run(&bench, &["--out", "a"])), 0);
    let lost = before.keys().find(|it| it.ends_with("receipt.json"));
    fs::remove_file(bench.path("a").join(lost.expect("one"))).expect("removed");
    assert_eq!(done(&run(&bench, &["--out", "a"])), 1);
    assert_eq!(results(&bench.path("a")), before);
    assert_eq!(done(&run(&bench, &["--out", "a", "--again"])), CASES);
    assert_eq!(results(&bench.path("a")), before);
}

#[test]
fn workers_that_share_a_folder_never_do_a_case_twice() {
    let bench = twelve();
    run(&bench, &["--out", "alone"]);
    let workers: Vec<_> = (0..3)
        .map(|_| start(&bench, &["--out", "shared"]))
        .collect();
    let ends = workers.into_iter().map(|worker| {
        let output = worker.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        done(&String::from_utf8_lossy(&output.stderr))
    });
    let each: Vec<_> = ends.collect();
    assert_eq!(each.iter().sum::<usize>(), CASES, "{each:?}");
    assert_eq!(
        results(&bench.path("shared")),
        results(&bench.path("alone"))
    );
    let jobs = run(&bench, &["--out", "jobs", "--jobs", "3"]);
    assert_eq!(done(&jobs), CASES);
    assert_eq!(results(&bench.path("jobs")), results(&bench.path("alone")));
}

#[test]
fn a_worker_that_was_killed_leaves_nothing_that_differs() {
    let bench = twelve();
    run(&bench, &["--out", "whole"]);
    for round in 0..8 {
        let mut worker = start(&bench, &["--out", "killed"]);
        thread::sleep(Duration::from_millis(60 + 130 * round));
        worker.kill().expect("killed, or ended");
        worker.wait().expect("collected");
    }
    run(&bench, &["--out", "killed"]);
    assert_eq!(
        results(&bench.path("killed")),
        results(&bench.path("whole"))
    );
}

/// Evaluates like `rust-engine`, but hangs as long as a file is there, and says so by another.
const HANGS: &str = "case $1 in evaluate) if [ -e \"$WAIT\" ]; then : > \"$WAIT.here\"; \
                     exec sleep 600; fi;; esac; exec \"$ENGINE\" \"$@\"";

/// The same cases with that engine, which does not hang yet.
pub(crate) fn twelve_that_may_hang() -> Bench {
    let bench = twelve();
    let engine = Path::new(env!("CARGO_BIN_EXE_lockstep")).with_file_name("rust-engine");
    let wait = bench.path("wait");
    bench.write(
        "engines.toml",
        format!(
            "[[engine]]\nname = \"hanging\"\ncommand = [\"sh\", \"-c\", {HANGS:?}, \"sh\"]\n\
             environment = {{ WAIT = '{}', ENGINE = '{}' }}\n",
            wait.display(),
            engine.display()
        ),
    );
    let sweep = bench.read("sweep.toml");
    bench.write(
        "sweep.toml",
        format!("{sweep}[[pair]]\ncandidate = \"hanging\"\n"),
    );
    bench.plan();
    bench
}

/// Runs until the engine hangs, and has the worker stop then.
pub(crate) fn stop_in_the_middle(bench: &Bench, words: &[&str]) {
    bench.write("wait", "");
    let worker = start(bench, words);
    let waited = Instant::now();
    while !bench.path("wait.here").exists() {
        assert!(
            waited.elapsed() < Duration::from_secs(60),
            "no case is begun"
        );
        thread::sleep(Duration::from_millis(20));
    }
    let asked = Instant::now();
    let pid = Pid::from_raw(worker.id() as i32).expect("a process");
    kill_process(pid, Signal::TERM).expect("a signal");
    let output = worker.wait_with_output().expect("it ends");
    assert!(asked.elapsed() < Duration::from_secs(5), "it took its time");
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    fs::remove_file(bench.path("wait")).expect("removed");
}

#[test]
fn who_is_asked_to_stop_marks_the_case_and_is_gone_at_once() {
    let bench = twelve_that_may_hang();
    stop_in_the_middle(&bench, &["--out", "stopped"]);
    let left = results(&bench.path("stopped"));
    let marks = left
        .iter()
        .filter(|(path, _)| path.ends_with("receipt.json"));
    let marks: Vec<Receipt> = marks
        .map(|(_, text)| line::read_whole(std::str::from_utf8(text).expect("text")))
        .collect::<Result<_, _>>()
        .expect("receipts");
    assert_eq!(marks.len(), 1, "the case that was under way");
    assert_eq!(marks[0].exit.code, 75);
    assert!(
        marks[0].reason.contains("interrupted"),
        "{}",
        marks[0].reason
    );
    assert_eq!(done(&run(&bench, &["--out", "stopped"])), CASES);
}

/// Machines with other numbers of processors, and workers that share them otherwise.
#[test]
fn threads_that_nobody_named_change_no_byte_of_a_run() {
    let bench = twelve();
    let sweep = bench.read("sweep.toml").replace("threads = 1\n", "");
    bench.write("sweep.toml", sweep);
    bench.plan();
    run(&bench, &["--out", "one", "--threads", "1"]);
    run(&bench, &["--out", "three", "--threads", "3", "--jobs", "2"]);
    assert_eq!(results(&bench.path("one")), results(&bench.path("three")));
    let case = first_case(&bench.path("three"));
    let receipt: Receipt =
        line::read_whole(&bench.read(&format!("three/cases/{case}/receipt.json")))
            .expect("a receipt");
    let settings = receipt.engines.candidate.settings.expect("it evaluated");
    assert_eq!(settings.threads, None);
    let merged = [["one", "three"], ["three", "one"]].map(|[a, b]| {
        let merged = bench.lockstep(&["merge", a, b, "-o", "run"]);
        merged.exits(0);
        results(&bench.path("run"))
    });
    assert_eq!(merged[0], merged[1]);
    // `three` came first.
    let replay = bench.lockstep(&["replay", "run", &case]);
    assert!(replay.stdout.contains("--threads 3"), "{replay:?}");
}

pub(crate) fn first_case(root: &Path) -> String {
    let case = fs::read_dir(root.join("cases")).expect("cases").next();
    let name = case.expect("one").expect("an entry").file_name();
    name.into_string().expect("an id")
}

#[test]
fn what_would_silently_come_to_nothing_is_a_wrong_command_line() {
    let bench = twelve();
    let id = |n: usize| bench.plan().cases[n].keys.id.clone();
    let (first, last) = (id(0), id(CASES - 1));
    let of_shard = |ids: &[&str]| {
        let words = ["run", "plan.json", "--out", "a", "--shard", "1/2"];
        let ids = ids.iter().flat_map(|id| ["--only", id]);
        bench.lockstep(&words.into_iter().chain(ids).collect::<Vec<_>>())
    };
    let told = format!("case {last} is in another shard");
    of_shard(&[&last]).exits(64).complains(&told);
    of_shard(&[&first, &last]).exits(64).complains(&told);
    assert_eq!(receipts(&bench.path("a")), 0);
    of_shard(&[&first]).exits(0);
    let no_room = ["run", "plan.json", "--out", "a", "--disk-budget", "0"];
    bench
        .lockstep(&no_room)
        .exits(64)
        .complains("--disk-budget");
}

#[test]
fn results_of_two_plans_are_not_mixed() {
    let bench = twelve();
    run(&bench, &["--out", "a", "--shard", "1/12"]);
    bench.write("six.txt", "other\n");
    bench.plan();
    let refused = bench.lockstep(&["run", "plan.json", "--out", "a"]);
    refused.exits(65).complains("results of another plan");
}

#[test]
fn a_model_that_is_not_the_planned_one_is_refused() {
    let bench = twelve();
    bench.model("one.gguf", 2);
    let refused = bench.lockstep(&["run", "plan.json", "--out", "a"]);
    refused.exits(65).complains("was planned");
    assert_eq!(receipts(&bench.path("a")), 0);
    bench.model("elsewhere.gguf", 1);
    let elsewhere = ["run", "plan.json", "--out", "a", "--model"];
    let elsewhere = [&elsewhere[..], &["one.gguf=elsewhere.gguf"]].concat();
    bench.lockstep(&elsewhere).exits(0);
    assert_eq!(receipts(&bench.path("a")), CASES);
}

/// Of how many cases the reference's answer was kept.
fn kept(root: &Path) -> usize {
    let cases = fs::read_dir(root.join("cases")).expect("cases");
    let environments = cases.map(|case| {
        let path = case.expect("a case").path().join("environment.json");
        let text = fs::read_to_string(path).expect("an environment");
        line::read_whole::<Environment>(&text).expect("an environment")
    });
    environments.filter(|it| it.reference.kept_answer).count()
}

#[test]
fn kept_answers_change_no_result_and_damaged_ones_are_not_taken() {
    let bench = twelve();
    run(&bench, &["--out", "without"]);
    let with = |out: &str| {
        run(&bench, &["--out", out, "--cache", "answers"]);
        assert_eq!(
            results(&bench.path(out)),
            results(&bench.path("without")),
            "{out}"
        );
        kept(&bench.path(out))
    };
    assert_eq!(with("first"), 0);
    assert_eq!(with("second"), CASES);
    let mut spoilt = 0;
    for file in fs::read_dir(bench.path("answers")).expect("answers") {
        let path = file.expect("a file").path();
        if path.to_string_lossy().ends_with(".logits.npy") && spoilt < 3 {
            let mut bytes = fs::read(&path).expect("readable");
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(&path, bytes).expect("written");
            spoilt += 1;
        }
    }
    assert_eq!(with("third"), CASES - 3);
    assert_eq!(with("fourth"), CASES, "they were kept again");
}
