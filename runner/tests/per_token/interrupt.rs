//! Exit 75: the time limit, and Ctrl-C, which leaves no process and no half result behind.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::desk::{Desk, names_in};

/// The process of a hanging evaluation, once it is there.
fn hanging(desk: &Desk) -> Pid {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let log = desk.log();
        let evaluate =
            |entry: &&Value| entry["event"] == "start" && entry["subcommand"] == "evaluate";
        if let Some(entry) = log.iter().rfind(evaluate) {
            let pid = entry["pid"].as_i64().expect("a number") as i32;
            return Pid::from_raw(pid).expect("not 0");
        }
        assert!(Instant::now() < deadline, "no evaluation began: {log:?}");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn exit_75_an_engine_hangs() {
    let desk = Desk::new().habit("candidate", &["hangs"]);
    let (text, receipt) = desk.both(&["--prompt", "Hi", "--timeout", "1", "--out", "result"]);
    text.exits(75)
        .says(&["ENGINE-FAILED: "])
        .complains(&["candidate"]);
    assert_eq!(receipt["exit"]["name"], "retryable");
    assert!(test_kill_process(hanging(&desk)).is_err(), "it is gone");
    assert_eq!(names_in(&desk.path("tmp")), [""; 0]);
    // A verdict is stored, logits are not.
    let stored = names_in(&desk.path("result"));
    assert_eq!(stored, ["environment.json", "receipt.json", "tokens.json"]);
}

#[test]
fn exit_75_ctrl_c_leaves_nothing_behind() {
    // The third voice evaluates last.
    for engine in ["candidate", "reference", "rust-engine"] {
        let desk = Desk::new().habit(engine, &["hangs"]);
        // An earlier verdict must not be taken for that of this run.
        std::fs::create_dir(desk.path("result")).expect("a new folder");
        std::fs::write(desk.path("result/receipt.json"), "old").expect("written");
        let mut command = desk.per_token(&["--prompt", "Hi", "--triangulate", "--out", "result"]);
        if engine == "reference" {
            command.args(["--format", "json"]);
        }
        let mut lockstep = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("lockstep starts");
        let wanted = format!("{engine} evaluate");
        while !desk.starts().contains(&wanted) {
            assert_eq!(lockstep.try_wait().expect("a child"), None, "it waits");
            sleep(Duration::from_millis(10));
        }
        let pid = Pid::from_raw(lockstep.id() as i32).expect("not 0");
        kill_process(pid, Signal::INT).expect("it runs");
        assert_eq!(lockstep.wait().expect("it ends").code(), Some(75));
        assert!(test_kill_process(hanging(&desk)).is_err(), "no child lives");
        assert_eq!(names_in(&desk.path("result")), [""; 0]);
        assert_eq!(names_in(&desk.path("tmp")), [""; 0]);
    }
}

/// So is what only some profiles hash before anything is evaluated: the twin that was made another time,
/// and the model whose floors are measured.
#[test]
fn exit_75_ctrl_c_does_not_wait_for_a_large_twin_or_floor() {
    for profile in ["f32", "production"] {
        let desk = Desk::new();
        let words = ["--prompt", "Hi", "--profile", profile, "--max-tokens", "1"];
        desk.text(&words);
        let twins = desk.path("cache/lockstep/twins");
        // Before its digest.
        let twin = names_in(&twins).into_iter().next();
        let large = match (profile, twin) {
            ("f32", twin) => twins.join(twin.expect("it was made")),
            _ => desk.path("model.gguf"),
        };
        let large = std::fs::File::options().write(true).open(large);
        large
            .expect("it is there")
            .set_len(200 << 30)
            .expect("a hole");
        let begun = |desk: &Desk| {
            let starts = desk.starts().into_iter();
            starts.filter(|it| it == "reference tokenize").count()
        };
        let mut lockstep = desk
            .per_token(&words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("lockstep starts");
        while begun(&desk) < 2 {
            sleep(Duration::from_millis(10));
        }
        sleep(Duration::from_millis(700));
        let pid = Pid::from_raw(lockstep.id() as i32).expect("not 0");
        kill_process(pid, Signal::TERM).expect("it runs");
        let stopped = Instant::now();
        assert_eq!(lockstep.wait().expect("it ends").code(), Some(75));
        // Less than what force would take.
        assert!(stopped.elapsed() < Duration::from_secs(3), "{profile}");
        assert_eq!(names_in(&desk.path("tmp")), [""; 0]);
    }
}

/// A model is hashed beside the engines' work; nobody who stops that waits for the hash.
#[test]
fn exit_75_ctrl_c_does_not_wait_for_a_large_model() {
    let desk = Desk::new().habit("candidate", &["hangs"]);
    let model = std::fs::File::options()
        .write(true)
        .open(desk.path("model.gguf"));
    // A hole of 200 GiB takes minutes to hash and no room.
    model
        .expect("it is there")
        .set_len(200 << 30)
        .expect("a hole");
    let mut lockstep = desk
        .per_token(&["--prompt", "Hi"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("lockstep starts");
    let _ = hanging(&desk);
    let pid = Pid::from_raw(lockstep.id() as i32).expect("not 0");
    kill_process(pid, Signal::INT).expect("it runs");
    let stopped = Instant::now();
    assert_eq!(lockstep.wait().expect("it ends").code(), Some(75));
    assert!(
        stopped.elapsed() < Duration::from_secs(60),
        "{:?}",
        stopped.elapsed()
    );
}
