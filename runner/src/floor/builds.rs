//! Which other builds of references are there and can evaluate a model.

use std::path::Path;

use gguf::Header;
use schemas::describe::DescribeResponse;

use super::variants::Build;
use crate::engine::catalogue::{REFERENCE_BUILDS, ReferenceBuild};
use crate::engine::{Catalogue, Client, EngineSettings, Supervision};
use crate::guards;
use crate::outcome::Ending;

/// Asks every build of a reference but `base` whether it can evaluate the model. Fails when one might
/// say it another time: without it the floor would be thinner than it is.
pub fn others(
    catalogue: &Catalogue,
    supervision: &Supervision,
    base: &str,
    (model, header): (&Path, &Header),
) -> Result<Vec<Build>, Ending> {
    let others = REFERENCE_BUILDS.iter().filter(|build| build.name != base);
    let ask = |build: &ReferenceBuild| {
        Ok(Build {
            name: build.name.to_owned(),
            description: introduce(catalogue, supervision, build, (model, header))?,
            defaults: catalogue
                .find(build.name)
                .map_or_else(|_| EngineSettings::default(), |spec| spec.defaults),
        })
    };
    others.map(ask).collect()
}

/// Who a build says it is; inside, why it cannot be asked to evaluate.
fn introduce(
    catalogue: &Catalogue,
    supervision: &Supervision,
    build: &ReferenceBuild,
    (model, header): (&Path, &Header),
) -> Result<Result<DescribeResponse, String>, Ending> {
    let Ok(spec) = catalogue.find(build.name) else {
        return Ok(Err("it is not known".to_owned()));
    };
    if spec.executable().is_none() {
        let hint = build.made_by;
        return Ok(Err(format!("it is not there (hint: {hint})")));
    }
    if let Some(objection) = guards::objection(build.name, header, spec.defaults.micro_batch) {
        return Ok(Err(objection.reason));
    }
    let description = match Client::new(spec, supervision.clone()).describe(Some(model)) {
        Ok(description) => description,
        Err(fault) => {
            let kind = fault.kind.to_string();
            let ending = Ending::from(fault);
            return match ending {
                Ending::Failed(_) if !ending.is_passing() => Ok(Err(kind)),
                _ => Err(ending),
            };
        }
    };
    if spec.is_another_program(&description) {
        let name = &description.name;
        return Ok(Err(format!("the program calls itself {name}")));
    }
    Ok(match (description.can_run, &description.reason) {
        (Some(true), _) => Ok(description),
        (_, Some(reason)) => Err(reason.clone()),
        _ => Err("it cannot run this model".to_owned()),
    })
}
