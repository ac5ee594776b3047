//! One side of a diff: a run, or a single receipt as a run of one case. Says which cases there are, and how
//! each stands by the judgement that `gate` has of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use schemas::environment::Environment;
use schemas::plan::{Plan, PlanSettings};
use schemas::receipt::Receipt;

use super::DiffError;
use crate::sweep::environments::{self, Environments};
use crate::sweep::folder::{FolderError, PLAN, RECEIPT, RunFolder, read_receipt};
use crate::sweep::lookup::CaseOf;
use crate::sweep::standing::Standing;
use crate::sweep::summary::planned;
use crate::verify;

/// One side.
pub(super) struct Side {
    /// Where it is.
    pub(super) path: PathBuf,
    source: Source,
}

enum Source {
    Run {
        run: Box<RunFolder>,
        environments: Environments,
    },
    Receipt {
        file: PathBuf,
        /// None where it is of no sweep.
        pairing_key: Option<String>,
    },
}

/// One case of a side.
pub(super) struct Entry<'a> {
    /// By which it is paired; a receipt that is of no sweep has none.
    pub(super) pairing_key: Option<&'a str>,
    /// Its comparison, if it is of a sweep.
    pub(super) comparison: Option<&'a str>,
    place: Place<'a>,
}

enum Place<'a> {
    Planned {
        run: &'a RunFolder,
        of: CaseOf<'a>,
        environments: &'a Environments,
    },
    File(&'a Path),
}

/// What a side has of a case.
pub(super) struct Found {
    /// What came of it; `None`: nothing yet.
    pub(super) receipt: Option<Receipt>,
    /// How many there are of what counts: none, one, or two that contradict each other.
    pub(super) receipts: usize,
}

impl Side {
    /// What lies there.
    pub(super) fn open(path: &Path) -> Result<Self, DiffError> {
        let source = if path.join(PLAN).exists() {
            Source::run(path)?
        } else {
            Source::receipt(path)?
        };
        Ok(Self {
            path: path.to_owned(),
            source,
        })
    }

    /// The sweep's name and settings, if it is one.
    pub(super) fn sweep(&self) -> Option<(&str, &PlanSettings)> {
        match &self.source {
            Source::Run { run, .. } => Some((&run.plan.name, &run.plan.settings)),
            Source::Receipt { .. } => None,
        }
    }

    /// The cases, in the plan's order.
    pub(super) fn entries(&self) -> Result<Vec<Entry<'_>>, FolderError> {
        let (run, environments) = match &self.source {
            Source::Run { run, environments } => (run, environments),
            Source::Receipt { file, pairing_key } => {
                return Ok(vec![Entry {
                    pairing_key: pairing_key.as_deref(),
                    comparison: None,
                    place: Place::File(file),
                }]);
            }
        };
        let entries = planned(run)?.into_iter().map(|of| Entry {
            pairing_key: Some(&of.case.keys.pairing_key),
            comparison: Some(&of.comparison.name),
            place: Place::Planned {
                run,
                of,
                environments,
            },
        });
        Ok(entries.collect())
    }
}

impl Source {
    fn run(root: &Path) -> Result<Self, FolderError> {
        let run = Box::new(RunFolder::open(root)?);
        let Plan { cases, .. } = &run.plan;
        let mut keys = BTreeSet::new();
        let mut all = cases.iter().map(|case| &case.keys.pairing_key);
        if let Some(key) = all.find(|key| !keys.insert(*key)) {
            return Err(FolderError {
                path: root.join(PLAN),
                problem: format!("two cases have the pairing key {key}"),
            });
        }
        let environments = Environments::open(root)?;
        Ok(Self::Run { run, environments })
    }

    fn receipt(path: &Path) -> Result<Self, FolderError> {
        let is_folder = path.is_dir();
        let file = if is_folder {
            path.join(RECEIPT)
        } else {
            path.to_owned()
        };
        let Some(receipt) = read_receipt(&file)? else {
            let problem = if is_folder {
                format!("neither {PLAN} nor {RECEIPT} is in it")
            } else {
                "no such file or folder".to_owned()
            };
            let path = path.to_owned();
            return Err(FolderError { path, problem });
        };
        let pairing_key = receipt.case.map(|keys| keys.pairing_key);
        Ok(Self::Receipt { file, pairing_key })
    }
}

impl Entry<'_> {
    /// What there is of it. A receipt that cannot be believed is trouble: whatever is said of the case
    /// would be said by somebody who edited it.
    pub(super) fn look(&self) -> Result<Found, FolderError> {
        let (receipt, receipts, unsound) = match &self.place {
            Place::Planned { run, of, .. } => {
                let standing = Standing::in_run(run, of);
                let found = [&standing.chosen, &standing.conflicting];
                let receipts = found.into_iter().flatten().count();
                let unsound = standing.unsound.map(|it| format!("{}: {it}", of.name()));
                (standing.chosen.map(|it| it.receipt), receipts, unsound)
            }
            Place::File(file) => {
                let receipt = read_receipt(file)?;
                let findings = receipt.as_ref().map(verify::contradictions);
                let unsound = findings.into_iter().flatten().next();
                (receipt, 1, unsound.map(|it| it.to_string()))
            }
        };
        match unsound {
            None => Ok(Found { receipt, receipts }),
            Some(problem) => Err(FolderError {
                path: self.folder(),
                problem,
            }),
        }
    }

    /// When, where and by which programs it came to what it is, if that is known.
    pub(super) fn environment(&self) -> Result<Option<Environment>, FolderError> {
        match &self.place {
            Place::Planned {
                of, environments, ..
            } => environments.of(of.id()),
            Place::File(file) => environments::beside(file.parent().unwrap_or(Path::new("."))),
        }
    }

    fn folder(&self) -> PathBuf {
        match &self.place {
            Place::Planned { run, of, .. } => run.case(of.id()),
            Place::File(file) => (*file).to_owned(),
        }
    }
}
