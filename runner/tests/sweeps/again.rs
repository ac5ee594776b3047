//! Cases are done again where somebody wants that or an engine is another one, and until then keep what
//! they have.

use std::fs;
use std::path::Path;

use crate::bench::Bench;
use crate::running::{
    CASES, done, first_case, results, run, stop_in_the_middle, twelve, twelve_that_may_hang,
};

#[test]
fn who_is_stopped_while_results_are_made_anew_loses_none() {
    let bench = twelve_that_may_hang();
    run(&bench, &["--out", "a"]);
    let before = results(&bench.path("a"));
    stop_in_the_middle(&bench, &["--out", "a", "--again"]);
    assert_eq!(results(&bench.path("a")), before);
    let rest = run(&bench, &["--out", "a"]);
    assert_eq!(done(&rest), CASES, "they are still to be done again");
    assert_eq!(results(&bench.path("a")), before);
    assert_eq!(done(&run(&bench, &["--out", "a"])), 0);
}

#[test]
fn what_cannot_be_run_again_keeps_its_result() {
    let bench = twelve();
    bench
        .lockstep(&["sweep", "sweep.toml", "-o", "run"])
        .exits(0);
    let before = results(&bench.path("run"));
    let (here, away) = (bench.path("one.gguf"), bench.path("away.gguf"));
    fs::rename(&here, &away).expect("renamed");
    let id = first_case(&bench.path("run"));
    let rerun = bench.lockstep(&["rerun", "run", "--id", &id]);
    assert_ne!(rerun.code, 0, "{rerun:?}");
    assert_eq!(results(&bench.path("run")), before);
    bench.lockstep(&["gate", "run"]).exits(0);
    fs::rename(&away, &here).expect("renamed");
    let rerun = bench.lockstep(&["rerun", "run", "--incomplete"]);
    assert_eq!(done(&rerun.exits(0).stderr), 1, "it is still to be done");
    assert_eq!(results(&bench.path("run")), before);
}

/// Six cases of an engine that is started like this.
fn six_of_mine(command: &[&Path]) -> Bench {
    let bench = twelve();
    let engine = Path::new(env!("CARGO_BIN_EXE_lockstep")).with_file_name("rust-engine");
    bench.write(
        "engines.toml",
        format!(
            "[[engine]]\nname = \"mine\"\ncommand = {command:?}\n\
             environment = {{ ENGINE = '{}' }}\n",
            engine.display()
        ),
    );
    let sweep = bench
        .read("sweep.toml")
        .replace("\"exact\", \"f32\"", "\"exact\"");
    bench.write(
        "sweep.toml",
        format!("{sweep}[[pair]]\ncandidate = \"mine\"\n"),
    );
    bench
}

/// How many cases are run to have all results.
fn sweep(bench: &Bench) -> usize {
    let run = bench.lockstep(&["sweep", "sweep.toml", "-o", "run"]);
    run.exits(0);
    done(&run.stderr)
}

#[test]
fn a_program_that_was_built_anew_is_noticed_in_a_merged_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Path::new(env!("CARGO_BIN_EXE_lockstep")).with_file_name("rust-engine");
    let copy = folder.path().join("engine");
    fs::copy(engine, &copy).expect("copied");
    let script = folder.path().join("engine.sh");
    fs::write(&script, "exec \"$ENGINE\" \"$@\"\n").expect("written");
    for (command, file) in [
        (vec![&*copy], &copy),
        (vec![Path::new("sh"), &*script], &script),
    ] {
        let bench = six_of_mine(&command);
        assert_eq!(sweep(&bench), CASES / 2);
        assert_eq!(sweep(&bench), 0, "nothing has changed");
        let mut bytes = fs::read(file).expect("readable");
        bytes.push(b'\n');
        fs::write(file, bytes).expect("written");
        let anew = sweep(&bench);
        assert_eq!(
            anew,
            CASES / 2,
            "it says the same of itself, and is another"
        );
    }
}

/// A script that runs the engine, and one that is killed when it evaluates.
const SOUND: &str = "exec \"$ENGINE\" \"$@\"\n";
const KILLED: &str = "[ \"$1\" != evaluate ] || kill -KILL $$\nexec \"$ENGINE\" \"$@\"\n";

/// What another program came to says nothing of one that comes to nothing, though it calls itself the same.
#[test]
fn an_older_programs_results_do_not_stand_for_one_that_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("engine.sh");
    fs::write(&script, SOUND).expect("written");
    let bench = six_of_mine(&[Path::new("sh"), &script]);
    assert_eq!(sweep(&bench), CASES / 2);
    fs::write(&script, KILLED).expect("written");
    let killed = bench.lockstep(&["sweep", "sweep.toml", "-o", "run"]);
    killed.exits(75);
    let gate = bench.lockstep(&["gate", "run"]);
    assert_ne!(gate.code, 0, "{gate:?}");
}

/// A program that fails now and then takes no result of its own away, and is to be asked again.
#[test]
fn what_was_killed_when_it_was_run_again_is_still_to_be_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let (script, kills) = (folder.path().join("engine.sh"), folder.path().join("kills"));
    let killed = KILLED.replace("[ ", &format!("[ ! -e '{}' ] || [ ", kills.display()));
    fs::write(&script, killed).expect("written");
    let bench = six_of_mine(&[Path::new("sh"), &script]);
    assert_eq!(sweep(&bench), CASES / 2);
    let before = results(&bench.path("run"));
    fs::write(&kills, "").expect("written");
    let id = first_case(&bench.path("run"));
    bench.lockstep(&["rerun", "run", "--id", &id]).exits(75);
    assert_eq!(results(&bench.path("run")), before);
    fs::remove_file(&kills).expect("ours");
    let rerun = bench.lockstep(&["rerun", "run", "--incomplete"]);
    assert_eq!(done(&rerun.exits(0).stderr), 1, "it is still to be done");
    let rerun = bench.lockstep(&["rerun", "run", "--incomplete"]);
    rerun.exits(0).complains("no case is to be run again");
}

#[test]
fn one_case_of_a_run_is_run_again() {
    let bench = twelve();
    assert_eq!(sweep(&bench), CASES);
    let id = first_case(&bench.path("run"));
    let rerun = bench.lockstep(&["rerun", "run", "--id", &id]);
    assert_eq!(done(&rerun.exits(0).stderr), 1);
    let rerun = bench.lockstep(&["rerun", "run", "--failed"]);
    rerun.exits(0).complains("no case is to be run again");
}

#[test]
fn a_run_that_was_moved_finds_all_its_files() {
    let bench = Bench::new();
    bench.model("one.gguf", 1).model("same.gguf", 1);
    bench.write("two.txt", "a prompt\nanother\n").write(
        "sweep.toml",
        "[[model]]\nfile = \"one.gguf\"\nreference_file = \"same.gguf\"\n\
         [[prompts]]\nfile = \"two.txt\"\n[settings]\nallow_small = true\n",
    );
    assert_eq!(sweep(&bench), 2);
    fs::create_dir_all(bench.path("far/away")).expect("a folder");
    fs::rename(bench.path("run"), bench.path("far/away/run")).expect("moved");
    let id = first_case(&bench.path("far/away/run"));
    let rerun = bench.lockstep(&["rerun", "far/away/run", "--id", &id]);
    assert_eq!(done(&rerun.exits(0).stderr), 1);
    let replay = bench.lockstep(&["replay", "far/away/run", &id, "--exec"]);
    replay.exits(0);
}
