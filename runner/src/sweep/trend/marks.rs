//! What that decides results differs between two runs, as far as their plans tell it.

use schemas::diff::{CauseKind, FieldChange};
use schemas::plan::{PlannedFile, PlannedModel};
use schemas::trend::Mark;

use super::night::Facts;
use crate::sweep::diff::{fields, limits};

/// What differs, the gravest first.
pub(super) fn between(before: &Facts, after: &Facts) -> Vec<Mark> {
    let changes = limits::changes(&before.limits, &after.limits);
    let renamed = if changes == limits::LimitChanges::default() {
        fields::changed(&before.limits_file, &after.limits_file)
    } else {
        Vec::new()
    };
    let file = |of: fn(&PlannedModel) -> Option<&PlannedFile>| {
        let identity = |facts: &Facts| {
            let file = facts.model.as_ref().and_then(of);
            file.map(|file| file.identity.sha256.clone())
        };
        let named = |facts| serde_json::json!({ "sha256": identity(facts) });
        fields::changed(&named(before), &named(after))
    };
    let marks = [
        (CauseKind::LimitsLoosened, changes.loosened),
        (
            CauseKind::ReferenceChanged,
            fields::changed(&before.reference, &after.reference),
        ),
        (
            CauseKind::CandidateChanged,
            fields::changed(&before.candidate, &after.candidate),
        ),
        (CauseKind::ModelChanged, file(|model| Some(&model.file))),
        (
            CauseKind::ReferenceModelChanged,
            file(|model| model.reference.as_ref()),
        ),
        (
            CauseKind::TokenizerChanged,
            file(|model| model.tokenizer.as_ref()),
        ),
        (CauseKind::LimitsTightened, changes.tightened),
        (CauseKind::LimitsRenamed, renamed),
    ];
    let changed = |(_, fields): &(CauseKind, Vec<FieldChange>)| !fields.is_empty();
    let marks = marks.into_iter().filter(changed);
    marks.map(|(kind, fields)| Mark { kind, fields }).collect()
}
