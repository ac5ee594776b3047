//! What an engine may have and see, and how long it lives: memory, environment, private folder,
//! interruption, the death of the runner.

mod stand_in;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use runner::engine::{Client, FaultKind, Interrupt, Supervision};
use runner::exit::Exit;
use rustix::process::{Pid, Signal, kill_process};
use stand_in::{
    MODEL, PROGRAM, assert_ends, engine, fault_of, faulty, logged, logged_pid, names_in, patient,
    start,
};

const MEBIBYTE: u64 = 1 << 20;

#[test]
fn an_engine_that_allocates_without_end_is_stopped_and_can_be_retried() {
    let memory_bytes = Some(256 * MEBIBYTE);
    let fault = fault_of(
        &faulty("allocate"),
        Supervision {
            memory_bytes,
            ..patient()
        },
    );
    assert_eq!(
        *fault.kind,
        FaultKind::OutOfMemory {
            limit_bytes: memory_bytes
        },
        "{fault}"
    );
    assert_eq!(fault.exit(), Exit::Retryable);
    let words = "stand-in: ran out of memory; its limit was 268435456 bytes";
    assert!(fault.to_string().starts_with(words), "{fault}");
}

/// A path and a deliberate answer may have any words.
#[test]
fn who_names_a_file_like_that_is_not_out_of_memory() {
    let folder = tempfile::tempdir().expect("folder");
    let target = folder.path().join("out of memory.gguf");
    fs::write(&target, "").expect("written");
    let link = folder.path().join("link.gguf");
    symlink(&target, &link).expect("linked");
    let link = link.to_str().expect("UTF-8");
    let plain = "models/out of memory/bad_alloc.gguf";
    let dies = "echo \"terminate called: 'std::bad_alloc'\" >&2; kill -ABRT $$";
    // The model's path, an engine, and whether it got no memory.
    let cases = [
        (plain, "echo \"cannot load $1\" >&2; exit 69", false),
        (plain, "echo \"cannot load $PWD/$1\" >&2; exit 69", false),
        (
            plain,
            "echo \"no folder $(dirname \"$1\")\" >&2; exit 69",
            false,
        ),
        (
            plain,
            "echo 'bad_alloc.gguf: cut short' >&2; kill -ABRT $$",
            false,
        ),
        (
            plain,
            "echo '`/x/bad_alloc.gguf`?' >&2; kill -ABRT $$",
            false,
        ),
        (
            plain,
            "echo 'tensor `out of memory` has no type' >&2; exit 65",
            false,
        ),
        (
            "out of memory/m",
            "echo \"no folder $(dirname \"$1\")\" >&2; exit 69",
            false,
        ),
        (
            link,
            "echo \"cannot load $(realpath \"$1\")\" >&2; exit 69",
            false,
        ),
        (plain, "echo \"$1: out of memory\" >&2; exit 69", true),
        (plain, dies, true),
        ("bad_alloc", dies, true),
        ("bad_alloc", "echo \"cannot load $1\" >&2; exit 69", false),
    ];
    let is_wrong = |(path, script, lacks): &(&str, &str, bool)| {
        let fault = fault_of(&engine(&["/bin/sh", "-c", script, "sh", path]), patient());
        (fault.exit() == Exit::Retryable) != *lacks
    };
    let wrong: Vec<_> = cases.iter().filter(|case| is_wrong(case)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An engine that survives it declines by the protocol, which it also does for good.
#[test]
fn an_engine_that_declines_for_want_of_memory_can_be_retried() {
    let told = "s/unknown architecture\\|token 99999/$WORDS/";
    let declines = |fault: &str, words: &str| {
        let script = format!("\"$0\" --fault {fault} \"$@\" | sed -u \"{told}\"");
        let mut spec = engine(&["/bin/sh", "-c", &script, PROGRAM]);
        let words = ("WORDS".to_owned(), words.to_owned());
        spec.environment.extend([words]);
        spec
    };
    let describe = |words| {
        let spec = declines("cannot-run", words);
        Client::new(&spec, patient()).describe(Some(Path::new(MODEL)))
    };
    let fault = describe("loading: std::bad_alloc").expect_err("must fail");
    assert_eq!(fault.exit(), Exit::Retryable, "{fault}");
    let description = describe("no bad allocation").expect("described");
    assert_eq!(description.can_run, Some(false));

    let evaluate = |words| fault_of(&declines("decline-first", words), patient());
    let fault = evaluate("failed to allocate the context");
    assert_eq!(fault.exit(), Exit::Retryable, "{fault}");
    let fault = evaluate("no bad allocation");
    assert_eq!(fault.exit(), Exit::Unavailable, "{fault}");
}

#[test]
fn a_mapped_model_does_not_count_as_memory() {
    let folder = tempfile::tempdir().expect("folder");
    let model = folder.path().join("model.gguf");
    // A file with a hole: large, and nothing on the disk.
    fs::File::create(&model)
        .expect("file")
        .set_len(1024 * MEBIBYTE)
        .expect("size");
    let script = "import mmap, sys
file = open(sys.argv[1], 'rb')
model = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
print('mapped', len(model), sum(model[i] for i in range(0, len(model), 1 << 20)))
sys.exit(7)";
    let spec = engine(&["python3", "-c", script, model.to_str().expect("UTF-8")]);
    let supervision = Supervision {
        memory_bytes: Some(128 * MEBIBYTE),
        ..patient()
    };
    let fault = Client::new(&spec, supervision)
        .describe(None)
        .expect_err("is no engine");
    // It got to its end, and not to a MemoryError.
    assert_eq!(*fault.kind, FaultKind::Exited { status: 7 }, "{fault}");
}

#[test]
fn an_engine_sees_only_what_it_may_and_a_private_folder() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let mut spec = logged(None, &log);
    spec.environment
        .insert("OMP_NUM_THREADS".to_owned(), "3".to_owned());
    let scratch = Some(folder.path().to_owned());
    let client = Client::new(
        &spec,
        Supervision {
            scratch,
            ..patient()
        },
    );
    client.describe(Some(Path::new(MODEL))).expect("described");

    let text = fs::read_to_string(&log).expect("log");
    let mut seen: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("env ")?.split_once('='))
        .collect();
    let at = seen
        .iter()
        .position(|(name, _)| *name == "TMPDIR")
        .expect("TMPDIR is set");
    let (_, temporary) = seen.remove(at);
    assert!(
        Path::new(temporary).starts_with(folder.path()),
        "{temporary}"
    );
    assert!(
        !Path::new(temporary).exists(),
        "the private folder was left"
    );
    let recorded = client.recorded_environment();
    let recorded: Vec<(&str, &str)> = recorded
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, recorded);
    assert!(recorded.contains(&("OMP_NUM_THREADS", "3")));
    assert!(
        !recorded.iter().any(|(name, _)| name.starts_with("CARGO")),
        "{recorded:?}"
    );
}

#[test]
fn an_interrupt_ends_a_wait_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let supervision = Supervision {
        interrupt,
        scratch: Some(folder.path().to_owned()),
        ..patient()
    };
    let mut evaluation = start(&logged(Some("hang"), &log), supervision, &["a"]);
    let grandchild = logged_pid(&log, "grandchild");
    let raiser = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        raised.raise();
    });
    // Had it not been heeded, this would be the time limit's.
    let fault = evaluation.next().expect_err("must fail");
    raiser.join().expect("raised");
    assert_eq!(
        (&*fault.kind, fault.exit()),
        (&FaultKind::Interrupted, Exit::Retryable)
    );
    assert!(
        fault.to_string().contains("the runner was interrupted"),
        "{fault}"
    );
    assert_ends(grandchild);
    drop(evaluation);
    assert_eq!(names_in(folder.path()), [log]);
}

/// Starts a runner in small, sends it the signals, and gives its exit code, once the engine and
/// its grandchild have ended.
fn stop_a_runner_by(start: &[&str], signals: &[Signal], temporary: &Path) -> Option<i32> {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let mut runner = Command::new(start[0])
        .args(&start[1..])
        .args(["--log", log.to_str().expect("UTF-8"), "supervise"])
        .env("TMPDIR", temporary)
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let grandchild = logged_pid(&log, "grandchild");
    let engine = logged_pid(&log, "start evaluate pid");
    let pid = Pid::from_raw(runner.id().try_into().expect("a process number")).expect("not 0");
    for (index, &signal) in signals.iter().enumerate() {
        if index > 0 {
            // Time in which the signal before could end the runner.
            thread::sleep(Duration::from_millis(300));
        }
        kill_process(pid, signal).expect("it runs");
    }
    let status = runner.wait().expect("it ends");
    assert_ends(engine);
    assert_ends(grandchild);
    status.code()
}

#[test]
fn ctrl_c_ends_the_engine_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let temporary = tempfile::tempdir().expect("folder");
        assert_eq!(
            stop_a_runner_by(&[PROGRAM], &[signal], temporary.path()),
            Some(75)
        );
        assert!(names_in(temporary.path()).is_empty());
    }
}

#[test]
fn an_engine_does_not_outlive_its_runner() {
    let temporary = tempfile::tempdir().expect("folder");
    assert_eq!(
        stop_a_runner_by(&[PROGRAM], &[Signal::KILL], temporary.path()),
        None
    );
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let temporary = tempfile::tempdir().expect("folder");
    let start = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", PROGRAM];
    let signals = [Signal::HUP, Signal::KILL];
    assert_eq!(stop_a_runner_by(&start, &signals, temporary.path()), None);
}
