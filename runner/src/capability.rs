//! Whether engines can do what a profile asks of them, by what they say of themselves.

use schemas::describe::{Arithmetic, DescribeResponse};
use schemas::receipt::Profile;

use crate::outcome::Ending;

/// The engine's own word on this model.
pub(crate) fn check_can_run(name: &str, description: &DescribeResponse) -> Result<(), Ending> {
    if description.can_run == Some(true) {
        return Ok(());
    }
    let reason = description
        .reason
        .as_deref()
        .unwrap_or("it gives no reason");
    Err(Ending::Refused(format!(
        "{name} cannot run this model: {reason}"
    )))
}

/// The arithmetic that a profile wants of the candidate.
pub(crate) fn candidate_arithmetic(
    name: &str,
    profile: Profile,
    description: &DescribeResponse,
) -> Result<Arithmetic, Ending> {
    let wanted: &[Arithmetic] = match profile {
        Profile::Exact => &[Arithmetic::Exact],
        Profile::F32 => &[Arithmetic::F32],
        // As shipped, or what comes nearest until it exists.
        Profile::Production => &[Arithmetic::Fast, Arithmetic::Exact],
    };
    let has = |arithmetic: &&Arithmetic| description.arithmetics.contains(arithmetic);
    wanted.iter().find(has).copied().ok_or_else(|| {
        Ending::Refused(format!(
            "{name} does not compute {wanted:?}, which the profile needs; it computes {:?}",
            description.arithmetics
        ))
    })
}

/// Bits and tight limits mean something against the scalar build alone.
pub(crate) fn check_reference(
    name: &str,
    profile: Profile,
    description: &DescribeResponse,
) -> Result<(), Ending> {
    let scalar_needed = profile != Profile::Production;
    if scalar_needed && !description.arithmetics.contains(&Arithmetic::Exact) {
        return Err(Ending::Refused(format!(
            "the profile needs a reference of arithmetic exact, {name} computes {:?} (hint: --reference llama-scalar, \
             or --profile production)",
            description.arithmetics
        )));
    }
    Ok(())
}
