//! The folders that are merged. Of plans only one is kept, for each may have all prompts in it.

use std::path::{Path, PathBuf};

use schemas::environment::Environment;

use super::MergeError;
use crate::sweep::environments::Environments;
use crate::sweep::folder::{CASES, FolderError, PLAN, plan_text};

/// A folder of a sweep.
pub(super) struct Source {
    pub(super) root: PathBuf,
    plan_sha256: String,
    environments: Environments,
}

impl Source {
    pub(super) fn open(root: &Path) -> Result<Self, FolderError> {
        let (_, plan_sha256) = plan_text(&root.join(PLAN))?;
        Ok(Self {
            root: root.to_owned(),
            plan_sha256,
            environments: Environments::open(root)?,
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
    let with_it = sources.iter().filter(|it| folders.contains(&it.case(id)));
    let found = with_it.map(|it| it.environments.of(id).transpose());
    found.flatten().next().transpose()
}
