//! Mistakes made on purpose, one at a time, so that it can be checked whether they are noticed.
//!
//! There only with the cargo feature `faults`; `describe` then says so, and which one was chosen.
//! In reading order: this file (what a fault is, and choosing one), `list` (all of them, as data),
//! `needs` (the models in which one can be made), `strength` (how much of it), `in_model` (faults that are a wrong constant or
//! a wrong weight under sound code: made once when a model is loaded), `in_pass` (the others, each
//! a function that a line with `cfg(feature = "faults")` calls at its place in the sound code).

pub(crate) mod in_model;
pub(crate) mod in_pass;
mod list;
mod needs;
mod strength;

use std::fmt;
use std::sync::OnceLock;

use schemas::describe::{KvType, Settings};
use schemas::faults::{Acts, Begins, FaultChoice, FaultFacts, FaultList};
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

/// A mistake to make, and how strong; 1 is as listed.
#[derive(Clone, Copy)]
pub struct Chosen {
    fault: &'static Fault,
    strength: u32,
}

/// The one that this process makes. It is not handed down as a value, for then every function
/// between here and the places where mistakes are made would have to take it.
static CHOSEN: OnceLock<Chosen> = OnceLock::new();

/// The fault that `NAME` or `NAME=STRENGTH` says, for the command line.
pub fn named(text: &str) -> Result<Chosen, String> {
    let FaultChoice { name, strength } = text.parse()?;
    let fault = FAULTS
        .iter()
        .find(|fault| fault.name == name)
        .ok_or("no fault of that name (hint: `rust-engine faults` lists them)")?;
    if strength != 1 && strength::meaning(fault.kind).is_none() {
        return Err(format!("{name} has no strength: it is there or not"));
    }
    Ok(Chosen { fault, strength })
}

/// Makes this mistake from now on; the first one that is chosen stays.
pub fn choose(chosen: Chosen) {
    CHOSEN.get_or_init(|| chosen);
}

fn chosen() -> Option<Chosen> {
    CHOSEN.get().copied()
}

fn is(kind: Kind) -> bool {
    strength_of(kind).is_some()
}

/// How strong this fault is made, if it is.
fn strength_of(kind: Kind) -> Option<u32> {
    chosen()
        .filter(|chosen| chosen.fault.kind == kind)
        .map(|chosen| chosen.strength)
}

/// What `build.flags` gets of it.
pub(crate) fn build_flags() -> Vec<String> {
    let chosen = chosen().map(|chosen| format!("fault={chosen}"));
    ["faults".to_owned()].into_iter().chain(chosen).collect()
}

/// Refuses settings under which the chosen fault would change nothing.
pub(crate) fn check_settings(settings: &Settings) -> Result<(), ServeError> {
    let Some(Chosen { fault, .. }) = chosen() else {
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

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.fault.name.to_owned();
        let strength = self.strength;
        FaultChoice { name, strength }.fmt(f)
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
            strength: strength::meaning(self.kind).map(str::to_owned),
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

    #[test]
    fn a_strength_is_taken_where_there_is_one() {
        let strength = |text: &str| named(text).map(|chosen| chosen.strength).ok();
        assert_eq!(strength("norm-epsilon-wrong"), Some(1));
        assert_eq!(strength("norm-epsilon-wrong=16"), Some(16));
        assert_eq!(strength("norm-epsilon-wrong=0"), None);
        assert_eq!(strength("not-causal"), Some(1));
        assert_eq!(strength("not-causal=2"), None);
    }
}
