//! The script for a whole night: it goes on where it was, keeps what it must, and tells one line.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bench::{Bench, references};

fn bench() -> Bench {
    let bench = Bench::new();
    bench
        .model("m.gguf", 1)
        .write("two.txt", "one\ntwo two\n")
        .write(
            "sweep.toml",
            "[[model]]\nfile = \"m.gguf\"\n[[prompts]]\nfile = \"two.txt\"\n\
         [settings]\nthreads = 1\nmax_tokens = 1\nallow_small = true\n",
        );
    bench
}

/// One night: its exit code and what it tells.
fn night(bench: &Bench, name: &str) -> (i32, Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/nightly.sh");
    let output = Command::new("bash")
        .arg(script)
        .args(["sweep.toml", "nights", "--keep", "2", "--night", name])
        .current_dir(bench.path(""))
        .env("LOCKSTEP", env!("CARGO_BIN_EXE_lockstep"))
        .env("LOCKSTEP_REFERENCES", references())
        .env("XDG_CACHE_HOME", bench.path("cache"))
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let line = text
        .lines()
        .last()
        .unwrap_or_else(|| panic!("{:?}", output.stderr));
    let told = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.code().expect("an exit code"), told)
}

/// The nights that are there, links apart.
fn nights(bench: &Bench) -> Vec<String> {
    let entries = fs::read_dir(bench.path("nights")).expect("nights");
    let entries = entries.map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.file_type().expect("a type").is_dir());
    let mut names: Vec<_> = folders
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn nights_go_by_and_the_baseline_stays() {
    let bench = bench();
    let (code, first) = night(&bench, "1");
    assert_eq!(
        (code, &first["exit"]["name"]),
        (0, &"parity".into()),
        "{first}"
    );
    assert_eq!(first["diff_last_good"], Value::Null);
    let name = |told: &Value| told["night"].as_str().expect("a name").to_owned();
    let baseline = name(&first);
    symlink(&baseline, bench.path("nights/baseline")).expect("a link");
    let later = (2..7).map(|number| {
        let (code, told) = night(&bench, &number.to_string());
        assert_eq!(code, 0, "{told}");
        assert_eq!(told["diff_last_good"], 0, "{told}");
        assert_eq!(told["diff_baseline"], 0, "{told}");
        name(&told)
    });
    let later: Vec<_> = later.collect();
    let last = later.last().expect("nights").clone();
    assert!(bench.path("nights/baseline/report.html").is_file());
    let left = nights(&bench);
    assert_eq!(left.len(), 3, "two nights and the baseline: {left:?}");
    assert!(left.contains(&baseline) && left.contains(&last), "{left:?}");
    let (code, again) = night(&bench, "6");
    assert_eq!((code, name(&again)), (0, last), "the same night goes on");
}

#[test]
fn a_night_that_finds_a_difference_says_so_and_is_no_last_good_one() {
    let bench = bench();
    night(&bench, "1");
    // Its second prompt has other tokens in the model of the reference.
    bench.model("other.gguf", 2);
    let sweep = bench.read("sweep.toml");
    bench.write(
        "sweep.toml",
        sweep.replace("\"m.gguf\"", "\"m.gguf\"\nreference_file = \"other.gguf\""),
    );
    let (code, told) = night(&bench, "2");
    assert_eq!((code, &told["exit"]["code"]), (1, &1.into()), "{told}");
    assert_eq!(told["diff_last_good"], 1, "{told}");
    let good = fs::read_link(bench.path("nights/last-good")).expect("a link");
    assert!(good.to_string_lossy().starts_with("1-"), "{good:?}");
}

#[test]
fn one_night_at_a_time() {
    let bench = bench();
    fs::create_dir(bench.path("nights")).expect("a folder");
    let lock = fs::File::create(bench.path("nights/.lock")).expect("a file");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("a lock");
    let (code, told) = night(&bench, "1");
    assert_eq!((code, &told["stage"]), (75, &"lock".into()), "{told}");
    drop(lock);
    assert_eq!(night(&bench, "1").0, 0);
}
