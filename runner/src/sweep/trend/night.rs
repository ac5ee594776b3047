//! One merged run, as far as a trend needs it: its plan says who was compared and by which limits, its
//! summary what came out. What is kept of it is small, however many cases it has.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use schemas::limits::AppliedLimit;
use schemas::line;
use schemas::number::Finite;
use schemas::plan::{Plan, PlannedComparison, PlannedEngine, PlannedModel};
use schemas::receipt::LimitsFileRecord;
use schemas::run_summary::{CaseSummary, RunSummary};
use schemas::trend::{TrendFigures, TrendPoint, TrendRun};

use crate::floor::percentile::Sorted;
use crate::limits::{Limits, Override};
use crate::model_file;
use crate::sweep::folder::{FolderError, RunFolder};
use crate::sweep::merge::SUMMARY;

/// A case takes about 2 KiB in it.
const SUMMARY_BYTES: u64 = 1 << 30;

/// One run.
pub(super) struct Night {
    pub(super) run: TrendRun,
    /// In the plan's order.
    pub(super) comparisons: Vec<Seen>,
}

/// One comparison in one run.
pub(super) struct Seen {
    pub(super) planned: PlannedComparison,
    pub(super) facts: Facts,
    /// Without what differs from other runs, and without the run's index.
    pub(super) point: TrendPoint,
}

/// What decides results.
pub(super) struct Facts {
    pub(super) candidate: Option<PlannedEngine>,
    pub(super) reference: Option<PlannedEngine>,
    pub(super) model: Option<PlannedModel>,
    pub(super) limits: Vec<AppliedLimit>,
    pub(super) limits_file: Option<LimitsFileRecord>,
}

impl Night {
    /// The run in a folder, which is called `label`.
    pub(super) fn read(root: &Path, label: String) -> Result<Self, FolderError> {
        let RunFolder {
            plan, plan_sha256, ..
        } = RunFolder::open(root)?;
        let summary = read_summary(&root.join(SUMMARY), &plan_sha256)?;
        let comparisons = plan.comparisons.iter();
        let comparisons = comparisons.filter_map(|it| seen(&plan, &summary, it));
        Ok(Self {
            comparisons: comparisons.collect(),
            run: TrendRun {
                label,
                name: plan.name.clone(),
                plan_sha256,
                verdict: summary.verdict,
                exit: summary.exit,
            },
        })
    }
}

fn read_summary(path: &Path, plan_sha256: &str) -> Result<RunSummary, FolderError> {
    let bad = |problem: String| FolderError {
        path: path.to_owned(),
        problem,
    };
    let text = model_file::read_text(path, SUMMARY_BYTES).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => bad("no such file (hint: lockstep merge makes it)".to_owned()),
        _ => bad(error.to_string()),
    })?;
    let summary: RunSummary = line::read_whole(&text).map_err(|error| bad(error.to_string()))?;
    if summary.plan_sha256 != plan_sha256 {
        return Err(bad(format!(
            "it is of the plan {}, the plan beside it is {plan_sha256}",
            summary.plan_sha256
        )));
    }
    Ok(summary)
}

/// What a comparison came to; `None`: the summary does not have it.
fn seen(plan: &Plan, summary: &RunSummary, planned: &PlannedComparison) -> Option<Seen> {
    let of_this = summary.comparisons.iter();
    let came_to = of_this.clone().find(|it| it.name == planned.name)?;
    let engine = |name: &str| plan.engines.iter().find(|it| it.name == name).cloned();
    let overrides = planned.overrides.iter();
    let overrides: Vec<Override> = overrides.map(|it| (it.metric, it.value)).collect();
    let limits = Limits::new(planned.limits.as_ref(), &overrides);
    let facts = Facts {
        candidate: engine(&planned.candidate),
        reference: engine(&planned.reference),
        model: plan
            .models
            .iter()
            .find(|it| it.label == planned.model)
            .cloned(),
        limits: limits.applied().to_vec(),
        limits_file: limits.file().cloned(),
    };
    let cases = {
        summary
            .cases
            .iter()
            .filter(|it| it.comparison == planned.name)
    };
    let n_planned = plan.cases.iter().filter(|it| it.comparison == planned.name);
    let point = TrendPoint {
        run: 0,
        planned: n_planned.count() as u64,
        verdicts: came_to.verdicts.clone(),
        verdict: came_to.verdict,
        exit: came_to.exit.clone(),
        worst: figures(&cases, 100),
        median: figures(&cases, 50),
        excess: came_to.excess.clone(),
        candidate_version: version(facts.candidate.as_ref()),
        reference_version: version(facts.reference.as_ref()),
        since_previous: Vec::new(),
        since_first: Vec::new(),
    };
    Some(Seen {
        planned: planned.clone(),
        facts,
        point,
    })
}

/// A percentile of the cases' own worst figures.
fn figures<'a>(
    cases: &(impl Iterator<Item = &'a CaseSummary> + Clone),
    percent: usize,
) -> TrendFigures {
    let of = |figure: fn(&CaseSummary) -> Option<Finite>| {
        let values = cases.clone().filter_map(figure).map(Finite::get);
        Sorted::new(values)
            .percentile(percent)
            .and_then(Finite::new)
    };
    let has_rows = |case: &&CaseSummary| case.positions + case.greedy_steps > 0;
    let mut flips: Vec<_> = cases
        .clone()
        .filter(has_rows)
        .map(|case| case.worst.flips)
        .collect();
    flips.sort_unstable();
    let rank = (flips.len() * percent).div_ceil(100).max(1);
    TrendFigures {
        max_abs: of(|case| case.worst.max_abs),
        kl: of(|case| case.worst.kl),
        flips: flips.get(rank - 1).copied(),
    }
}

/// An engine's own version and that of its library, which is what its numbers come from.
fn version(engine: Option<&PlannedEngine>) -> String {
    let Some(engine) = engine else {
        return "unknown".to_owned();
    };
    match &engine.build.library {
        None => engine.version.clone(),
        Some(library) => format!(
            "{} with {} {}",
            engine.version, library.name, library.version
        ),
    }
}

/// What runs are called: the last parts of their paths, as few as tell them apart.
pub(super) fn labels(roots: &[PathBuf]) -> Vec<String> {
    let parts = |root: &PathBuf| {
        let normal = root.components().filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        });
        normal.collect::<Vec<_>>()
    };
    let paths: Vec<_> = roots.iter().map(parts).collect();
    let longest = paths.iter().map(Vec::len).max().unwrap_or(0);
    let last = |n: usize| -> Vec<String> {
        let ends = paths
            .iter()
            .map(|it| it[it.len().saturating_sub(n)..].join("/"));
        ends.collect()
    };
    let is_told_apart =
        |labels: &Vec<String>| labels.iter().collect::<BTreeSet<_>>().len() == labels.len();
    // The same folder given twice cannot be told apart by any of them.
    let enough = (1..=longest).map(last).find(is_told_apart);
    enough.unwrap_or_else(|| last(1))
}
