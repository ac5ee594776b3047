//! The verdict of a whole run, from its plan and its receipts. A summary that lies there is never
//! believed: it must be what they come to.

use std::fmt;
use std::io;
use std::path::PathBuf;

use schemas::canonical;
use schemas::run_summary::RunSummary;

use super::folder::{FolderError, RunFolder};
use super::merge::SUMMARY;
use super::summary;
use crate::exit::Exit;
use crate::model_file;
use crate::text::escape_path;

/// 100,000 cases of about 2 kB.
const SUMMARY_BYTES: u64 = 1 << 30;

/// Why a run has no verdict.
#[derive(Debug)]
pub enum GateError {
    /// It cannot be read.
    Folder(FolderError),
    /// Its summary is not what its receipts come to.
    Stale {
        /// The summary.
        path: PathBuf,
        /// The run.
        run: PathBuf,
    },
}

impl GateError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => error.exit(),
            Self::Stale { .. } => Exit::BadInput,
        }
    }
}

impl From<FolderError> for GateError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::Stale { path, run } => {
                let run = escape_path(run);
                write!(
                    f,
                    "{}: is not what the receipts beside it come to: stale or edited (hint: lockstep merge \
                     {run} -o {run})",
                    escape_path(path)
                )
            }
        }
    }
}

impl std::error::Error for GateError {}

/// What a run comes to. Folders that were never merged have no summary, and need none.
pub fn gate(run: &RunFolder) -> Result<RunSummary, GateError> {
    let summary = summary::of(run)?;
    let path = run.root().join(SUMMARY);
    let unreadable = |problem: String| FolderError {
        path: path.clone(),
        problem,
    };
    let stored = match model_file::read_text(&path, SUMMARY_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(summary),
        stored => stored.map_err(|error| unreadable(error.to_string()))?,
    };
    let expected = canonical::to_string(&summary).map_err(|error| unreadable(error.to_string()))?;
    if stored != expected {
        let run = run.root().to_owned();
        return Err(GateError::Stale { path, run });
    }
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::sweep::merge::merge;
    use crate::sweep::testing::{Sweep, Told};
    use schemas::receipt::Verdict;

    fn merged(told: &[Told], root: &Path) -> RunFolder {
        let shard = root.join("shard");
        Sweep::of(told).write(&shard);
        merge(&[shard], &root.join("run")).expect("a run").run
    }

    fn is_stale(run: &RunFolder) -> bool {
        matches!(gate(run), Err(GateError::Stale { .. }))
    }

    #[test]
    fn a_run_is_judged_with_and_without_its_summary() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = merged(&[Told::Same, Told::DivergedAt(0)], folder.path());
        let of_merged = gate(&run).expect("a verdict");
        assert_eq!(
            (of_merged.verdict, of_merged.exit.code),
            (Verdict::Diverged, 1)
        );
        fs::remove_file(run.root().join(SUMMARY)).expect("a summary");
        assert_eq!(gate(&run).expect("a verdict"), of_merged);
    }

    /// A summary that says what one would like to hear.
    #[test]
    fn an_edited_summary_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = merged(&[Told::Same, Told::DivergedAt(0)], folder.path());
        let path = run.root().join(SUMMARY);
        let text = fs::read_to_string(&path).expect("a summary");
        fs::write(&path, text.replace("DIVERGED", "BIT-EXACT")).expect("a file");
        let error = gate(&run).expect_err("an edited summary");
        assert_eq!(error.exit().code(), 65);
        assert!(error.to_string().contains("stale or edited"), "{error}");
        fs::write(&path, text).expect("a file");
        assert!(gate(&run).is_ok());
    }

    #[test]
    fn receipts_that_came_or_went_after_merging_are_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = merged(&[Told::Same, Told::DivergedAt(0)], folder.path());
        let diverged = run.case(&run.plan.cases[1].keys.id);
        fs::rename(&diverged, folder.path().join("away")).expect("a folder");
        assert!(is_stale(&run));
        fs::rename(folder.path().join("away"), &diverged).expect("a folder");
        assert!(!is_stale(&run));
        fs::create_dir(run.case("0123456789abcdef")).expect("a folder");
        assert!(is_stale(&run));
    }

    #[test]
    fn an_empty_plan_is_no_pass() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = merged(&[], folder.path());
        assert_eq!(gate(&run).expect("a verdict").exit.code, 4);
    }
}
