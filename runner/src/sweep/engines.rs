//! The engines of a plan: each is asked once who it is. What it can do with a model is asked by whoever
//! runs the plan.

use std::collections::BTreeMap;

use schemas::plan::PlannedEngine;

use super::error::PlanError;
use crate::engine::{Client, EngineSpec, FaultKind, Supervision};
use crate::preflight;
use crate::run;

/// Engines by name.
pub(super) type Engines = BTreeMap<String, PlannedEngine>;

/// Adds an engine, unless it is there.
pub(super) fn introduce(
    engines: &mut Engines,
    spec: &EngineSpec,
    supervision: &Supervision,
) -> Result<(), PlanError> {
    if engines.contains_key(&spec.name) {
        return Ok(());
    }
    run::check_settings(spec).map_err(PlanError::Engine)?;
    let client = Client::new(spec, supervision.clone());
    let description = client.describe(None).map_err(|fault| {
        let is_absent = matches!(*fault.kind, FaultKind::NotFound { .. });
        PlanError::Fault {
            mend: is_absent.then(|| preflight::mend(spec)),
            fault,
        }
    })?;
    if spec.is_another_program(&description) {
        return Err(PlanError::AnotherProgram {
            name: spec.name.clone(),
            found: description.name,
        });
    }
    let engine = PlannedEngine {
        name: spec.name.clone(),
        version: description.version,
        build: description.build,
    };
    engines.insert(spec.name.clone(), engine);
    Ok(())
}
