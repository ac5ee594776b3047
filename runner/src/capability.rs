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
    name: &str,
    profile: Profile,
    description: &DescribeResponse,
) -> Result<Ability, Ending> {
    ability(name, description, wanted_of_candidate(profile), "")
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
    name: &str,
    profile: Profile,
    description: &DescribeResponse,
) -> Result<Ability, Ending> {
    let hint = match profile {
        Profile::Exact | Profile::F32 => {
            " (hint: --reference llama-scalar, or --profile production)"
        }
        Profile::Production => "",
    };
    ability(name, description, wanted_of_reference(profile), hint)
}

/// What the third voice of a triangulation can do, or why it cannot be one.
pub(crate) fn of_third(name: &str, description: &DescribeResponse) -> Result<Ability, Ending> {
    let needed = Arithmetic::F32;
    if !description.arithmetics.contains(&needed) {
        return Err(Ending::Refused(format!(
            "a third voice needs arithmetic {}, {name} computes {}",
            arithmetic_word(needed),
            words(&description.arithmetics, " and ")
        )));
    }
    ability(name, description, &[needed], "")
}

/// The arithmetics of a reference that a profile can use, the best one first.
pub(crate) fn wanted_of_reference(profile: Profile) -> &'static [Arithmetic] {
    match profile {
        Profile::Exact | Profile::F32 => &[Arithmetic::Exact],
        Profile::Production => AS_SHIPPED,
    }
}

/// As users run it, or what comes nearest until it exists.
const AS_SHIPPED: &[Arithmetic] = &[Arithmetic::Fast, Arithmetic::Exact];

/// `wanted` in the order of preference.
fn ability(
    name: &str,
    description: &DescribeResponse,
    wanted: &[Arithmetic],
    hint: &str,
) -> Result<Ability, Ending> {
    let (Some(model), Some(true)) = (&description.model, description.can_run) else {
        let reason = description.reason.as_deref();
        let reason = reason.unwrap_or("it gives no reason");
        return Err(Ending::Refused(format!(
            "{name} cannot run this model: {reason}"
        )));
    };
    let offered = &description.arithmetics;
    let offers = |arithmetic: &&Arithmetic| offered.contains(arithmetic);
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
