//! The tables of runs that nobody ran.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use schemas::run_summary::RunProblemKind;

use super::testing::{HOSTILE, Merged, hostile, problem};
use super::write;
use crate::exit::Exit;
use crate::sweep::folder::RECEIPT;
use crate::sweep::testing::{POSITIONS, Sweep, Told};
use crate::text::escape_for_terminal;

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
