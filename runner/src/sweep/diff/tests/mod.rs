//! Whole diffs of runs that nobody ran: what is printed, and what is refused.

mod cases;
mod causes;

use std::path::Path;

use schemas::describe::Library;
use schemas::diff::{Cause, CauseKind, Change, ComparedFigure, RunDiff};
use schemas::limits::LimitedMetric;
use schemas::number::Finite;
use schemas::receipt::{Receipt, Verdict};
use schemas::run_summary::RowPlace;
use tempfile::TempDir;

use super::walk::{Sum, compare_receipts};
use super::*;
use crate::results::write_json;
use crate::seal::{seal, sha256};
use crate::sweep::folder::{CASES, ENVIRONMENT, RECEIPT};
use crate::sweep::standing::CONFLICTING;
use crate::sweep::testing::{Sweep, Told};

const TOLD: [Told; 3] = [Told::Same, Told::DivergedAt(1), Told::Floors(0.25)];

fn diff_of(before: &Sweep, after: &Sweep) -> RunDiff {
    let folder = TempDir::new().expect("a folder");
    written(before, after, folder.path());
    compare(&request(folder.path(), Format::Json)).expect("a diff")
}

fn written(before: &Sweep, after: &Sweep, folder: &Path) {
    before.write(&folder.join("a"));
    after.write(&folder.join("b"));
}

fn request(folder: &Path, format: Format) -> Request {
    let [before, after] = ["a", "b"].map(|name| folder.join(name));
    Request {
        before,
        after,
        format,
    }
}

/// The diff to the same run with an edited case, by what the receipts say. Most edits are of one field
/// alone, so that the receipt contradicts itself: read from a run it would not be believed.
fn edited(case: usize, edit: impl FnOnce(&mut Receipt)) -> RunDiff {
    let before = Sweep::of(&TOLD);
    let mut after = Sweep::of(&TOLD);
    after.edit(case, edit);
    as_believed(&before, &after)
}

fn as_believed(before: &Sweep, after: &Sweep) -> RunDiff {
    let mut sum = Sum::default();
    for (at, case) in before.plan.cases.iter().enumerate() {
        let receipts = [before, after].map(|it| &it.receipts[at]);
        let environments = receipts.map(|it| it.environment.clone());
        let compared = compare_receipts(Some(&case.comparison), receipts, || Ok(environments));
        sum.add(compared.expect("receipts"));
    }
    sum.finish().expect("receipts")
}

fn kinds(diff: &RunDiff) -> Vec<CauseKind> {
    diff.causes.iter().map(|cause| cause.kind).collect()
}

fn changes(diff: &RunDiff) -> Vec<Change> {
    diff.cases.iter().map(|case| case.change).collect()
}

fn finite(value: f64) -> Finite {
    Finite::new(value).expect("finite")
}

#[test]
fn equal_runs_are_told_by_nothing() {
    let folder = TempDir::new().expect("a folder");
    written(&Sweep::of(&TOLD), &Sweep::of(&TOLD), folder.path());
    for format in [Format::Text { all: true }, Format::Csv] {
        let report = run(&request(folder.path(), format)).expect("a diff");
        assert_eq!((report.output.as_str(), report.exit), ("", Exit::Parity));
    }
    let diff = compare(&request(folder.path(), Format::Json)).expect("a diff");
    assert_eq!((diff.causes.len(), diff.cases.len()), (0, 0));
    assert_eq!((diff.counts.same, diff.exit.code), (3, 0));
}

#[test]
fn what_must_be_looked_at_first_stands_first_and_little_is_shown() {
    let before = Sweep::of(&[[Told::Same; 30].as_slice(), &[Told::DivergedAt(0); 30]].concat());
    let after = Sweep::of(
        &[
            [Told::DivergedAt(2); 30].as_slice(),
            &[Told::DivergedAt(1); 30],
        ]
        .concat(),
    );
    let folder = TempDir::new().expect("a folder");
    written(&before, &after, folder.path());
    let text = |all| {
        let request = request(folder.path(), Format::Text { all });
        run(&request).expect("a diff").output
    };
    let short = text(false);
    assert!(
        short.starts_with("Why it may be:\n  NOT REPRODUCIBLE"),
        "{short}"
    );
    assert!(short.contains("  and 10 more (hint: --all)\n"), "{short}");
    assert!(short.find("\nWorse:") < short.find("\nBetter:"), "{short}");
    assert!(
        short.ends_with("30 worse, 0 new, 0 gone, 30 better, 0 same\n"),
        "{short}"
    );
    assert_eq!(
        text(true)
            .matches("first bad: position 2 (was: none)")
            .count(),
        30
    );
    let csv = run(&request(folder.path(), Format::Csv))
        .expect("a diff")
        .output;
    let first = csv.lines().nth(2).expect("a case");
    assert!(
        first.starts_with("case,worse,tiny-rust-engine-llama-scalar-exact,,"),
        "{first}"
    );
    assert!(
        first.contains(",verdict,BIT-EXACT,DIVERGED,,,position 2,not-reproducible"),
        "{first}"
    );
}

#[test]
fn what_others_wrote_reaches_no_terminal() {
    let folder = TempDir::new().expect("a folder");
    let mut after = Sweep::of(&[Told::TimedOut]);
    after.edit(0, |receipt| {
        // Only of a failure the words are somebody else's.
        receipt.reason = "\u{1b}[2J,\"\n".to_owned();
        receipt.error = Some(receipt.reason.clone());
        receipt.engines.candidate.version = Some("\u{202e}\"x\"".to_owned());
    });
    written(&Sweep::of(&[Told::Same]), &after, folder.path());
    for format in [Format::Text { all: true }, Format::Csv, Format::Json] {
        let output = run(&request(folder.path(), format)).expect("a diff").output;
        assert!(!output.contains(['\u{1b}', '\u{202e}']), "{output}");
    }
}

/// Two receipts as files, the second one edited.
fn receipts(edit: impl FnOnce(&mut Receipt)) -> Result<RunDiff, DiffError> {
    let folder = TempDir::new().expect("a folder");
    let mut receipt = Sweep::of(&[Told::Same]).receipts.remove(0);
    (receipt.case, receipt.environment) = (None, None);
    for (name, edit) in [("a", None), ("b", Some(edit))] {
        if let Some(edit) = edit {
            edit(&mut receipt);
        }
        seal(&mut receipt);
        write_json(folder.path(), name, &receipt).expect("written");
    }
    compare(&request(folder.path(), Format::Json))
}

#[test]
fn single_receipts_are_compared_when_they_are_about_the_same() {
    let same = receipts(|_| ()).expect("a diff");
    assert_eq!((same.counts.same, same.exit.code), (1, 0));
    let other = receipts(|it| it.model.sha256 = "sha256:1".to_owned()).expect("a diff");
    assert_eq!(kinds(&other), [CauseKind::ModelChanged]);
    let refused = receipts(|it| it.engines.reference.name = "another".to_owned());
    let words = refused.expect_err("another question").to_string();
    assert!(words.contains("engines.reference.name"), "{words}");
    let unsound = receipts(|it| it.verdict = Verdict::Diverged);
    let words = unsound.expect_err("an unsound receipt").to_string();
    assert!(words.contains("verdict: is \"DIVERGED\""), "{words}");
}

#[test]
fn what_cannot_be_believed_is_trouble() {
    let folder = TempDir::new().expect("a folder");
    let sweep = Sweep::of(&[Told::Same, Told::Same]);
    written(&sweep, &Sweep::of(&[Told::DivergedAt(0); 2]), folder.path());
    let request = request(folder.path(), Format::Json);
    let receipt_of = |case| request.after.join(CASES).join(sweep.id(case)).join(RECEIPT);
    let trouble = || compare(&request).expect_err("trouble").to_string();
    assert!(compare(&request).is_ok());
    std::fs::copy(receipt_of(1), receipt_of(0)).expect("copied");
    assert!(trouble().contains("it is of the case"), "{}", trouble());
    std::fs::write(receipt_of(0), "{").expect("written");
    assert!(trouble().contains("EOF while parsing"), "{}", trouble());
    let lone = folder.path().join("lone");
    let mut receipt = sweep.receipts[0].clone();
    (receipt.case, receipt.environment) = (None, None);
    seal(&mut receipt);
    write_json(folder.path(), "lone", &receipt).expect("written");
    let mixed = compare(&Request {
        before: lone,
        ..request.clone()
    });
    assert!(matches!(mixed, Err(DiffError::NoKey(_))), "{mixed:?}");
    let missing = compare(&Request {
        before: folder.path().join("x"),
        ..request.clone()
    });
    let missing = missing.expect_err("nothing there").to_string();
    assert!(missing.ends_with("no such file or folder"), "{missing}");
}

/// Sealed anew, so that only its rows say otherwise: on either side, and of equal runs, too.
#[test]
fn a_receipt_that_its_rows_contradict_is_trouble() {
    let good = Sweep::of(&[Told::Same, Told::DivergedAt(0)]);
    let mut edited = Sweep::of(&[Told::Same, Told::DivergedAt(0)]);
    edited.edit(1, |receipt| {
        receipt.verdict = Verdict::BitExact;
        receipt.exit = Exit::Parity.record();
    });
    for (before, after) in [(&good, &edited), (&edited, &good), (&edited, &edited)] {
        let folder = TempDir::new().expect("a folder");
        written(before, after, folder.path());
        let trouble = compare(&request(folder.path(), Format::Json)).expect_err("trouble");
        let words = trouble.to_string();
        assert!(words.contains(good.id(1)), "{words}");
        assert!(
            words.contains("prompt p00001 of greetings.jsonl"),
            "{words}"
        );
    }
}

#[test]
fn a_receipt_that_another_one_contradicts_is_told() {
    // Which of the two goes first depends on their digests: some of these do.
    for position in 0..3 {
        contradicted(Told::DivergedAt(position));
    }
}

fn contradicted(by: Told) {
    let folder = TempDir::new().expect("a folder");
    let same = Sweep::of(&[Told::Same, Told::Same]);
    let other = Sweep::of(&[by, Told::Same]);
    written(&same, &same, folder.path());
    let mut rival = other.receipts[0].clone();
    rival.environment = None;
    let case = folder.path().join("b").join(CASES).join(same.id(0));
    write_json(&case, CONFLICTING, &rival).expect("written");
    let diff = compare(&request(folder.path(), Format::Json)).expect("a diff");
    assert_eq!(kinds(&diff), [CauseKind::Conflicting]);
    assert_eq!((diff.causes[0].cases, diff.exit.code), (1, 1));
    let text = run(&request(folder.path(), Format::Text { all: false }));
    let text = text.expect("a diff").output;
    assert!(
        text.contains("CONTRADICT each other (1 case): receipts: 1 -> 2"),
        "{text}"
    );
}

#[test]
fn a_case_that_both_planned_and_one_has_is_told_as_missing() {
    let folder = TempDir::new().expect("a folder");
    let sweep = Sweep::of(&[Told::Same, Told::Same, Told::Same]);
    sweep.write_some(&folder.path().join("a"), &[0, 1]);
    sweep.write_some(&folder.path().join("b"), &[0]);
    let diff = compare(&request(folder.path(), Format::Json)).expect("a diff");
    // The third is missing in both, as it is in shards: it is as it was.
    assert_eq!(kinds(&diff), [CauseKind::Missing]);
    assert_eq!(
        (diff.causes[0].cases, changes(&diff)),
        (1, vec![Change::Gone])
    );
    assert_eq!(diff.cases[0].causes, [CauseKind::Missing]);
}
