//! Where the models of a run lie, and the texts of all tokens that its page shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemas::environment::{Environment, RunEnvironment};
use schemas::line;
use schemas::tag::Kind;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entry::Entry;
use super::gather::{Gathered, model_of};
use super::sections::worst_rows::Tops;
use super::vocabulary::Vocabulary;
use crate::model_file;
use crate::sweep::folder::{ENVIRONMENT, ENVIRONMENT_BYTES, RunFolder};

/// The texts of all tokens that the page shows, model by model.
pub(super) fn vocabularies(
    run: &RunFolder,
    entries: &[Entry<'_>],
    gathered: &mut Gathered,
    tops: &Tops,
) -> BTreeMap<String, Vocabulary> {
    for (row, top) in gathered.worst.iter().zip(tops) {
        let shown = top.iter().flatten().flatten().map(|it| it.id);
        let model = model_of(&run.plan, &entries[row.entry]);
        gathered.tokens.entry(model).or_default().extend(shown);
    }
    let models = run.plan.models.iter().filter_map(|model| {
        let wanted = gathered.tokens.get(&model.label)?;
        let path = model_path(run, entries, &model.label)?;
        let vocabulary = Vocabulary::read(&path, &model.file.identity, wanted);
        Some((model.label.clone(), vocabulary))
    });
    models.collect()
}

/// Where the first case of this model says that it found it: a thousand cases of a run were on one
/// machine, or on alike ones.
fn model_path(run: &RunFolder, entries: &[Entry<'_>], label: &str) -> Option<PathBuf> {
    let merged = read_kind::<RunEnvironment>(&run.root().join(ENVIRONMENT));
    let of_model = entries
        .iter()
        .filter(|it| it.summary.is_some() && model_of(&run.plan, it) == label);
    let mut paths = of_model.filter_map(|it| {
        let of_run = merged.as_ref().and_then(|merged| merged.cases.get(it.id()));
        let beside = || read_kind::<Environment>(&run.case(it.id()).join(ENVIRONMENT));
        let environment = of_run.cloned().or_else(beside)?;
        Some(PathBuf::from(environment.model_path))
    });
    paths.next()
}

/// An object in a file that may not be there, or may be something else.
fn read_kind<T: Kind + DeserializeOwned + Serialize>(path: &Path) -> Option<T> {
    let text = model_file::read_text(path, ENVIRONMENT_BYTES).ok()?;
    line::read(&text).ok()
}
