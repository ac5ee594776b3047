//! Ctrl-C in the middle of an evaluation: the engines end, nothing half-written stays, and the
//! exit code says that it can be tried again.

mod stand_in;

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use stand_in::{PROGRAM, assert_ends, logged_pid, names_in};

/// Answers like the table until it is asked to evaluate; then it hangs, with a grandchild.
const HANGS_IN_EVALUATION: &str = "case $1 in evaluate) shift; exec \"$HANGING\" --fault hang \
                                   --log \"$LOG\" evaluate;; *) exec python3 \"$TABLE\" \"$@\";; esac";

#[test]
fn ctrl_c_ends_the_engines_and_leaves_no_result() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| {
        let path = folder.path().join(name);
        path.to_str().expect("UTF-8").to_owned()
    };
    let table = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/stand_in/table_engine.py"
    );
    let log = path("log");
    let configuration = format!(
        "[[engine]]\nname = \"table\"\ncommand = [\"python3\", {table:?}]\n\
         [[engine]]\nname = \"hanging\"\ncommand = [\"sh\", \"-c\", {HANGS_IN_EVALUATION:?}, \"sh\"]\n\
         environment = {{ HANGING = {PROGRAM:?}, TABLE = {table:?}, LOG = {log:?} }}\n"
    );
    fs::write(path("engines.toml"), configuration).expect("written");
    // GGUF version 3, no tensors, no metadata.
    let model = [&b"GGUF"[..], &3_u32.to_le_bytes(), &[0; 16]].concat();
    fs::write(path("model.gguf"), model).expect("written");
    fs::create_dir(path("tmp")).expect("folder");

    let mut lockstep = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args([
            "per-token",
            "--model",
            "model.gguf",
            "--prompt",
            "two and two",
        ])
        .args([
            "--candidate",
            "table",
            "--reference",
            "hanging",
            "--out",
            "result",
        ])
        .current_dir(folder.path())
        .env("TMPDIR", path("tmp"))
        .env("XDG_CACHE_HOME", path("cache"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("lockstep starts");
    let grandchild = logged_pid(log.as_ref(), "grandchild");
    let engine = logged_pid(log.as_ref(), "start evaluate pid");
    let pid = Pid::from_raw(lockstep.id().try_into().expect("a process number")).expect("not 0");
    kill_process(pid, Signal::INT).expect("it runs");
    assert_eq!(lockstep.wait().expect("it ends").code(), Some(75));
    assert_ends(engine);
    assert_ends(grandchild);
    let result = folder.path().join("result");
    assert!(
        !result.exists() || names_in(&result).is_empty(),
        "{:?}",
        names_in(&result)
    );
    assert!(names_in(&folder.path().join("tmp")).is_empty());
}
