//! Whether the programs of engines are the same files. Asked where numbers differ that nothing in the
//! receipts explains: a program that was built again may describe itself as before.

use schemas::diff::{CauseKind, FieldChange};
use schemas::environment::{EngineEnvironment, Environment};

use super::causes::Reason;

/// What explains numbers that receipts do not, or else that nothing does.
pub(super) fn reasons(
    before: Option<&Environment>,
    after: Option<&Environment>,
    [reference, candidate]: [&str; 2],
    comparison: &str,
) -> Vec<Reason> {
    let (Some(before), Some(after)) = (before, after) else {
        return vec![Reason::new(CauseKind::Unexplained, comparison, Vec::new())];
    };
    let engines = [
        (
            CauseKind::ReferenceChanged,
            reference,
            program(&before.reference),
            program(&after.reference),
        ),
        (
            CauseKind::CandidateChanged,
            candidate,
            program(&before.candidate),
            program(&after.candidate),
        ),
    ];
    let is_known = engines
        .iter()
        .all(|(_, _, old, new)| old.is_some() && new.is_some());
    let changed = engines.into_iter().filter(|(_, _, old, new)| old != new);
    let reasons: Vec<_> = changed
        .filter(|(_, _, old, new)| old.is_some() && new.is_some())
        .map(|(kind, name, before, after)| {
            let field = FieldChange {
                field: "program".to_owned(),
                before,
                after,
            };
            Reason::new(kind, name, vec![field])
        })
        .collect();
    match (reasons.is_empty(), is_known) {
        (false, _) => reasons,
        (true, true) => vec![Reason::new(
            CauseKind::NotReproducible,
            comparison,
            Vec::new(),
        )],
        (true, false) => vec![Reason::new(CauseKind::Unexplained, comparison, Vec::new())],
    }
}

fn program(engine: &EngineEnvironment) -> Option<String> {
    engine.binary_sha256.clone()
}
