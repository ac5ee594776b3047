//! Whether who compared what is as the profile has it.

use schemas::receipt::{EngineRecord, Profile, Receipt};

use super::Finding;
use crate::capability::{wanted_of_candidate, wanted_of_reference};
use crate::engine::{arithmetic_word, kv_word};

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let profile = receipt.profile;
    if receipt.twin.is_some() != (profile == Profile::F32) {
        findings.push(Finding::new("twin", "is there in `f32`, and there alone"));
    }
    let engines = &receipt.engines;
    let sides = [
        (
            "candidate",
            &engines.candidate,
            wanted_of_candidate(profile),
        ),
        (
            "reference",
            &engines.reference,
            wanted_of_reference(profile),
        ),
    ];
    for (role, engine, wanted) in sides {
        let place = format!("engines.{role}");
        let EngineRecord {
            version: Some(_),
            build: Some(_),
            kernels: Some(_),
            settings: Some(settings),
            ..
        } = engine
        else {
            let problem = "does not say all of itself, and it evaluated";
            findings.push(Finding::new(place, problem));
            continue;
        };
        if !wanted.contains(&settings.arithmetic) {
            let word = arithmetic_word(settings.arithmetic);
            let problem = format!("is {word}, which `{}` does not compare", profile.name());
            findings.push(Finding::new(
                format!("{place}.settings.arithmetic"),
                problem,
            ));
        }
        // A candidate may be asked for it, and judged by a floor that knows it.
        if settings.flash_attention && role == "reference" {
            let place = format!("{place}.settings.flash_attention");
            let problem = "is on, and nothing is compared with it";
            findings.push(Finding::new(place, problem));
        }
    }
    let kv = |engine: &EngineRecord| engine.settings.as_ref().map(|settings| settings.kv);
    if let (Some(a), Some(b)) = (kv(&engines.candidate), kv(&engines.reference))
        && a != b
    {
        let problem = format!("is {} and {}, expected one", kv_word(a), kv_word(b));
        findings.push(Finding::new("engines.*.settings.kv", problem));
    }
}
