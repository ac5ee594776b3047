//! Brings the folders of a sweep's shards together into one run: of each case the receipt that counts,
//! and what all of them come to.
//!
//! In: folders that `lockstep run` wrote into, or runs that were merged before, in any order. Out: a
//! run folder; but for its `environment.json` its bytes depend on nothing but the plan and the receipts.
//! The run itself may be among the folders. While it is being written it has no summary, and nobody may
//! run cases in it.

mod case;
mod error;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::io::ErrorKind::{DirectoryNotEmpty, NotFound};
use std::path::{Path, PathBuf};

use schemas::environment::{Environment, RunEnvironment};
use schemas::run_summary::{RunProblem, RunSummary};
use schemas::tag::Tag;

use super::again::AGAIN;
use super::claim::CLAIMS;
use super::folder::{ENVIRONMENT, PLAN, RunFolder, case_folders, plan_text};
use super::lookup::CaseOf;
use super::standing::{Found, Standing};
use super::summary::{Summing, planned, unplanned};
use crate::in_turn::in_turn;
use crate::results::{remove_if_there, write_json, write_text};
pub use error::MergeError;
use sources::Source;

/// What all cases come to.
pub const SUMMARY: &str = "summary.json";

/// What of an earlier merge must not stand beside the receipts of another.
const MADE_OF_RECEIPTS: [&str; 7] = [
    SUMMARY,
    "summary.md",
    "junit.xml",
    "cases.csv",
    "positions.csv",
    "cases.parquet",
    "positions.parquet",
];

/// A run that was merged.
#[derive(Debug)]
pub struct Merged {
    /// Where it is.
    pub run: RunFolder,
    /// What it comes to.
    pub summary: RunSummary,
    /// What the folders have of cases that are in no plan, which is left where it is.
    pub unplanned: Vec<RunProblem>,
}

/// Merges folders into `out`.
pub fn merge(folders: &[PathBuf], out: &Path) -> Result<Merged, MergeError> {
    let sources = folders.iter().map(|root| Source::open(root));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    let plan = sources::common_plan(&sources)?;
    prepare(out, &plan)?;
    let run = RunFolder::open(out)?;
    let cases = planned(&run)?;
    let ids: BTreeSet<_> = cases.iter().map(CaseOf::id).collect();
    let mut strangers = BTreeSet::new();
    for source in &sources {
        let known = case_folders(&source.root)?.into_iter();
        strangers.extend(known.filter(|it| !ids.contains(it.as_str())));
    }
    let (summary, environment) = keep_cases(&run, &cases, &sources)?;
    let finished = finish(&run, &ids, &environment, &summary);
    finished.map_err(|error| MergeError::Write(out.to_owned(), error))?;
    Ok(Merged {
        summary,
        unplanned: strangers.into_iter().map(unplanned).collect(),
        run,
    })
}

/// Brings each case together: no more than the receipts of a few are held.
fn keep_cases(
    run: &RunFolder,
    cases: &[CaseOf<'_>],
    sources: &[Source],
) -> Result<(RunSummary, RunEnvironment), MergeError> {
    let mut summing = Summing::new(&run.plan);
    let mut environments = BTreeMap::new();
    let keep = |of: &CaseOf<'_>| keep_case(run, of, sources);
    in_turn(cases, keep, |of, kept| {
        let (standing, environment) = kept?;
        summing.add(of, &standing);
        environments.extend(environment.map(|it| (of.id().to_owned(), it)));
        Ok::<_, MergeError>(())
    })?;
    let environment = RunEnvironment {
        schema: Tag::new(),
        cases: environments,
    };
    Ok((summing.finish(&run.plan_sha256), environment))
}

/// Writes what counts of one case; how it stands, and where it was run.
fn keep_case(
    run: &RunFolder,
    of: &CaseOf<'_>,
    sources: &[Source],
) -> Result<(Standing, Option<Environment>), MergeError> {
    let mut found = Found::default();
    for source in sources {
        found.look(&source.case(of.id()), of);
    }
    let standing = found.settle();
    let folder = run.case(of.id());
    case::keep(&standing, &folder).map_err(|error| MergeError::Write(folder, error))?;
    let folders = standing.chosen.as_ref().map(|it| it.folders.as_slice());
    let environment = sources::environment(sources, folders.unwrap_or_default(), of.id())?;
    Ok((standing, environment))
}

/// Writes what is of all cases, the summary last.
fn finish(
    run: &RunFolder,
    ids: &BTreeSet<&str>,
    environment: &RunEnvironment,
    summary: &RunSummary,
) -> io::Result<()> {
    write_json(run.root(), ENVIRONMENT, environment)?;
    for folder in case_folders(run.root()).map_err(io::Error::other)? {
        let path = run.case(&folder);
        if ids.contains(folder.as_str()) {
            // Only now is it no longer needed in a run that is merged into itself.
            remove_if_there(&path.join(ENVIRONMENT))?;
        } else {
            case::remove(&path)?;
        }
    }
    // A run that cases were run in again has them. What is noted is still to be done.
    case::remove(&run.root().join(CLAIMS))?;
    match fs::remove_dir(run.root().join(AGAIN)) {
        Err(error) if !matches!(error.kind(), NotFound | DirectoryNotEmpty) => return Err(error),
        _ => {}
    }
    write_json(run.root(), SUMMARY, summary)
}

/// Makes the folder, or makes an earlier run of the same plan fit to be written anew. A folder of
/// something else is left alone.
fn prepare(out: &Path, plan: &str) -> Result<(), MergeError> {
    let bad = |error| MergeError::Write(out.to_owned(), error);
    fs::create_dir_all(out).map_err(bad)?;
    let path = out.join(PLAN);
    if path.exists() {
        let (earlier, _) = plan_text(&path)?;
        if earlier != plan {
            return Err(MergeError::OtherRun(out.to_owned()));
        }
    } else {
        if fs::read_dir(out).map_err(bad)?.next().is_some() {
            return Err(MergeError::NoRun(out.to_owned()));
        }
        write_text(out, PLAN, plan).map_err(bad)?;
    }
    let mut made = MADE_OF_RECEIPTS.iter();
    made.try_for_each(|name| remove_if_there(&out.join(name)))
        .map_err(bad)
}
