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
        let with = comparable(preflight);
        return format!("Ready{with_model}: {DEFAULT_CANDIDATE} can be compared with {with}.");
    }
    let mends = mends(&preflight.engines);
    let next = if mends.is_empty() {
        ""
    } else {
        " To mend that:"
    };
    let missing = missing(preflight);
    format!("Not ready{with_model}: {missing}{next}{mends}")
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
    let other = better(&preflight.engines).filter(|_| usable(Role::Candidate));
    let other = other.map_or(String::new(), |other| {
        let other = escape_for_terminal(other);
        format!(" {other} may run it, with --profile production --reference {other}.")
    });
    format!("there is {missing} that can be used.{other}")
}

/// Who may be compared on a model that the default reference cannot run.
fn better(engines: &[EngineStatus]) -> Option<&str> {
    let named = |name: &str| engines.iter().find(|engine| engine.name == name);
    let default = named(default_reference(DEFAULT_PROFILE))?;
    let other = named(default.better.as_deref()?)?;
    // One that is there was asked, and the table has its answer.
    let may_run_it = |engine: &EngineStatus| {
        engine.usable || (!engine.available && engine.can_run != Some(false))
    };
    (may_run_it(named(DEFAULT_CANDIDATE)?) && may_run_it(other)).then_some(&other.name)
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

/// The references of the default profile, and those that another one alone can use.
fn comparable(preflight: &Preflight) -> String {
    let of = |profile| {
        let mut profiles = preflight.profiles.iter();
        let status = profiles.find(|it| it.profile == profile);
        status.map_or(&[][..], |it| &it.references)
    };
    let (default, production) = (of(DEFAULT_PROFILE), of(Profile::Production));
    let others = production.iter().filter(|name| !default.contains(name));
    let others: Vec<_> = others.map(|name| escape_for_terminal(name)).collect();
    let default: Vec<_> = default.iter().map(|it| escape_for_terminal(it)).collect();
    let default = default.join(", ");
    match others.as_slice() {
        [] => default,
        others => {
            let others = others.join(", ");
            format!("{default}, and with --profile production also with {others}")
        }
    }
}

/// The commands that make what a comparison without a flag needs, or what may run the model where
/// that cannot.
fn mends(engines: &[EngineStatus]) -> String {
    let default = default_reference(DEFAULT_PROFILE);
    let needed = [DEFAULT_CANDIDATE, better(engines).unwrap_or(default)];
    let mends: Vec<_> = engines
        .iter()
        .filter(|engine| needed.contains(&engine.name.as_str()))
        .filter_map(|engine| engine.mend.as_deref())
        .map(|mend| format!("\n  {}", escape_for_terminal(mend)))
        .collect();
    mends.concat()
}
