//! Files of numbers that are not what they should be: each is made by the stand-in, and the
//! problem, the exit class and the wording are checked.

mod stand_in;

use std::fs;

use runner::engine::{FaultKind, LogitsProblem};
use runner::exit::Exit;
use stand_in::{PROGRAM, engine, evaluate, fault_of, faulty, names_in, patient, rows, start};

/// 128 bytes of header and 3 rows of 257 numbers.
const FILE_BYTES: u64 = 128 + 3 * 257 * 4;

fn problem_of(fault: &str, words: &str) -> LogitsProblem {
    let fault = fault_of(&faulty(fault), patient());
    assert_eq!(fault.exit(), Exit::BadInput, "{fault}");
    assert!(
        fault.to_string().contains(words),
        "{fault}\ndoes not say: {words}"
    );
    match *fault.kind {
        FaultKind::BadLogits { file, problem } => {
            assert_eq!(file, "a.logits.npy");
            problem
        }
        other => panic!("{other}"),
    }
}

#[test]
fn too_short_and_too_long() {
    let words = "a.logits.npy: file holds 3211 bytes, its shape needs 3212";
    let (found_bytes, expected_bytes) = (FILE_BYTES - 1, FILE_BYTES);
    assert_eq!(
        problem_of("short-file", words),
        LogitsProblem::Size {
            found_bytes,
            expected_bytes
        }
    );
    let found_bytes = FILE_BYTES + 4;
    assert_eq!(
        problem_of("long-file", "file holds 3216 bytes"),
        LogitsProblem::Size {
            found_bytes,
            expected_bytes
        }
    );
}

#[test]
fn another_header() {
    for (fault, part, words) in [
        (
            "other-shape",
            "shape",
            "npy header: shape is 257, 3, expected 3, 257",
        ),
        (
            "other-dtype",
            "dtype",
            "npy header: dtype is <f8, expected <f4",
        ),
        (
            "fortran-order",
            "fortran_order",
            "npy header: fortran_order is True, expected False",
        ),
        (
            "garbage-header",
            "magic",
            "npy header: magic is 787878787878",
        ),
        ("empty-file", "length", "beyond the end of the file"),
    ] {
        let problem = problem_of(fault, words);
        assert!(matches!(problem, LogitsProblem::Header { part: found, .. } if found == part));
    }
}

#[test]
fn no_file_or_something_else_in_its_place() {
    assert_eq!(
        problem_of("missing-file", "but there is none"),
        LogitsProblem::Missing
    );
    assert_eq!(
        problem_of("symlink", "not a regular file"),
        LogitsProblem::NotAFile
    );
    assert_eq!(
        problem_of("fifo", "not a regular file"),
        LogitsProblem::NotAFile
    );
}

#[test]
fn numbers_that_are_not_finite_are_for_the_judge() {
    let nan = evaluate(&faulty("nan"), patient()).expect("the file is as it should be");
    assert!(rows(&nan.logits)[0][3].is_nan());
    let infinity = evaluate(&faulty("infinity"), patient()).expect("the file is as it should be");
    assert_eq!(
        rows(&infinity.logits)[0][3].to_bits(),
        f32::NEG_INFINITY.to_bits()
    );
}

#[test]
fn a_file_that_shrinks_after_it_was_opened() {
    let mut evaluation = start(&faulty("shrink-earlier"), patient(), &["a"]);
    let first = evaluation.next().expect("good when it is opened");
    let mut row = vec![0.0; first.logits.columns()];
    first.logits.read_row(0, &mut row).expect("still there");
    evaluation
        .submit(&stand_in::request("b"))
        .expect("handed over");
    evaluation.next().expect("a good answer");
    let fault = first.logits.read_row(2, &mut row).expect_err("must fail");
    let problem = LogitsProblem::Shrank { row: 2 };
    assert_eq!(
        *fault.kind,
        FaultKind::BadLogits {
            file: "a.logits.npy".to_owned(),
            problem
        }
    );
    assert_eq!(fault.exit(), Exit::BadInput);
    assert!(
        fault
            .to_string()
            .contains("became shorter after it was opened: no row 2"),
        "{fault}"
    );

    let folder = tempfile::tempdir().expect("folder");
    let kept = folder.path().join("kept.npy");
    assert!(first.logits.keep(&kept).is_err());
    assert!(names_in(folder.path()).is_empty(), "half a file was left");
}

#[test]
fn files_are_removed_unless_they_are_kept() {
    let folder = tempfile::tempdir().expect("folder");
    let supervision = runner::engine::Supervision {
        scratch: Some(folder.path().to_owned()),
        ..patient()
    };
    let mut evaluation = start(&engine(&[PROGRAM]), supervision, &["a", "b"]);
    let out = names_in(folder.path())[0].join("out");
    let first = evaluation.next().expect("a");
    let second = evaluation.next().expect("b");
    assert_eq!(names_in(&out).len(), 4);
    drop(first);
    assert_eq!(names_in(&out).len(), 2);
    let expected = rows(&second.logits);
    let kept = folder.path().join("kept.npy");
    second.logits.keep(&kept).expect("kept");
    drop(second.greedy);
    assert!(names_in(&out).is_empty());
    evaluation.finish().expect("a good end");
    assert_eq!(
        names_in(folder.path()),
        std::slice::from_ref(&kept),
        "the private folder was left"
    );
    let bytes = fs::read(&kept).expect("kept");
    assert_eq!(bytes.len() as u64, FILE_BYTES);
    assert_eq!(&bytes[128..132], expected[0][0].to_le_bytes());
}
