//! Mistakes made on purpose, one at a time, so that it can be checked whether they are noticed.
//!
//! There only with the cargo feature `faults`; `describe` then says so, and which one was chosen.
//! In reading order: this file (what a fault is, and choosing one), `list` (all of them, as data),
//! `needs` (the models in which one can be made), `in_model` (faults that are a wrong constant or
//! a wrong weight under sound code: made once when a model is loaded), `in_pass` (the others, each
//! a function that a line with `cfg(feature = "faults")` calls at its place in the sound code).

pub(crate) mod in_model;
pub(crate) mod in_pass;
mod list;
mod needs;

use std::sync::OnceLock;

use schemas::describe::{KvType, Settings};
use schemas::faults::{Acts, Begins, FaultFacts, FaultList};
use schemas::tag::Tag;

use crate::model::families::FAMILIES;
use crate::serve::ServeError;
use list::{FAULTS, Kind};
use needs::Needs;

/// One mistake.
pub struct Fault {
    kind: Kind,
    name: &'static str,
    acts: Acts,
    begins: Begins,
    needs: Needs,
    does: &'static str,
}

/// The one that this process makes. It is not handed down as a value, for then every function
/// between here and the places where mistakes are made would have to take it.
static CHOSEN: OnceLock<&'static Fault> = OnceLock::new();

/// The fault of that name, for the command line.
pub fn named(name: &str) -> Result<&'static Fault, String> {
    FAULTS
        .iter()
        .find(|fault| fault.name == name)
        .ok_or_else(|| "no fault of that name (hint: `rust-engine faults` lists them)".to_owned())
}

/// Makes this mistake from now on; the first one that is chosen stays.
pub fn choose(fault: &'static Fault) {
    CHOSEN.get_or_init(|| fault);
}

fn chosen() -> Option<&'static Fault> {
    CHOSEN.get().copied()
}

fn is(kind: Kind) -> bool {
    chosen().is_some_and(|fault| fault.kind == kind)
}

/// What `build.flags` gets of it.
pub(crate) fn build_flags() -> Vec<String> {
    let chosen = chosen().map(|fault| format!("fault={}", fault.name));
    ["faults".to_owned()].into_iter().chain(chosen).collect()
}

/// Refuses settings under which the chosen fault would change nothing.
pub(crate) fn check_settings(settings: &Settings) -> Result<(), ServeError> {
    let Some(fault) = chosen() else {
        return Ok(());
    };
    let without_effect = !fault.needs.arithmetics().contains(&settings.arithmetic)
        || fault.needs == Needs::F16Cache && settings.kv != KvType::F16;
    if without_effect {
        return Err(ServeError::Unavailable(format!(
            "fault {} changes nothing with these settings: it needs {}",
            fault.name,
            fault.needs.text()
        )));
    }
    Ok(())
}

/// All faults, for `rust-engine faults`.
pub fn list() -> FaultList {
    FaultList {
        schema: Tag::new(),
        faults: FAULTS.iter().map(Fault::facts).collect(),
    }
}

impl Fault {
    fn facts(&self) -> FaultFacts {
        let families = FAMILIES.iter().filter(|family| self.needs.family(family));
        FaultFacts {
            name: self.name.to_owned(),
            does: self.does.to_owned(),
            acts: self.acts,
            begins: self.begins,
            arithmetics: self.needs.arithmetics().to_vec(),
            families: families
                .map(|family| family.architecture.to_owned())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::line;

    use super::*;

    #[test]
    fn every_fault_stands_once_and_in_some_family() {
        for (i, fault) in FAULTS.iter().enumerate() {
            let same = |other: &Fault| other.name == fault.name || other.kind == fault.kind;
            assert!(!FAULTS[..i].iter().any(same), "{}", fault.name);
            assert!(!fault.facts().families.is_empty(), "{}", fault.name);
            assert!(fault.does.ends_with('.'), "{}", fault.name);
        }
        assert!(FAULTS.len() >= 30);
        let written = line::write(&list());
        let read = line::read::<FaultList>(written.trim_end());
        assert_eq!(read.expect("what the reader takes"), list());
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(named("not-causal").is_ok());
        assert!(named("not_causal").is_err());
    }
}
