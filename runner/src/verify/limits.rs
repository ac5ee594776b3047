//! Whether the limits of a receipt are such as a comparison can have been judged by.

use schemas::limits::{AppliedLimit, LimitSource};
use schemas::receipt::{Profile, Receipt};

use super::Finding;
use crate::limits::{self, Limits, OVERRIDE_BASIS, Override, metric_name};

/// The first thing that is wrong with them.
pub(super) fn check(receipt: &Receipt) -> Result<(), Finding> {
    let problem = |problem: &str| Err(Finding::new("limits", problem));
    let applied = &receipt.limits;
    let file = receipt.limits_file.as_ref();
    match receipt.profile {
        Profile::Exact if file.is_some() || !applied.is_empty() => {
            return problem("there are some, and `exact` has none");
        }
        Profile::F32 | Profile::Production if file.is_none() => {
            let profile = receipt.profile.name();
            let problem = format!("come from no file, and `{profile}` has one");
            return Err(Finding::new("limits", problem));
        }
        _ => {}
    }
    if applied.is_empty() {
        return match file {
            Some(_) => problem("there are none, and a file of limits applied"),
            None => Ok(()),
        };
    }
    limits::check(applied.iter().map(|applied| &applied.limit))
        .map_err(|error| Finding::new(error.path, error.problem))?;
    if file.is_none() && applied.iter().any(|it| it.source == LimitSource::File) {
        return problem("some are of a file, and none is named");
    }
    let shipped = file.and_then(|it| limits::shipped_as(&it.name, it.version));
    let overrides = overrides(applied);
    let is_other = |file| Limits::new(Some(file), &overrides).applied() != applied;
    if shipped.as_ref().is_some_and(is_other) {
        return problem("are not those of the shipped file with the flags over them");
    }
    let of_flags = applied.iter().filter(|it| it.source == LimitSource::Flag);
    for it in of_flags {
        let said = (it.limit.metric, it.limit.value);
        if it.limit.basis != OVERRIDE_BASIS || !overrides.contains(&said) {
            let name = metric_name(it.limit.metric);
            let problem = format!("that of {name} is none that a flag gives");
            return Err(Finding::new("limits", problem));
        }
    }
    Ok(())
}

/// What the flags said, in their order.
fn overrides(applied: &[AppliedLimit]) -> Vec<Override> {
    let mut overrides: Vec<Override> = Vec::new();
    for it in applied.iter().filter(|it| it.source == LimitSource::Flag) {
        if overrides
            .iter()
            .all(|(metric, _)| *metric != it.limit.metric)
        {
            overrides.push((it.limit.metric, it.limit.value));
        }
    }
    overrides
}
