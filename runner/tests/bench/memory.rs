//! What an engine's process has of memory, and what becomes of it when the process is gone.

use runner::engine::FaultKind;
use runner::exit::Exit;

use crate::stand_in::{assert_ends, logged, logged_pid, patient, start};

#[test]
fn a_waiting_engine_has_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = logged(None, &folder.path().join("log"));
    let mut evaluation = start(&spec, patient(), &["a"]);
    evaluation.next().expect("an answer");
    let memory = evaluation.memory().expect("it waits");
    assert!(memory.anonymous_bytes > 0);
    assert!(memory.peak_resident_bytes > memory.anonymous_bytes);
    evaluation.finish().expect("a good end");
}

/// The process has ended by itself after its first answer.
#[test]
fn one_that_is_gone_fails_as_it_ended() {
    for (fault, status) in [("exit-three-after-first", 3), ("exit-zero-after-first", 0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let spec = logged(Some(fault), &log);
        let mut evaluation = start(&spec, patient(), &["a"]);
        evaluation.next().expect("an answer");
        assert_ends(logged_pid(&log, "start evaluate pid"));
        let fault = evaluation.memory().expect_err("it is gone");
        match *fault.kind {
            FaultKind::Exited { status: found } => {
                assert_eq!(found, status);
                assert_eq!(fault.exit(), Exit::Unavailable);
            }
            FaultKind::Unanswered { .. } => {
                assert_eq!(status, 0);
                assert_eq!(fault.exit(), Exit::BadInput);
                assert!(fault.to_string().contains("before the size of its memory"));
            }
            ref other => panic!("{other:?}"),
        }
        let again = evaluation.memory().expect_err("still");
        assert_eq!(again, fault);
    }
}
