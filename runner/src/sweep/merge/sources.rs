//! The folders that are merged. Of plans only one is kept, for each may have all prompts in it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use schemas::environment::{Environment, RunEnvironment};
use schemas::line;
use schemas::tag::Kind;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::MergeError;
use crate::model_file;
use crate::sweep::folder::{CASES, ENVIRONMENT, ENVIRONMENT_BYTES, FolderError, PLAN, plan_text};

/// A folder of a sweep.
pub(super) struct Source {
    pub(super) root: PathBuf,
    plan_sha256: String,
    /// Where it was merged before: the environments of its cases.
    pub(super) environments: BTreeMap<String, Environment>,
}

impl Source {
    pub(super) fn open(root: &Path) -> Result<Self, FolderError> {
        let (_, plan_sha256) = plan_text(&root.join(PLAN))?;
        let environment: Option<RunEnvironment> = read(&root.join(ENVIRONMENT))?;
        Ok(Self {
            root: root.to_owned(),
            plan_sha256,
            environments: environment.map_or_else(BTreeMap::new, |it| it.cases),
        })
    }

    pub(super) fn case(&self, id: &str) -> PathBuf {
        self.root.join(CASES).join(id)
    }
}

/// The plan that all of them have.
pub(super) fn common_plan(sources: &[Source]) -> Result<String, MergeError> {
    let [first, others @ ..] = sources else {
        return Err(MergeError::NoFolder);
    };
    if let Some(other) = others.iter().find(|it| it.plan_sha256 != first.plan_sha256) {
        let folders = [first, other].map(|it| (it.root.clone(), it.plan_sha256.clone()));
        return Err(MergeError::Plans { folders });
    }
    Ok(plan_text(&first.root.join(PLAN))?.0)
}

/// The environment in which a receipt was made, from the first of the case's `folders` that has it.
pub(super) fn environment(
    sources: &[Source],
    folders: &[PathBuf],
    id: &str,
) -> Result<Option<Environment>, FolderError> {
    for source in sources {
        let folder = source.case(id);
        if !folders.contains(&folder) {
            continue;
        }
        let beside = read(&folder.join(ENVIRONMENT))?;
        if let Some(found) = beside.or_else(|| source.environments.get(id).cloned()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn read<T: Kind + DeserializeOwned + Serialize>(path: &Path) -> Result<Option<T>, FolderError> {
    let bad = |problem: String| FolderError {
        path: path.to_owned(),
        problem,
    };
    let text = match model_file::read_text(path, ENVIRONMENT_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| bad(error.to_string()))?,
    };
    line::read(&text)
        .map(Some)
        .map_err(|error| bad(error.to_string()))
}
