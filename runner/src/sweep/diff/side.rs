//! One side of a diff: a run, or a single receipt as a run of one case. Says which cases there are and
//! reads them one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use schemas::environment::{Environment, RunEnvironment};
use schemas::line;
use schemas::plan::{Plan, PlanSettings};
use schemas::receipt::Receipt;

use super::DiffError;
use crate::model_file;
use crate::sweep::folder::{
    self, ENVIRONMENT, ENVIRONMENT_BYTES, FolderError, PLAN, RECEIPT, RECEIPT_BYTES, RunFolder,
};

/// The environments of a merged run, by the cases' ids.
type Environments = BTreeMap<String, Environment>;

/// One side.
pub(super) struct Side {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The sweep's name and settings, if it is one.
    pub(super) sweep: Option<(String, PlanSettings)>,
    /// The cases, in the plan's order.
    pub(super) entries: Vec<Entry>,
    /// Read when first asked for: of most runs nobody asks.
    merged: OnceLock<Result<Environments, String>>,
}

/// One case of a side.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// By which it is paired; a receipt that is of no sweep has none.
    pub(super) pairing_key: Option<String>,
    /// Its comparison, if it is of a sweep.
    pub(super) comparison: Option<String>,
    id: Option<String>,
    receipt: PathBuf,
}

impl Side {
    /// What lies there.
    pub(super) fn open(path: &Path) -> Result<Self, DiffError> {
        if path.join(PLAN).exists() {
            return Self::of_run(&RunFolder::open(path)?);
        }
        let is_folder = path.is_dir();
        let file = if is_folder {
            path.join(RECEIPT)
        } else {
            path.to_owned()
        };
        let Some(receipt) = folder::read_receipt(&file)? else {
            let problem = if is_folder {
                format!("neither {PLAN} nor {RECEIPT} is in it")
            } else {
                "no such file or folder".to_owned()
            };
            let path = path.to_owned();
            return Err(FolderError { path, problem }.into());
        };
        let entry = Entry {
            pairing_key: receipt.case.map(|keys| keys.pairing_key),
            comparison: None,
            id: None,
            receipt: file,
        };
        Ok(Self {
            path: path.to_owned(),
            sweep: None,
            entries: vec![entry],
            merged: OnceLock::new(),
        })
    }

    fn of_run(run: &RunFolder) -> Result<Self, DiffError> {
        let Plan {
            name,
            settings,
            cases,
            ..
        } = &run.plan;
        let mut keys = BTreeSet::new();
        let twice = cases
            .iter()
            .find(|case| !keys.insert(&case.keys.pairing_key));
        if let Some(case) = twice {
            let problem = format!("two cases have the pairing key {}", case.keys.pairing_key);
            let path = run.root().join(PLAN);
            return Err(FolderError { path, problem }.into());
        }
        let entries = cases.iter().map(|case| Entry {
            pairing_key: Some(case.keys.pairing_key.clone()),
            comparison: Some(case.comparison.clone()),
            id: Some(case.keys.id.clone()),
            receipt: run.case(&case.keys.id).join(RECEIPT),
        });
        Ok(Self {
            path: run.root().to_owned(),
            sweep: Some((name.clone(), settings.clone())),
            entries: entries.collect(),
            merged: OnceLock::new(),
        })
    }

    /// When, where and by which programs a case came to what it is, if that is known. A shard has it in
    /// the case's folder, a merged run that of all cases in one file.
    pub(super) fn environment(&self, entry: &Entry) -> Result<Option<Environment>, FolderError> {
        let path = entry.receipt.with_file_name(ENVIRONMENT);
        if let Some(text) = read_if_there(&path, ENVIRONMENT_BYTES)? {
            let environment = line::read_whole(&text);
            return environment.map(Some).map_err(|error| FolderError {
                path,
                problem: error.to_string(),
            });
        }
        let Some(id) = entry.id.as_ref().filter(|_| self.sweep.is_some()) else {
            return Ok(None);
        };
        let path = self.path.join(ENVIRONMENT);
        let merged = self.merged.get_or_init(|| read_merged(&path));
        match merged {
            Ok(environments) => Ok(environments.get(id).cloned()),
            Err(problem) => Err(FolderError {
                path,
                problem: problem.clone(),
            }),
        }
    }
}

fn read_merged(path: &Path) -> Result<Environments, String> {
    let text = read_if_there(path, ENVIRONMENT_BYTES).map_err(|error| error.problem)?;
    let Some(text) = text else {
        return Ok(Environments::new());
    };
    let merged = line::read_whole::<RunEnvironment>(&text);
    merged.map(|it| it.cases).map_err(|error| error.to_string())
}

fn read_if_there(path: &Path, limit_bytes: u64) -> Result<Option<String>, FolderError> {
    match model_file::read_text(path, limit_bytes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).map_err(|error| FolderError {
            path: path.to_owned(),
            problem: error.to_string(),
        }),
    }
}

impl Entry {
    /// What came of it; `None`: nothing yet.
    pub(super) fn receipt(&self) -> Result<Option<Receipt>, FolderError> {
        let Some(receipt) = folder::read_receipt(&self.receipt)? else {
            return Ok(None);
        };
        let key = receipt.case.as_ref().map(|keys| &keys.pairing_key);
        if key != self.pairing_key.as_ref() {
            return Err(FolderError {
                path: self.receipt.clone(),
                problem: "it is the receipt of another case".to_owned(),
            });
        }
        Ok(Some(receipt))
    }

    /// Whether both have receipts of the same bytes, which need not be understood then.
    pub(super) fn same_bytes(&self, other: &Self) -> Result<bool, FolderError> {
        let text = |entry: &Self| read_if_there(&entry.receipt, RECEIPT_BYTES);
        let texts = (text(self)?, text(other)?);
        Ok(matches!(texts, (Some(one), Some(other)) if one == other))
    }
}
