//! What came of breaking an engine on purpose: `lockstep sabotage --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::faults::{Acts, Begins};
use crate::ladder::LadderRung;
use crate::limits::LimitedMetric;
use crate::number::Finite;
use crate::receipt::{Engines, ExitRecord, FileIdentity, Profile, Verdict};
use crate::tag::{Kind, Tag};

/// An engine with one fault after the other, each held against the same reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sabotage {
    /// Kind and version of this object.
    pub schema: Tag<Sabotage>,
    /// The exit code.
    pub exit: ExitRecord,
    /// Why this code, for people.
    pub reason: String,
    /// The model.
    pub model: FileIdentity,
    /// The profiles that were asked for, in the order in which they were tried.
    pub profiles: Vec<SabotagedProfile>,
}

impl Kind for Sabotage {
    const SCHEMA: &'static str = "lockstep/sabotage/v1";
}

/// All trials in one profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SabotagedProfile {
    /// What was compared with what.
    pub profile: Profile,
    /// Who ran, without a fault.
    pub engines: Engines,
    /// The climb without a fault.
    pub sound: SoundRun,
    /// What is odd and changes no outcome, for people.
    pub warnings: Vec<String>,
    /// One for each fault; none if the engine without a fault did not pass.
    pub trials: Vec<Trial>,
}

/// What came of the engine without a fault. Unless it passes, nothing is shown by the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SoundRun {
    /// What the climb says.
    pub verdict: Verdict,
    /// Why, for people.
    pub reason: String,
}

/// One fault, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Its name.
    pub fault: String,
    /// What is wrong with it, in one sentence.
    pub does: String,
    /// Where it is made.
    pub acts: Acts,
    /// The first result that it changes.
    pub begins: Begins,
    /// The rungs at one of which it has to be caught; none where it is to be reported alone.
    pub expected: Vec<LadderRung>,
    /// What came of it.
    pub outcome: TrialOutcome,
    /// The rung that caught it.
    pub caught_at: Option<LadderRung>,
    /// What the climb says; absent if there was none.
    pub verdict: Option<Verdict>,
    /// By what it was caught, or why it was not, for people.
    pub reason: String,
    /// Where it hides in a limit: how well.
    pub hidden: Option<Hidden>,
}

/// What came of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrialOutcome {
    /// It was seen where it has to be.
    Caught,
    /// It changes numbers, by no more than limits let through.
    Hidden,
    /// It changes nothing that counts in this profile, and the record shows it.
    Reported,
    /// It was not seen, or not where it has to be.
    Slipped,
    /// Its climb ended by something else, which proves nothing.
    Failed,
    /// The model, the profile or the prompts have nothing that it could change.
    NotApplicable,
}

/// How well a fault hides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    /// The largest share of a limit that a row uses up; above 1 the limit would be broken. Absent
    /// where no limit has a share.
    pub share: Option<Finite>,
    /// The metric of that limit.
    pub metric: Option<LimitedMetric>,
    /// The smallest strength tried at which it is caught, each being twice the one before; absent if
    /// it has none, or is not caught by the largest.
    pub caught_at_strength: Option<u32>,
    /// What a strength of S stands for; absent for a fault that is there or not.
    pub strength: Option<String>,
}
