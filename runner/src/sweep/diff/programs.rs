//! Whether the programs of engines are the same files, and had as many threads. Asked where numbers
//! differ that nothing in the receipts explains: a program that was built again may describe itself as
//! before, and of threads that nobody named no receipt tells.

use schemas::diff::{CauseKind, FieldChange};
use schemas::environment::{EngineEnvironment, Environment};

use super::causes::Reason;

/// An engine before and after, where that is known.
struct Engine<'a> {
    kind: CauseKind,
    name: &'a str,
    environments: [Option<&'a EngineEnvironment>; 2],
}

/// What explains numbers that receipts do not, or else that nothing does.
pub(super) fn reasons(
    environments: [Option<&Environment>; 2],
    [reference, candidate]: [&str; 2],
    comparison: &str,
) -> Vec<Reason> {
    let engines = [
        Engine {
            kind: CauseKind::ReferenceChanged,
            name: reference,
            environments: environments.map(|it| Some(&it?.reference)),
        },
        Engine {
            kind: CauseKind::CandidateChanged,
            name: candidate,
            environments: environments.map(|it| Some(&it?.candidate)),
        },
    ];
    let changed: Vec<_> = engines.iter().filter_map(Engine::changed).collect();
    if !changed.is_empty() {
        return changed;
    }
    let is_known = |it: &Engine<'_>| it.programs().iter().all(Option::is_some);
    let kind = if engines.iter().all(is_known) {
        CauseKind::NotReproducible
    } else {
        CauseKind::Unexplained
    };
    vec![Reason::new(kind, comparison, Vec::new())]
}

impl Engine<'_> {
    /// `None`: nothing is known to differ.
    fn changed(&self) -> Option<Reason> {
        let threads = self.environments.map(|it| Some(it?.threads?.to_string()));
        let of_both = [("program", self.programs()), ("threads", threads)];
        let changes = of_both.into_iter().filter_map(|(field, [before, after])| {
            let change = FieldChange {
                field: field.to_owned(),
                before: Some(before?),
                after: Some(after?),
            };
            (change.before != change.after).then_some(change)
        });
        let changes: Vec<_> = changes.collect();
        (!changes.is_empty()).then(|| Reason::new(self.kind, self.name, changes))
    }

    /// The digests of its program's files.
    fn programs(&self) -> [Option<String>; 2] {
        self.environments.map(|it| it?.binary_sha256.clone())
    }
}
