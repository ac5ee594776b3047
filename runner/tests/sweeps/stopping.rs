//! Who asks a command to stop is not kept waiting by one that waits for nothing itself.

use std::io::{self, PipeReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::{Bench, references};

/// A pipe that nobody reads and nothing more fits into: whoever writes to it does not go on.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    let flags = fcntl_getfl(&writer).expect("flags");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("set");
    while writer.write(&[0; 4096]).is_ok() {}
    while writer.write(&[0]).is_ok() {}
    fcntl_setfl(&writer, flags).expect("set");
    (reader, writer.into())
}

fn is_blocked(pid: u32) -> bool {
    // Where the kernel holds it: its main thread, which is the one that tells.
    let place = std::fs::read_to_string(format!("/proc/{pid}/wchan"));
    place.is_ok_and(|it| it.contains("pipe_write"))
}

/// Starts it, asks it to stop once it is held up in telling, and sees how it ends.
fn stop(bench: &Bench, words: &[&str], told_on: &str) {
    let (_reader, full) = full_pipe();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command
        .current_dir(bench.path(""))
        .env("LOCKSTEP_REFERENCES", references())
        .env("XDG_CACHE_HOME", bench.path("cache"))
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match told_on {
        "stdout" => command.stdout(full),
        _ => command.stderr(full),
    };
    let mut lockstep = command.spawn().expect("it starts");
    let begun = Instant::now();
    while !is_blocked(lockstep.id()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{words:?}");
        assert_eq!(lockstep.try_wait().expect("a child"), None, "{words:?}");
        thread::sleep(Duration::from_millis(20));
    }
    let asked = Instant::now();
    let pid = Pid::from_raw(lockstep.id() as i32).expect("a process");
    kill_process(pid, Signal::TERM).expect("a signal");
    let ended = lockstep.wait().expect("it ends");
    let took = asked.elapsed();
    assert_eq!(ended.code(), Some(75), "{words:?}");
    assert!(took < Duration::from_secs(5), "{words:?}: {took:?}");
}

#[test]
fn whatever_holds_a_command_up_ends_within_five_seconds() {
    let bench = Bench::new();
    bench
        .model("tiny.gguf", 1)
        .write("lines.txt", "one\ntwo\n")
        .write(
            "sweep.toml",
            "[[model]]\nfile = \"tiny.gguf\"\n[[prompts]]\nfile = \"lines.txt\"\n\
         [settings]\nthreads = 1\nallow_small = true\n",
        );
    bench.plan();
    bench.lockstep(&["run", "plan.json", "--out", "a"]).exits(0);
    stop(&bench, &["plan", "plan.json", "--list"], "stdout");
    stop(&bench, &["run", "plan.json", "--out", "b"], "stderr");
    stop(&bench, &["merge", "a", "-o", "merged"], "stderr");
    stop(&bench, &["gate", "a"], "stdout");
    stop(&bench, &["sweep", "sweep.toml", "-o", "c"], "stdout");
    // What was cut short is done again, and nothing of it is in the way.
    bench.lockstep(&["merge", "a", "-o", "merged"]).exits(0);
    bench.lockstep(&["sweep", "sweep.toml", "-o", "c"]).exits(0);
    assert!(Path::new(&bench.path("c/summary.json")).is_file());
}
