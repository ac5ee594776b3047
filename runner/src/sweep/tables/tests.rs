//! The tables of runs that nobody ran.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use schemas::run_summary::RunProblemKind;

use super::testing::{HOSTILE, Merged, hostile, problem};
use super::write;
use crate::exit::Exit;
use crate::sweep::folder::RECEIPT;
use crate::sweep::testing::{POSITIONS, Sweep, Told};
use crate::text::escape_for_terminal;

const READ_BACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/read-tables.py");

type Row = HashMap<String, String>;

/// The rows of a table as maps from column to text.
fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    reader
        .deserialize()
        .map(|row| row.expect("a row"))
        .collect()
}

fn tables(run: &Merged) -> [Vec<Row>; 2] {
    write(&run.run, &run.summary, run.folder.path(), true).expect("tables");
    ["cases.csv", "positions.csv"].map(|name| rows(&run.folder.path().join(name)))
}

#[test]
fn every_planned_case_has_a_row() {
    let run = hostile();
    let [cases, _] = tables(&run);
    let column = |name: &str| -> Vec<_> { cases.iter().map(|row| row[name].clone()).collect() };
    let ids: Vec<_> = run
        .run
        .plan
        .cases
        .iter()
        .map(|it| it.keys.id.clone())
        .collect();
    assert_eq!(column("id"), ids);
    assert_eq!(column("verdict"), ["DIVERGED", "", "DRIFT"]);
    assert_eq!(column("problems"), ["", "missing", ""]);
    assert_eq!(column("exit_code"), ["1", "", "0"]);
    assert_eq!(column("first_bad"), ["position:1", "", ""]);
    assert_eq!(column("worst_max_abs"), ["0.25", "", "0.25"]);
    assert_eq!(column("profile"), ["exact", "exact", "production"]);
    assert_eq!(column("tokens"), ["3", "", "3"]);
}

#[test]
fn every_compared_row_has_a_row() {
    let run = hostile();
    let [cases, positions] = tables(&run);
    assert_eq!(positions.len() as u64, 2 * POSITIONS);
    for (number, row) in positions.iter().enumerate() {
        let case = &cases[2 * (number / 3)];
        assert_eq!(row["case"], case["id"]);
        assert_eq!(row["index"], (number % 3).to_string());
        assert_eq!(row["excess_max_abs"].is_empty(), number < 3);
    }
    assert_eq!(positions[0]["max_abs"], "0.0");
    assert_eq!(positions[1]["differing"], "1");
}

/// What stands in a table can be told from what was said, and no row is more than one line.
#[test]
fn hostile_text_is_one_cell_of_one_line() {
    let run = hostile();
    let [cases, _] = tables(&run);
    assert_eq!(cases[0]["reason"], escape_for_terminal(HOSTILE));
    assert_eq!(
        cases[0]["template"],
        format!("raw{}", escape_for_terminal(HOSTILE))
    );
    let text = fs::read_to_string(run.folder.path().join("cases.csv")).expect("a table");
    assert_eq!(text.lines().count(), 1 + cases.len());
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
}

/// Numbers stand as in the receipt.
#[test]
fn numbers_read_back_the_same() {
    let sweep = Sweep::of(&[Told::DivergedAt(0), Told::Same]);
    let [_, positions] = tables(&Merged::without(&sweep, 1));
    for (row, position) in positions.iter().zip(&sweep.receipts[0].positions) {
        let metrics = position.row.metrics.as_ref().expect("finite");
        for (name, value) in [("kl", metrics.kl), ("l2", metrics.l2), ("mse", metrics.mse)] {
            let read: f64 = row[name].parse().expect("a number");
            assert_eq!(read.to_bits(), value.get().to_bits(), "{name}");
        }
    }
}

/// Also over tables of an earlier merge, which may have come to something else.
#[test]
fn the_same_run_gives_the_same_bytes() {
    let run = hostile();
    let read = |name: &str| fs::read(run.folder.path().join(name)).expect("a table");
    let names = [
        "cases.csv",
        "positions.csv",
        "cases.parquet",
        "positions.parquet",
    ];
    tables(&run);
    let first = names.map(read);
    fs::write(run.folder.path().join("cases.csv"), "other").expect("a file");
    tables(&run);
    assert_eq!(names.map(read), first);
}

#[test]
fn a_receipt_that_was_not_summed_up_is_refused() {
    let mut run = hostile();
    run.summary.cases[0].receipt_digest = "sha256:other".to_owned();
    let error =
        write(&run.run, &run.summary, run.folder.path(), true).expect_err("another receipt");
    assert_eq!(error.exit(), Exit::BadInput);
    assert!(error.to_string().contains("merge again"), "{error}");
    assert!(
        !run.folder.path().join("cases.csv").exists(),
        "half a table"
    );
}

/// A run with a receipt that cannot be read has tables all the same: that is what they are to say.
#[test]
fn an_unsound_receipt_leaves_a_row_that_says_so() {
    let mut run = hostile();
    let unsound = run.summary.cases.remove(0);
    let id = &unsound.keys.id;
    fs::write(run.run.case(id).join(RECEIPT), "{").expect("a file");
    run.summary
        .problems
        .push(problem(id, RunProblemKind::Unsound));
    run.summary
        .problems
        .push(problem(id, RunProblemKind::MixedBuild));
    let [cases, positions] = tables(&run);
    assert_eq!(cases[0]["problems"], "unsound mixed-build");
    assert_eq!(cases[0]["verdict"], "");
    assert_eq!(positions.len() as u64, POSITIONS);
}

/// What other people's programs make of the tables in a folder.
fn read_back(folder: &Path) -> Output {
    let readers = std::env::var_os("LOCKSTEP_TABLE_READERS").expect(
        "LOCKSTEP_TABLE_READERS is set: export LOCKSTEP_TABLE_READERS=$(scripts/fetch-table-readers.sh)",
    );
    let mut command = Command::new("python3");
    command
        .arg(READ_BACK)
        .arg(folder)
        .env("PYTHONPATH", readers);
    command.output().expect("python3")
}

#[test]
fn other_programs_read_the_same() {
    let run = hostile();
    tables(&run);
    let output = read_back(run.folder.path());
    let text = String::from_utf8_lossy(&output.stdout);
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    assert_eq!(
        text,
        "read back the same: 3 cases, 6 rows, 3 tests, 1 shown\n"
    );
}

/// Else nothing would be shown by what they say.
#[test]
fn other_programs_notice_what_is_wrong() {
    let run = hostile();
    for (name, from, to, told) in [
        (
            "positions.csv",
            ",0.25,",
            ",0.26,",
            "positions: row 1, max_abs",
        ),
        (
            "positions.csv",
            ",true,",
            ",false,",
            "positions: row 0, top1_equal",
        ),
        ("cases.csv", "mode", "Mode", "cases: columns"),
        (
            "junit.xml",
            "failures=\"1\"",
            "failures=\"0\"",
            "junit.xml: counts",
        ),
        ("junit.xml", "<testcase ", "<testcase host=\"a\" ", "host"),
        ("junit.xml", "&lt;script", "<script", "XML"),
        ("summary.md", "```<script>", "<b>", "summary.md: makes <b>"),
        ("summary.md", r"\|", "|", "summary.md: makes <b>"),
        ("summary.md", "@all", "@none", "summary.md: case"),
    ] {
        tables(&run);
        let path = run.folder.path().join(name);
        let text = fs::read_to_string(&path).expect("a table");
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(&path, text.replace(from, to)).expect("a file");
        let output = read_back(run.folder.path());
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}: {to} is not noticed");
        assert!(problem.contains(told), "{name}: {to}: {problem}");
    }
}
