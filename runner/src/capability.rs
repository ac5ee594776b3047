//! Whether engines can do what a profile asks of them, by what they say of themselves.

use schemas::describe::{Arithmetic, DescribeResponse};
use schemas::receipt::Profile;

use crate::engine::{EngineSpec, arithmetic_word};
use crate::outcome::Ending;

/// What an engine can do for this comparison.
pub(crate) struct Ability {
    /// The arithmetic that it is to use.
    pub(crate) arithmetic: Arithmetic,
    /// How many logits a row has.
    pub(crate) vocabulary_size: u32,
    /// The context that the model was made for, where it is told.
    pub(crate) context: Option<u32>,
}

/// The program behind a built-in name is the one that it names.
pub(crate) fn check_is_itself(
    spec: &EngineSpec,
    description: &DescribeResponse,
) -> Result<(), Ending> {
    if spec.is_another_program(description) {
        return Err(Ending::Refused(format!(
            "the program of {} calls itself {}",
            spec.name, description.name
        )));
    }
    Ok(())
}

/// What the candidate can do, or why it cannot do what the profile asks of it.
pub(crate) fn of_candidate(
    spec: &EngineSpec,
    profile: Profile,
    description: &DescribeResponse,
) -> Result<Ability, Ending> {
    ability(spec, description, wanted_of_candidate(profile), "")
}

/// The arithmetics of a candidate that a profile can use, the best one first.
pub(crate) fn wanted_of_candidate(profile: Profile) -> &'static [Arithmetic] {
    match profile {
        Profile::Exact => &[Arithmetic::Exact],
        Profile::F32 => &[Arithmetic::F32],
        Profile::Production => AS_SHIPPED,
    }
}

/// The same of the reference. Bits and tight limits mean something against the scalar build alone;
/// in `f32` that is exact on a model of F32 weights.
pub(crate) fn of_reference(
    spec: &EngineSpec,
    profile: Profile,
    description: &DescribeResponse,
) -> Result<Ability, Ending> {
    let hint = match profile {
        Profile::Exact | Profile::F32 => {
            " (hint: --reference llama-scalar, or --profile production)"
        }
        Profile::Production => "",
    };
    ability(spec, description, wanted_of_reference(profile), hint)
}

/// What the third voice of a triangulation can do, or why it cannot be one.
pub(crate) fn of_third(
    spec: &EngineSpec,
    description: &DescribeResponse,
) -> Result<Ability, Ending> {
    let needed = Arithmetic::F32;
    if !description.arithmetics.contains(&needed) {
        return Err(Ending::Refused(format!(
            "a third voice needs arithmetic {}, {} computes {}",
            arithmetic_word(needed),
            spec.name,
            words(&description.arithmetics, " and ")
        )));
    }
    ability(spec, description, &[needed], "")
}

/// The arithmetics of a reference that a profile can use, the best one first.
pub(crate) fn wanted_of_reference(profile: Profile) -> &'static [Arithmetic] {
    match profile {
        Profile::Exact | Profile::F32 => &[Arithmetic::Exact],
        Profile::Production => AS_SHIPPED,
    }
}

/// As users run it, or what comes nearest where that does not exist.
const AS_SHIPPED: &[Arithmetic] = &[Arithmetic::Fast, Arithmetic::Exact];

/// The arithmetic that users run, of an engine that is asked by no profile.
pub(crate) fn as_shipped(description: &DescribeResponse) -> Option<Arithmetic> {
    let offered = &description.arithmetics;
    let best = offered.iter().find(|it| **it == Arithmetic::Fast);
    best.or(offered.first()).copied()
}

/// `wanted` in the order of preference; of an engine that is configured for one, that one alone.
fn ability(
    spec: &EngineSpec,
    description: &DescribeResponse,
    wanted: &[Arithmetic],
    hint: &str,
) -> Result<Ability, Ending> {
    let name = &spec.name;
    let (Some(model), Some(true)) = (&description.model, description.can_run) else {
        let reason = description.reason.as_deref();
        let reason = reason.unwrap_or("it gives no reason");
        return Err(Ending::Refused(format!(
            "{name} cannot run this model: {reason}"
        )));
    };
    let offered = &description.arithmetics;
    let offers = |arithmetic: &&Arithmetic| offered.contains(arithmetic);
    let configured = spec.defaults.arithmetic;
    if let Some(other) = configured.filter(|it| !wanted.contains(it)) {
        return Err(Ending::Refused(format!(
            "the profile needs arithmetic {}, {name} is configured for {}{hint}",
            words(wanted, " or "),
            arithmetic_word(other),
        )));
    }
    let wanted = configured.as_ref().map_or(wanted, std::slice::from_ref);
    let arithmetic = wanted.iter().find(offers).copied().ok_or_else(|| {
        Ending::Refused(format!(
            "the profile needs arithmetic {}, {name} computes {}{hint}",
            words(wanted, " or "),
            words(offered, " and "),
        ))
    })?;
    Ok(Ability {
        arithmetic,
        vocabulary_size: model.vocabulary_size,
        context: Some(model.context).filter(|&context| context > 0),
    })
}

fn words(arithmetics: &[Arithmetic], between: &str) -> String {
    let words: Vec<_> = arithmetics.iter().copied().map(arithmetic_word).collect();
    match words.as_slice() {
        [] => "nothing".to_owned(),
        words => words.join(between),
    }
}

#[cfg(test)]
mod tests {
    use schemas::describe::ModelFacts;

    use super::*;
    use crate::engine::{EngineSettings, Origin};

    /// An engine that offers all, configured for `arithmetic`.
    fn taken(arithmetic: Option<Arithmetic>, profile: Profile) -> Option<Arithmetic> {
        let spec = EngineSpec {
            name: "engine".to_owned(),
            command: Vec::new(),
            defaults: EngineSettings {
                arithmetic,
                ..EngineSettings::default()
            },
            environment: std::collections::BTreeMap::new(),
            origin: Origin::CommandLine,
        };
        let mut description = crate::engine::testing::description("engine");
        description.arithmetics = vec![Arithmetic::Exact, Arithmetic::F32, Arithmetic::Fast];
        description.can_run = Some(true);
        description.model = Some(ModelFacts {
            architecture: "llama".to_owned(),
            vocabulary_size: 2,
            context: 0,
            special_tokens: std::collections::BTreeMap::new(),
            tensor_type_counts: std::collections::BTreeMap::new(),
        });
        let ability = of_candidate(&spec, profile, &description);
        ability.ok().map(|ability| ability.arithmetic)
    }

    #[test]
    fn production_runs_what_is_fast_unless_the_engine_is_configured_for_another() {
        let [exact, fast] = [Arithmetic::Exact, Arithmetic::Fast].map(Some);
        assert_eq!(taken(None, Profile::Production), fast);
        assert_eq!(taken(exact, Profile::Production), exact);
        assert_eq!(taken(exact, Profile::Exact), exact);
    }

    #[test]
    fn what_is_configured_and_does_not_fit_the_profile_is_refused() {
        let [exact, f32, fast] = [Arithmetic::Exact, Arithmetic::F32, Arithmetic::Fast].map(Some);
        assert_eq!(taken(f32, Profile::Production), None);
        assert_eq!(taken(exact, Profile::F32), None);
        assert_eq!(taken(fast, Profile::Exact), None);
    }
}
