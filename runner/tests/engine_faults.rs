//! Engines that end, hang or never start: each fault is made to happen, and its kind, its exit
//! class and its wording are checked.

mod stand_in;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use runner::engine::{Client, EngineFault, FaultKind, Wait};
use runner::exit::Exit;
use stand_in::{
    assert_ends, engine, evaluate, fault_of, faulty, id, impatient, logged, logged_pid, patient,
    start,
};

fn assert_fault(fault: &EngineFault, kind: &FaultKind, exit: Exit, words: &str) {
    assert_eq!(*fault.kind, *kind, "{fault}");
    assert_eq!(fault.exit(), exit, "{fault}");
    assert!(
        fault.to_string().contains(words),
        "{fault}\ndoes not say: {words}"
    );
    assert!(fault.to_string().starts_with("stand-in: "), "{fault}");
}

#[test]
fn a_program_that_is_not_there() {
    for program in ["/nowhere/engine", "no-such-program-anywhere"] {
        let fault = Client::new(&engine(&[program]), patient()).describe(None);
        let kind = FaultKind::NotFound {
            program: program.to_owned(),
        };
        let fault = fault.expect_err("must fail");
        assert_fault(
            &fault,
            &kind,
            Exit::Unavailable,
            &format!("program not found: {program}"),
        );
        assert_eq!(fault.command, [program, "describe"]);
    }
}

#[test]
fn a_program_that_cannot_be_executed() {
    let folder = tempfile::tempdir().expect("folder");
    let script = folder.path().join("engine");
    fs::write(&script, "#!/bin/sh\n").expect("write");
    let nonsense = folder.path().join("nonsense");
    // By another process: a file that a thread of this one had open for writing just now can be
    // "busy" for a moment, when another test starts a process in between.
    let make = "head -c 64 /dev/zero > \"$0\" && chmod 755 \"$0\"";
    let made = Command::new("sh")
        .args(["-c", make])
        .arg(&nonsense)
        .status()
        .expect("sh");
    assert!(made.success());
    for path in [&script, &nonsense, &folder.path().to_owned()] {
        let program = path.to_str().expect("UTF-8").to_owned();
        let fault = Client::new(&engine(&[&program]), patient()).describe(None);
        let kind = FaultKind::NotExecutable { program };
        assert_fault(
            &fault.expect_err("must fail"),
            &kind,
            Exit::Unavailable,
            "cannot be executed",
        );
    }
}

#[test]
fn an_exit_status_comes_with_the_last_words() {
    let fault = fault_of(&faulty("exit-one"), patient());
    let kind = FaultKind::Exited { status: 1 };
    assert_fault(
        &fault,
        &kind,
        Exit::Unavailable,
        "exited with status 1, expected 0",
    );
    assert_eq!(fault.stderr, ["first words", "last words: cannot go on"]);
    assert!(
        fault
            .to_string()
            .ends_with("    first words\n    last words: cannot go on")
    );
}

#[test]
fn a_malformed_model_is_bad_input() {
    let fault = Client::new(&faulty("exit-sixty-five"), patient())
        .describe(Some(Path::new("model.gguf")))
        .expect_err("must fail");
    let words = "magic is ABCD, expected GGUF";
    assert_fault(
        &fault,
        &FaultKind::Exited { status: 65 },
        Exit::BadInput,
        words,
    );
}

#[test]
fn signals_are_named_and_only_a_kill_can_be_retried() {
    for (fault, signal, exit, name) in [
        ("kill", 9, Exit::Retryable, "ended by signal 9 (SIGKILL"),
        ("segv", 11, Exit::Unavailable, "ended by signal 11 (SIGSEGV"),
        ("abort", 6, Exit::Unavailable, "ended by signal 6 (SIGABRT"),
    ] {
        let fault = fault_of(&faulty(fault), patient());
        assert_fault(&fault, &FaultKind::Signalled { signal }, exit, name);
    }
}

#[test]
fn a_hung_engine_ends_with_its_whole_group() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let fault = fault_of(&logged(Some("hang"), &log), impatient());
    let kind = FaultKind::TimedOut {
        wait: Wait::Item(id("a")),
        limit_s: 1.5,
    };
    let words = "the answer to `a` did not come within 1.5 s; the engine and its process group \
                 were ended";
    assert_fault(&fault, &kind, Exit::Retryable, words);
    assert_ends(logged_pid(&log, "start evaluate pid"));
    assert_ends(logged_pid(&log, "grandchild"));
}

#[test]
fn an_engine_that_does_not_end_is_ended() {
    let mut evaluation = start(&faulty("no-end"), impatient(), &["a"]);
    evaluation.next().expect("a good answer");
    let fault = evaluation.finish().expect_err("must fail");
    let kind = FaultKind::TimedOut {
        wait: Wait::Exit,
        limit_s: 1.5,
    };
    assert_fault(
        &fault,
        &kind,
        Exit::Retryable,
        "its end did not come within 1.5 s",
    );
}

#[test]
fn an_engine_that_fails_at_its_end() {
    let mut evaluation = start(&faulty("exit-three-at-end"), patient(), &["a"]);
    evaluation.next().expect("a good answer");
    let fault = evaluation.finish().expect_err("must fail");
    let kind = FaultKind::Exited { status: 3 };
    assert_fault(&fault, &kind, Exit::Unavailable, "exited with status 3");
}

#[test]
fn success_before_the_answer_is_no_success() {
    let fault = fault_of(&faulty("exit-zero"), patient());
    let kind = FaultKind::Unanswered {
        wait: Wait::Item(id("a")),
    };
    assert_fault(
        &fault,
        &kind,
        Exit::BadInput,
        "exited with status 0 before the answer to `a`",
    );
}

#[test]
fn a_grandchild_that_holds_the_pipes_delays_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let began = Instant::now();

    let fault = fault_of(&logged(Some("exit-zero-leave-grandchild"), &log), patient());
    let kind = FaultKind::Unanswered {
        wait: Wait::Item(id("a")),
    };
    assert_fault(&fault, &kind, Exit::BadInput, "before the answer to `a`");
    assert_ends(logged_pid(&log, "grandchild"));

    fs::remove_file(&log).expect("the log");
    let mut evaluation = start(&logged(Some("leave-grandchild"), &log), patient(), &["a"]);
    evaluation.next().expect("a good answer");
    evaluation.finish().expect("a good end");
    assert_ends(logged_pid(&log, "grandchild"));
    assert!(
        began.elapsed() < patient().timeout,
        "waited for the grandchild"
    );
}

#[test]
fn a_flood_on_stderr_harms_nobody() {
    let item = evaluate(&faulty("flood-stderr"), patient()).expect("a good answer");
    assert_eq!(item.logits.rows(), 3);
}

#[test]
fn a_flood_on_stdout_is_stopped() {
    let fault = fault_of(&faulty("flood-stdout"), patient());
    let kind = FaultKind::LineTooLong {
        limit_bytes: 16 << 20,
    };
    assert_fault(&fault, &kind, Exit::BadInput, "longer than 16777216 bytes");
}

#[test]
fn an_engine_that_closes_its_stdin_cannot_keep_us_waiting() {
    let spec = engine(&["/bin/sh", "-c", "exec <&-; exec sleep 1000"]);
    let mut evaluation = start(&spec, patient(), &[]);
    std::thread::sleep(Duration::from_millis(200));
    evaluation
        .submit(&stand_in::request("a"))
        .expect("handed over");
    let fault = evaluation.next().expect_err("must fail");
    let kind = FaultKind::ClosedInput {
        wait: Wait::Item(id("a")),
    };
    let words = "closed its standard input, so the answer to `a` can never come";
    assert_fault(&fault, &kind, Exit::BadInput, words);
    // The engine has been ended; later calls say why.
    assert_eq!(
        evaluation.submit(&stand_in::request("b")),
        Err(fault.clone())
    );
    assert_eq!(evaluation.finish(), Err(fault));
}

#[test]
fn an_engine_that_closes_its_stdout_cannot_keep_us_waiting() {
    let fault = fault_of(
        &engine(&["/bin/sh", "-c", "exec >&-; exec sleep 1000"]),
        impatient(),
    );
    let kind = FaultKind::ClosedOutput {
        wait: Wait::Item(id("a")),
    };
    let words = "closed its standard output before the answer to `a` and went on running";
    assert_fault(&fault, &kind, Exit::BadInput, words);
}

#[test]
fn an_engine_that_does_not_read_blocks_nobody() {
    let mut evaluation = start(&engine(&["sleep", "1000"]), impatient(), &[]);
    let began = Instant::now();
    let mut request = stand_in::request("a");
    // More than any pipe holds.
    request.tokens = vec![4_000_000_000; 1_000_000];
    evaluation.submit(&request).expect("handed over");
    // Whoever waited for it to read would wait until it ends.
    assert!(began.elapsed() < Duration::from_secs(500));
    drop(evaluation);
}

#[test]
fn escape_sequences_of_the_engine_do_not_reach_the_terminal() {
    let mut evaluation = start(&faulty("escape-sequences"), patient(), &["a"]);
    evaluation.next().expect("a good answer");
    evaluation
        .submit(&stand_in::request("b"))
        .expect("handed over");
    let item = evaluation.next().expect("a good answer");
    drop(item);
    let spec = engine(&["/bin/sh", "-c", "printf 'x\\033[2Jy\\n' >&2; exit 1"]);
    let fault = fault_of(&spec, patient());
    assert_eq!(fault.stderr, ["x\u{1b}[2Jy"]);
    assert!(fault.to_string().contains("x\\u{1b}[2Jy"), "{fault}");
}
