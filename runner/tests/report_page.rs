//! `lockstep report` as it is called: what it writes, what it refuses, its exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PLAN: &str = include_str!("../../schemas/examples/plan/valid.one-case.json");

fn report(run: &Path, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.arg("report").arg(run).arg("-o").arg(out);
    command.output().expect("lockstep runs")
}

#[test]
fn writes_one_page_whatever_the_run_came_to() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("plan.json"), PLAN).expect("a plan");
    let out = folder.path().join("report.html");
    let told = report(folder.path(), &out);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert!(told.stdout.is_empty() && told.stderr.is_empty(), "{told:?}");
    let page = fs::read_to_string(&out).expect("a page");
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert!(page.contains("Of 1 case 1 MISSING; 0 as they should be."));
    assert!(page.contains("exit code <strong>5</strong> (incomplete)"));
    let before = page;
    assert_eq!(report(folder.path(), &out).status.code(), Some(0));
    let again = fs::read_to_string(&out).expect("a page");
    assert_eq!(again, before, "the same run, the same bytes");
}

#[test]
fn refuses_what_is_no_run_and_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("report.html");
    let told = report(&folder.path().join("absent"), &out);
    assert_eq!(told.status.code(), Some(65), "{told:?}");
    assert!(
        String::from_utf8_lossy(&told.stderr).contains("plan.json"),
        "{told:?}"
    );
    assert!(!out.exists());

    fs::write(folder.path().join("plan.json"), PLAN).expect("a plan");
    let told = report(folder.path(), &folder.path().join("absent/report.html"));
    assert_eq!(told.status.code(), Some(65), "{told:?}");
    assert!(
        String::from_utf8_lossy(&told.stderr).contains("report.html"),
        "{told:?}"
    );
}
