use schemas::receipt::Receipt;
use schemas::run_summary::RunProblemKind as Kind;
use tempfile::TempDir;

use super::*;
use crate::seal::seal;
use crate::sweep::folder::{CASES, RECEIPT};
use crate::sweep::standing::{CONFLICTING, UNSOUND};
use crate::sweep::summary;
use crate::sweep::testing::{Sweep, Told, all_but_environment as bytes};

const ALL: [Told; 6] = [
    Told::Same,
    Told::DivergedAt(1),
    Told::OtherTokens,
    Told::TimedOut,
    Told::Floors(0.5),
    Told::Floors(40.0),
];

/// Folders that are gone when the test ends.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn shard(&self, name: &str, sweep: &Sweep, cases: &[usize]) -> PathBuf {
        sweep.write_some(&self.path(name), cases);
        self.path(name)
    }

    fn merged(&self, name: &str, folders: &[&PathBuf]) -> Merged {
        let folders: Vec<_> = folders.iter().map(|it| (*it).clone()).collect();
        merge(&folders, &self.path(name)).expect("a run")
    }
}

fn kinds(merged: &Merged) -> Vec<Kind> {
    merged.summary.problems.iter().map(|it| it.kind).collect()
}

#[test]
fn any_shards_in_any_order_any_number_of_times_make_the_same_bytes() {
    let desk = Desk::new();
    let sweep = Sweep::of(&ALL);
    let whole = desk.shard("whole", &sweep, &[0, 1, 2, 3, 4, 5]);
    let one = desk.merged("one", &[&whole]);
    assert_eq!((kinds(&one), one.summary.exit.code), (vec![], 1));
    let a = desk.shard("a", &sweep, &[0, 3, 5]);
    let b = desk.shard("b", &sweep, &[1, 3]);
    let c = desk.shard("c", &sweep, &[2, 4, 5]);
    let expected = bytes(&desk.path("one"));
    // Plan, summary, six receipts, the tokens of four of them, the failing rows of two.
    assert_eq!(expected.len(), 2 + 6 + 4 + 4, "{:?}", expected.keys());
    let orders = [[&a, &b, &c], [&c, &b, &a], [&b, &a, &c]];
    for (number, order) in orders.iter().enumerate() {
        desk.merged("again", order);
        assert_eq!(bytes(&desk.path("again")), expected, "order {number}");
        let into = desk.path("again");
        desk.merged("again", &[order[0], &into, order[1], order[2], order[0]]);
        assert_eq!(bytes(&into), expected, "order {number}, with itself");
    }
    // What was merged may be merged again, and nothing but itself is enough.
    let one = desk.path("one");
    desk.merged("one", &[&one]);
    assert_eq!(bytes(&one), expected);
    // And the summary is what the run comes to for whoever looks.
    let run = RunFolder::open(&one).expect("a run");
    let text = schemas::canonical::to_string(&summary::of(&run).expect("a run")).expect("JSON");
    assert_eq!(expected[Path::new(SUMMARY)], text.as_bytes());
}

#[test]
fn a_later_shard_completes_a_run() {
    let desk = Desk::new();
    let sweep = Sweep::of(&[Told::Same; 4]);
    let (a, b) = (
        desk.shard("a", &sweep, &[0, 2]),
        desk.shard("b", &sweep, &[1, 3]),
    );
    let run = desk.path("run");
    let merged = desk.merged("run", &[&a]);
    assert_eq!(
        (kinds(&merged), merged.summary.exit.code),
        (vec![Kind::Missing; 2], 5)
    );
    let merged = desk.merged("run", &[&run, &b]);
    assert_eq!((kinds(&merged), merged.summary.exit.code), (vec![], 0));
}

#[test]
fn times_and_places_lie_in_one_file() {
    let desk = Desk::new();
    let mut sweep = Sweep::of(&[Told::Same; 2]);
    let a = desk.shard("a", &sweep, &[0]);
    for receipt in &mut sweep.receipts {
        let environment = receipt.environment.as_mut().expect("an environment");
        environment.host = "another".to_owned();
    }
    let b = desk.shard("b", &sweep, &[0, 1]);
    let read = || {
        let text = fs::read_to_string(desk.path("run").join(ENVIRONMENT)).expect("a file");
        serde_json::from_str::<RunEnvironment>(&text).expect("environments")
    };
    desk.merged("run", &[&a, &b]);
    let hosts = |it: &RunEnvironment| {
        let of = |case| it.cases[sweep.id(case)].host.clone();
        [of(0), of(1)]
    };
    let first = read();
    assert_eq!(hosts(&first), ["host", "another"]);
    let before = bytes(&desk.path("run"));
    let run = desk.path("run");
    desk.merged("run", &[&run]);
    assert_eq!(read(), first);
    desk.merged("run", &[&b, &a]);
    assert_eq!(hosts(&read()), ["another", "another"]);
    assert_eq!(bytes(&run), before);
    assert!(before.keys().all(|path| !path.ends_with(ENVIRONMENT)));
}

#[test]
fn shards_of_two_plans_are_not_merged() {
    let desk = Desk::new();
    let a = desk.shard("a", &Sweep::of(&[Told::Same]), &[0]);
    let b = desk.shard("b", &Sweep::of(&[Told::Same; 2]), &[0]);
    let error = merge(&[a.clone(), b], &desk.path("run")).expect_err("two plans");
    assert_eq!(error.exit().code(), 65);
    assert!(error.to_string().contains("its plan is sha256:"), "{error}");
    assert!(!desk.path("run").exists());
    let error = merge(&[], &desk.path("run")).expect_err("nothing");
    assert_eq!(error.exit().code(), 64);
    let error = merge(&[desk.path("none")], &desk.path("run")).expect_err("nothing there");
    assert_eq!(error.exit().code(), 65);
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let desk = Desk::new();
    let a = desk.shard("a", &Sweep::of(&[Told::Same]), &[0]);
    let other = desk.shard("other", &Sweep::of(&[Told::Same; 2]), &[0, 1]);
    let before = bytes(&other);
    let error = merge(std::slice::from_ref(&a), &other).expect_err("another run");
    assert!(matches!(error, MergeError::OtherRun(_)), "{error}");
    assert_eq!(bytes(&other), before);
    let home = desk.path("home");
    fs::create_dir(&home).expect("a folder");
    fs::create_dir(home.join(CASES)).expect("a folder");
    let error = merge(&[a], &home).expect_err("no run");
    assert!(matches!(error, MergeError::NoRun(_)), "{error}");
}

/// One case, and what else it came to elsewhere.
fn twice(desk: &Desk, told: Told) -> [PathBuf; 2] {
    let same = Sweep::of(&[Told::Same]);
    let other = Sweep::of(&[told]);
    [
        desk.shard("same", &same, &[0]),
        desk.shard("other", &other, &[0]),
    ]
}

#[test]
fn what_speaks_against_a_run_is_kept_with_it() {
    let desk = Desk::new();
    let [same, other] = twice(&desk, Told::DivergedAt(0));
    let merged = desk.merged("run", &[&same, &other]);
    assert_eq!(
        (kinds(&merged), merged.summary.exit.code),
        (vec![Kind::Conflicting], 65)
    );
    let id = merged.run.plan.cases[0].keys.id.clone();
    let digest = |name: &str| {
        let text = fs::read_to_string(merged.run.case(&id).join(name)).expect("a receipt");
        serde_json::from_str::<Receipt>(&text)
            .expect("a receipt")
            .digest
    };
    assert!(digest(RECEIPT) < digest(CONFLICTING));
    let (run, before) = (desk.path("run"), bytes(&desk.path("run")));
    // Merging what was merged, or one side again, makes no run of it.
    for folders in [vec![&run], vec![&run, &same], vec![&other, &run]] {
        let merged = desk.merged("run", &folders);
        assert_eq!(kinds(&merged), [Kind::Conflicting]);
        assert_eq!(bytes(&run), before);
    }
    // Without the other side there is no conflict.
    let merged = desk.merged("run", &[&same]);
    assert_eq!((kinds(&merged), merged.summary.exit.code), (vec![], 0));
    assert!(!merged.run.case(&id).join(CONFLICTING).exists());
}

#[test]
fn a_receipt_that_is_not_believed_is_told_and_not_kept() {
    let desk = Desk::new();
    let mut sweep = Sweep::of(&[Told::DivergedAt(0)]);
    sweep.receipts[0].verdict = schemas::receipt::Verdict::BitExact;
    seal(&mut sweep.receipts[0]);
    let edited = desk.shard("edited", &sweep, &[0]);
    let good = desk.shard("good", &Sweep::of(&[Told::Same]), &[0]);
    for (folders, is_kept) in [(vec![&edited], false), (vec![&edited, &good], true)] {
        let merged = desk.merged("run", &folders);
        assert_eq!(
            (kinds(&merged), merged.summary.exit.code),
            (vec![Kind::Unsound], 65)
        );
        let folder = merged.run.case(sweep.id(0));
        assert!(folder.join(UNSOUND).exists());
        assert_eq!(folder.join(RECEIPT).exists(), is_kept);
        let run = desk.path("run");
        assert_eq!(kinds(&desk.merged("run", &[&run])), [Kind::Unsound]);
    }
    assert_eq!(kinds(&desk.merged("run", &[&good])), []);
}

#[test]
fn another_try_goes_before_a_time_limit() {
    let desk = Desk::new();
    let [same, timed_out] = twice(&desk, Told::TimedOut);
    let merged = desk.merged("run", &[&timed_out]);
    assert_eq!(merged.summary.exit.code, 75);
    let merged = desk.merged("run", &[&timed_out, &same]);
    assert_eq!((kinds(&merged), merged.summary.exit.code), (vec![], 0));
}

#[test]
fn nothing_of_an_earlier_merge_is_left_over() {
    let desk = Desk::new();
    let sweep = Sweep::of(&[Told::DivergedAt(0), Told::Same]);
    let both = desk.shard("both", &sweep, &[0, 1]);
    let one = desk.shard("one", &sweep, &[1]);
    let fresh = desk.merged("fresh", &[&one]);
    let merged = desk.merged("run", &[&both]);
    let folder = merged.run.case(sweep.id(1));
    fs::write(folder.join("candidate.failing.npy"), "of an earlier one").expect("a file");
    fs::write(desk.path("run/cases.csv"), "of an earlier one").expect("a file");
    fs::create_dir(desk.path("run/cases/0123456789abcdef")).expect("a folder");
    fs::create_dir(desk.path("run/claims")).expect("a folder");
    fs::write(desk.path("run/claims/0123456789abcdef"), "").expect("a file");
    let merged = desk.merged("run", &[&one]);
    assert_eq!(kinds(&merged), [Kind::Missing]);
    assert_eq!(bytes(&desk.path("run")), bytes(fresh.run.root()));
}

#[test]
fn a_case_of_no_plan_is_told_and_left_where_it_is() {
    let desk = Desk::new();
    let a = desk.shard("a", &Sweep::of(&[Told::Same]), &[0]);
    let other = a.join(CASES).join("0123456789abcdef");
    fs::create_dir(&other).expect("a folder");
    let merged = desk.merged("run", &[&a]);
    let unplanned: Vec<_> = merged.unplanned.iter().map(|it| it.case.as_str()).collect();
    assert_eq!(unplanned, ["0123456789abcdef"]);
    assert_eq!((kinds(&merged), merged.summary.exit.code), (vec![], 0));
    assert!(other.exists() && !merged.run.case("0123456789abcdef").exists());
}

/// Rows of equal receipts that are not equal: whichever folder comes first, the same are kept.
#[test]
fn failing_rows_do_not_depend_on_the_order_of_folders() {
    let desk = Desk::new();
    let sweep = Sweep::of(&[Told::DivergedAt(0)]);
    let (a, b) = (desk.shard("a", &sweep, &[0]), desk.shard("b", &sweep, &[0]));
    let rows = |root: &Path| {
        root.join(CASES)
            .join(sweep.id(0))
            .join("reference.failing.npy")
    };
    fs::write(rows(&b), "other rows").expect("a file");
    desk.merged("ab", &[&a, &b]);
    desk.merged("ba", &[&b, &a]);
    assert_eq!(bytes(&desk.path("ab")), bytes(&desk.path("ba")));
    fs::remove_file(rows(&a)).expect("a file");
    desk.merged("one", &[&a, &b]);
    assert_eq!(
        fs::read(rows(&desk.path("one"))).expect("rows"),
        b"other rows"
    );
}
