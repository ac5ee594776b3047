//! Engines and flags that cannot be measured, each with its exit code.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::stage::Stage;
use crate::stand_in::{assert_ends, logged_pid, names_in};

const BOTH: [&str; 4] = ["--engine", "a", "--engine", "b"];

/// A sound engine, and one with a fault.
fn beside(fault: &str) -> Stage {
    Stage::empty().engine("a", None).engine("b", Some(fault))
}

/// The negative control of all below.
#[test]
fn exit_0_two_sound_engines() {
    let stage = Stage::new();
    let run = stage.run(&BOTH);
    run.exits(0);
    assert!(run.stdout.contains("ratio"), "{run:?}");
    assert_eq!(run.stderr, "");
    assert_eq!(names_in(&stage.path("tmp")).len(), 0);
}

#[test]
fn an_engine_that_dies_ends_the_bench() {
    for (fault, code, words) in [
        ("exit-three-after-first", 69, "exited with status 3"),
        ("exit-three-at-end", 69, "exited with status 3"),
        ("exit-sixty-five", 65, "exited with status 65"),
        ("abort", 69, "ended by signal 6"),
        ("kill", 75, "ended by signal 9"),
        ("other-id", 65, "answered `xload`, expected `load`"),
    ] {
        for more in [&["--as-configured"][..], &[]] {
            let run = beside(fault).run(&[&BOTH[..], more].concat());
            run.exits(code).complains(&["b: ", words]);
            assert!(run.stdout.is_empty(), "{fault}: {run:?}");
        }
    }
}

#[test]
fn exit_65_an_engine_lies_about_its_time() {
    let run = beside("claims-an-hour").run(&BOTH);
    run.exits(65).complains(&[
        "b: `load` says that prefill and decode took 3600000002000 ns, the whole answer came within",
    ]);
    let run = beside("claims-no-time").run(&BOTH);
    run.exits(65).complains(&["b: prefill_ns of `all` is 0"]);
}

#[test]
fn exit_65_logits_are_not_finite() {
    for fault in ["nan", "infinity"] {
        let run = beside(fault).run(&BOTH);
        let words = "b: position 0: 1 of 257 logits are not finite, the first is that of token 3";
        run.exits(65).complains(&[words]);
    }
    // Alone there is nobody to be compared with.
    let alone = beside("nan").run(&["--engine", "b"]);
    alone.exits(65).complains(&["b: position 0"]);
}

#[test]
fn exit_65_rows_are_not_what_was_asked_for() {
    for fault in ["short-file", "other-shape", "other-threads"] {
        beside(fault).run(&BOTH).exits(65).complains(&["b: "]);
    }
}

#[test]
fn exit_69_an_engine_that_was_named_cannot() {
    let run = beside("cannot-run").run(&BOTH);
    run.exits(69)
        .complains(&["b cannot run this model: unknown architecture"]);
    let stage = Stage::new();
    let run = stage.run(&["--engine", "a", "--engine", "llama-native"]);
    run.exits(69)
        .complains(&["llama-native: program not found"]);
    assert!(stage.starts("evaluate").is_empty(), "nothing was measured");
}

#[test]
fn exit_75_an_engine_hangs() {
    let run = beside("hang").run(&[&BOTH[..], &["--timeout", "1"]].concat());
    run.exits(75)
        .complains(&["b: its description did not come within 1 s"]);
}

/// It says who it is, and hangs when it is to evaluate.
const HANGS: &str =
    "case $* in *evaluate*) exec \"$0\" --fault hang \"$@\";; *) exec \"$0\" \"$@\";; esac";

#[test]
fn exit_75_ctrl_c_ends_the_engine() {
    let stage = Stage::empty().behind("a", &["sh", "-c", HANGS], None);
    let mut lockstep = stage
        .bench(&["--engine", "a"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("lockstep starts");
    while stage.starts("evaluate").is_empty() {
        assert_eq!(lockstep.try_wait().expect("a child"), None, "it waits");
        sleep(Duration::from_millis(10));
    }
    let engine = logged_pid(&stage.path("log"), "start evaluate pid");
    let pid = Pid::from_raw(lockstep.id() as i32).expect("not 0");
    kill_process(pid, Signal::INT).expect("it runs");
    assert_eq!(lockstep.wait().expect("it ends").code(), Some(75));
    assert_ends(engine);
    assert_eq!(names_in(&stage.path("tmp")).len(), 0);
}

#[test]
fn exit_64_flags_that_make_no_sense() {
    for (words, complaint) in [
        (
            &["--positions", "4090", "--steps", "7"][..],
            "need a context of 4097, the model was made for 4096",
        ),
        (&["--engine", "a"], "named twice"),
        (&["--engine", "nobody"], "unknown engine `nobody`"),
        (&["--steps", "1"], "--steps"),
        (&["--threads", "0"], "--threads"),
        (&["--slower-than", "1.1"], "--against"),
        (&["--format", "yaml"], "--format"),
    ] {
        let run = Stage::new().run(&[&BOTH[..], words].concat());
        run.exits(64).complains(&[complaint]);
    }
    // The negative control: as many as fit.
    let stage = Stage::new();
    let run = stage.run(&[
        "--engine",
        "a",
        "--as-configured",
        "--positions",
        "1",
        "--steps",
        "2",
    ]);
    run.exits(0);
}

#[test]
fn exit_65_no_model() {
    let stage = Stage::new();
    std::fs::write(stage.path("model.gguf"), "no model").expect("written");
    let run = stage.run(&BOTH);
    run.exits(65).complains(&["model.gguf: no GGUF file"]);
    assert!(stage.starts("describe").is_empty(), "nobody was asked");
}
