//! When, where and by which programs the cases of a run were run: a shard has that beside each receipt, a
//! merged run in one file for all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemas::environment::{Environment, RunEnvironment};
use schemas::line;
use schemas::tag::Kind;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::folder::{CASES, ENVIRONMENT, FolderError, text_if_there};

/// A case's environment takes about 3 kB, and a merged run may have 100,000 of them.
const LARGEST_BYTES: u64 = 1 << 30;

/// The environments of one run's cases.
#[derive(Debug)]
pub struct Environments {
    root: PathBuf,
    /// By the cases' ids; empty where nothing was merged.
    merged: BTreeMap<String, Environment>,
}

impl Environments {
    /// Those of the run in a folder.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let merged: Option<RunEnvironment> = read(&root.join(ENVIRONMENT))?;
        Ok(Self {
            root: root.to_owned(),
            merged: merged.map_or_else(BTreeMap::new, |it| it.cases),
        })
    }

    /// That of a case, if it is known. What stands beside the receipt is newer: a case of a merged run
    /// was run again.
    pub fn of(&self, id: &str) -> Result<Option<Environment>, FolderError> {
        let beside = beside(&self.root.join(CASES).join(id))?;
        Ok(beside.or_else(|| self.merged.get(id).cloned()))
    }
}

/// What stands beside the receipt in a case's folder.
pub fn beside(folder: &Path) -> Result<Option<Environment>, FolderError> {
    read(&folder.join(ENVIRONMENT))
}

fn read<T: Kind + DeserializeOwned + Serialize>(path: &Path) -> Result<Option<T>, FolderError> {
    let Some(text) = text_if_there(path, LARGEST_BYTES)? else {
        return Ok(None);
    };
    let read = line::read(&text).map(Some);
    read.map_err(|error| FolderError {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}
