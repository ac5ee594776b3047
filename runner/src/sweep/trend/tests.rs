//! Trends over runs that nobody ran.

use std::path::Path;

use schemas::coverage::Coverage;
use schemas::diff::CauseKind;
use schemas::limits::LimitedMetric;
use schemas::number::Finite;
use schemas::plan::Plan;
use schemas::receipt::{Profile, Verdict};
use schemas::run_summary::{CaseSummary, ComparisonSummary, RunSummary, VerdictCount};
use tempfile::TempDir;

use super::*;
use crate::limits::Limits;
use crate::results::write_json;
use crate::sweep::folder::{PLAN, read_plan};

const SUMMARY: &str =
    include_str!("../../../../schemas/examples/run-summary/valid.one-missing.json");
const PLANNED: &str = include_str!("../../../../schemas/examples/plan/valid.one-case.json");

/// One night in `production`: the cases' largest differences, and what of the plan is edited.
fn night(root: &Path, largest: &[f64], edit: impl FnOnce(&mut Plan)) {
    std::fs::create_dir_all(root).expect("a folder");
    let mut plan: Plan = serde_json::from_str(PLANNED).expect("a plan");
    plan.comparisons[0].profile = Profile::Production;
    plan.comparisons[0].limits = Limits::default_file(Profile::Production);
    edit(&mut plan);
    write_json(root, PLAN, &plan).expect("written");
    let (plan, plan_sha256) = read_plan(&root.join(PLAN)).expect("a plan");
    let example: RunSummary = serde_json::from_str(SUMMARY).expect("a summary");
    let case = |value: f64| CaseSummary {
        worst: schemas::run_summary::WorstFigures {
            max_abs: Finite::new(value),
            kl: Finite::new(value / 100.0),
            ..example.cases[0].worst.clone()
        },
        ..example.cases[0].clone()
    };
    let coverage: Coverage = example.comparisons[0].coverage.clone();
    let comparison = ComparisonSummary {
        name: plan.comparisons[0].name.clone(),
        verdict: Verdict::Drift,
        exit: Exit::Parity.record(),
        reason: "within its floor".to_owned(),
        verdicts: vec![VerdictCount {
            verdict: Verdict::Drift,
            cases: largest.len() as u64,
        }],
        coverage,
        excess: None,
    };
    let summary = RunSummary {
        plan_sha256,
        cases: largest.iter().copied().map(case).collect(),
        comparisons: vec![comparison],
        ..example.clone()
    };
    write_json(root, "summary.json", &summary).expect("written");
}

fn of_nights(folder: &Path, nights: &[&str]) -> Result<Trend, TrendError> {
    of(&request(folder, nights, Format::Json))
}

fn request(folder: &Path, nights: &[&str], format: Format) -> Request {
    Request {
        runs: nights.iter().map(|night| folder.join(night)).collect(),
        format,
    }
}

fn limit_kl(plan: &mut Plan, factor: f64) {
    let limits = plan.comparisons[0].limits.as_mut().expect("limits");
    let mut limits = limits.limits.iter_mut();
    let limit = limits.find(|it| it.metric == LimitedMetric::Kl);
    let value = &mut limit.expect("a limit").value;
    *value = Finite::new(value.get() * factor).expect("finite");
}

fn pin(plan: &mut Plan, version: &str) {
    plan.engines[0].version = version.to_owned();
}

fn kinds(marks: &[schemas::trend::Mark]) -> Vec<CauseKind> {
    marks.iter().map(|mark| mark.kind).collect()
}

#[test]
fn figures_are_the_worst_and_the_median_of_the_cases() {
    let folder = TempDir::new().expect("a folder");
    night(&folder.path().join("mon"), &[0.1, 0.4, 0.2], |_| ());
    let trend = of_nights(folder.path(), &["mon"]).expect("a trend");
    assert_eq!(trend.runs[0].label, "mon");
    let point = &trend.comparisons[0].points[0];
    assert_eq!(point.worst.max_abs, Finite::new(0.4));
    assert_eq!(point.median.max_abs, Finite::new(0.2));
    assert_eq!(point.worst.flips, Some(1));
    assert_eq!((kinds(&point.since_first), point.planned), (vec![], 1));
}

#[test]
fn small_steps_of_limits_add_up_since_the_first() {
    let folder = TempDir::new().expect("a folder");
    for (label, factor) in [("mon", 1.0), ("tue", 1.1), ("wed", 1.2), ("thu", 1.2)] {
        night(&folder.path().join(label), &[0.1], |plan| {
            limit_kl(plan, factor);
        });
    }
    let trend = of_nights(folder.path(), &["mon", "tue", "wed", "thu"]).expect("a trend");
    let points = &trend.comparisons[0].points;
    let previous: Vec<_> = points.iter().map(|it| kinds(&it.since_previous)).collect();
    let first: Vec<_> = points.iter().map(|it| kinds(&it.since_first)).collect();
    let loosened = || vec![CauseKind::LimitsLoosened];
    assert_eq!(previous, [vec![], loosened(), loosened(), vec![]]);
    assert_eq!(first, [vec![], loosened(), loosened(), loosened()]);
    let back = of_nights(folder.path(), &["wed", "mon"]).expect("a trend");
    let point = &back.comparisons[0].points[1];
    assert_eq!(kinds(&point.since_first), [CauseKind::LimitsTightened]);
}

#[test]
fn another_reference_candidate_or_model_is_marked() {
    let folder = TempDir::new().expect("a folder");
    let root = |label: &str| folder.path().join(label);
    night(&root("mon"), &[0.1], |_| ());
    night(&root("same"), &[0.9], |_| ());
    night(&root("pin"), &[0.1], |plan| pin(plan, "9.9.9"));
    night(&root("own"), &[0.1], |plan| {
        plan.engines[1].build.flags.clear();
    });
    night(&root("model"), &[0.1], |plan| {
        plan.models[0].file.identity.sha256 = "sha256:1".to_owned();
    });
    for (label, expected) in [
        ("same", vec![]),
        ("pin", vec![CauseKind::ReferenceChanged]),
        ("own", vec![CauseKind::CandidateChanged]),
        ("model", vec![CauseKind::ModelChanged]),
    ] {
        let trend = of_nights(folder.path(), &["mon", label]).expect("a trend");
        let point = &trend.comparisons[0].points[1];
        assert_eq!(kinds(&point.since_previous), expected, "{label}");
    }
}

#[test]
fn the_table_holds_each_run_against_the_first() {
    let folder = TempDir::new().expect("a folder");
    let root = |label: &str| folder.path().join(label);
    night(&root("mon"), &[0.1], |_| ());
    night(&root("tue"), &[0.2], |plan| limit_kl(plan, 2.0));
    let request = request(folder.path(), &["mon", "tue"], Format::Text);
    let report = run(&request).expect("a trend");
    let lines: Vec<_> = report.output.lines().collect();
    assert!(
        lines[2].starts_with("  mon  DRIFT    1 of 1"),
        "{}",
        report.output
    );
    assert!(lines[3].contains("  2.00  "), "{}", report.output);
    assert!(
        lines[3].ends_with("LIMITS LOOSENED  LIMITS LOOSENED"),
        "{}",
        report.output
    );
    assert!(
        lines[4].starts_with("  tue: LIMITS LOOSENED: "),
        "{}",
        report.output
    );
    assert!(
        report.picture.contains(">LIMITS LOOSENED</text>"),
        "{}",
        report.picture
    );
    let csv = run(&Request {
        format: Format::Csv,
        ..request
    })
    .expect("a trend")
    .output;
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.ends_with(",limits-loosened,limits-loosened\n"), "{csv}");
}

#[test]
fn what_is_no_merged_run_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let root = |label: &str| folder.path().join(label);
    let refused = || {
        of_nights(folder.path(), &["mon"])
            .expect_err("refused")
            .to_string()
    };
    assert!(refused().contains("mon/plan.json: "), "{}", refused());
    night(&root("mon"), &[0.1], |_| ());
    assert!(of_nights(folder.path(), &["mon"]).is_ok());
    // The plan of another run.
    night(&root("tue"), &[0.1], |plan| pin(plan, "9.9.9"));
    std::fs::copy(root("tue").join(PLAN), root("mon").join(PLAN)).expect("copied");
    assert!(
        refused().contains("it is of the plan sha256:"),
        "{}",
        refused()
    );
    std::fs::remove_file(root("mon").join("summary.json")).expect("removed");
    assert!(
        refused().ends_with("(hint: lockstep merge makes it)"),
        "{}",
        refused()
    );
}

#[test]
fn runs_are_called_by_what_tells_them_apart() {
    let labels = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
        night::labels(&paths)
    };
    assert_eq!(labels(&["results/mon/", "./tue"]), ["mon", "tue"]);
    assert_eq!(labels(&["mon/run", "tue/run"]), ["mon/run", "tue/run"]);
    assert_eq!(labels(&["mon", "mon"]), ["mon", "mon"]);
}
