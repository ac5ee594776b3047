//! Whether the programs of engines are the same files. Asked where numbers differ that nothing in the
//! receipts explains: a program that was built again may describe itself as before.

use schemas::diff::{CauseKind, FieldChange};
use schemas::environment::Environment;

use super::causes::Reason;

/// An engine's program before and after, by the digests of their files.
struct Program<'a> {
    kind: CauseKind,
    engine: &'a str,
    before: Option<&'a String>,
    after: Option<&'a String>,
}

/// What explains numbers that receipts do not, or else that nothing does.
pub(super) fn reasons(
    environments: [Option<&Environment>; 2],
    [reference, candidate]: [&str; 2],
    comparison: &str,
) -> Vec<Reason> {
    let of_reference = environments.map(|it| it?.reference.binary_sha256.as_ref());
    let of_candidate = environments.map(|it| it?.candidate.binary_sha256.as_ref());
    let programs = [
        (CauseKind::ReferenceChanged, reference, of_reference),
        (CauseKind::CandidateChanged, candidate, of_candidate),
    ];
    let programs = programs.map(|(kind, engine, [before, after])| Program {
        kind,
        engine,
        before,
        after,
    });
    let changed: Vec<_> = programs.iter().filter_map(Program::changed).collect();
    if !changed.is_empty() {
        return changed;
    }
    let is_known = |it: &Program<'_>| it.before.is_some() && it.after.is_some();
    let kind = if programs.iter().all(is_known) {
        CauseKind::NotReproducible
    } else {
        CauseKind::Unexplained
    };
    vec![Reason::new(kind, comparison, Vec::new())]
}

impl Program<'_> {
    /// `None`: it is the same, or one side is not known.
    fn changed(&self) -> Option<Reason> {
        let (before, after) = (self.before?, self.after?);
        let field = FieldChange {
            field: "program".to_owned(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        };
        (before != after).then(|| Reason::new(self.kind, self.engine, vec![field]))
    }
}
