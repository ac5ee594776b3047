//! The last sentence for people: whether a comparison can begin, what is missing, what mends it.

use schemas::preflight::{EngineStatus, Preflight, ProfileStatus, Role};
use schemas::receipt::Profile;

use super::examine::DEFAULT_PROFILE;
use crate::engine::catalogue::{DEFAULT_CANDIDATE, default_reference};
use crate::text::escape_for_terminal;

/// The sentence.
pub(super) fn sentence(preflight: &Preflight) -> String {
    let with_model = match preflight.model {
        Some(_) => " with this model",
        None => "",
    };
    if preflight.ready {
        let names = names(preflight, |engine| engine.role == Role::Reference);
        return format!("Ready{with_model}: {DEFAULT_CANDIDATE} can be compared with {names}.");
    }
    let mends = mends(&preflight.engines);
    let next = if mends.is_empty() {
        ""
    } else {
        " To mend that:"
    };
    format!("Not ready{with_model}: {}{next}{mends}", missing(preflight))
}

fn missing(preflight: &Preflight) -> String {
    let usable = |role| {
        let mut engines = preflight.engines.iter();
        engines.any(|engine| engine.role == role && engine.usable)
    };
    let missing = match (usable(Role::Candidate), usable(Role::Reference)) {
        (false, false) => "neither a candidate nor a reference",
        (false, true) => "no candidate",
        (true, false) => "no reference",
        (true, true) => return not_by_default(preflight),
    };
    format!("there is {missing} that can be used.")
}

/// There is a reference, but not the one that a comparison without a flag takes.
fn not_by_default(preflight: &Preflight) -> String {
    let (profile, needed) = (DEFAULT_PROFILE.name(), default_reference(DEFAULT_PROFILE));
    // `f32` needs what the default profile needs.
    let production = preflight
        .profiles
        .iter()
        .find(|it| it.profile == Profile::Production && !it.references.is_empty());
    let other = production.map(flags).unwrap_or_default();
    format!(
        "the default profile, {profile}, needs {needed} and a candidate that computes alike.{other}"
    )
}

/// What can be compared all the same.
fn flags(status: &ProfileStatus) -> String {
    let profile = status.profile.name();
    let reference = match status.references.first() {
        Some(other) if !status.ready => format!(" --reference {}", escape_for_terminal(other)),
        _ => String::new(),
    };
    format!(" What can be compared: --profile {profile}{reference}.")
}

fn names(preflight: &Preflight, wanted: impl Fn(&EngineStatus) -> bool) -> String {
    let usable = preflight.engines.iter().filter(|engine| engine.usable);
    let names = usable.filter(|engine| wanted(engine));
    let names: Vec<_> = names
        .map(|engine| escape_for_terminal(&engine.name))
        .collect();
    names.join(", ")
}

/// The commands that make what a comparison without a flag needs.
fn mends(engines: &[EngineStatus]) -> String {
    let needed = [DEFAULT_CANDIDATE, default_reference(DEFAULT_PROFILE)];
    let mends: Vec<_> = engines
        .iter()
        .filter(|engine| needed.contains(&engine.name.as_str()))
        .filter_map(|engine| engine.mend.as_deref())
        .map(|mend| format!("\n  {}", escape_for_terminal(mend)))
        .collect();
    mends.concat()
}
