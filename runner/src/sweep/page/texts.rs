//! Where the models of a run lie, and the texts of all tokens that its page shows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::entry::Entry;
use super::gather::{Gathered, model_of};
use super::sections::worst_rows::Tops;
use super::vocabulary::Vocabulary;
use crate::sweep::environments::Environments;
use crate::sweep::folder::RunFolder;

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
    let environments = Environments::open(run.root()).ok();
    let models = run.plan.models.iter().filter_map(|model| {
        let wanted = gathered.tokens.get(&model.label)?;
        let path = model_path(run, environments.as_ref()?, entries, &model.label)?;
        let vocabulary = Vocabulary::read(&path, &model.file.identity, wanted);
        Some((model.label.clone(), vocabulary))
    });
    models.collect()
}

/// Where the first case of this model says that it found it: a thousand cases of a run were on one
/// machine, or on alike ones. Environments that cannot be read say nothing.
fn model_path(
    run: &RunFolder,
    environments: &Environments,
    entries: &[Entry<'_>],
    label: &str,
) -> Option<PathBuf> {
    let of_model = entries
        .iter()
        .filter(|it| it.summary.is_some() && model_of(&run.plan, it) == label);
    let mut found = of_model.filter_map(|it| environments.of(it.id()).ok().flatten());
    found.next().map(|it| PathBuf::from(it.model_path))
}
