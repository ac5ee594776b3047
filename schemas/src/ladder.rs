//! What came of a ladder: `lockstep ladder --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;
use crate::floor::CaseExcess;
use crate::receipt::{Engines, ExitRecord, FileIdentity, Profile, Verdict};
use crate::symptom::Symptom;
use crate::tag::{Kind, Tag};

/// One climb: the rungs in their order, of which the first that failed ended it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Kind and version of this object.
    pub schema: Tag<Ladder>,
    /// What it says.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
    /// Why this verdict, for people.
    pub reason: String,
    /// What was compared with what.
    pub profile: Profile,
    /// The candidate's model.
    pub model: FileIdentity,
    /// The reference's model, where it is another file.
    pub reference_model: Option<FileIdentity>,
    /// Who ran.
    pub engines: Engines,
    /// The prompts, where they are a set.
    pub prompt_set: Option<PromptSetName>,
    /// How much of the prompts was to be compared, and whether it is enough; absent while no rung has
    /// made tokens of them.
    pub coverage: Option<Coverage>,
    /// In `production`, where all rungs hold: the distances of all rows of all prompts in multiples of
    /// their floors.
    pub excess: Option<CaseExcess>,
    /// All rungs.
    pub rungs: Vec<RungRecord>,
}

impl Kind for Ladder {
    const SCHEMA: &'static str = "lockstep/ladder/v1";
}

/// A set of prompts, by what it calls itself and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptSetName {
    /// Its name.
    pub name: String,
    /// Its version, where it has one.
    pub version: Option<u32>,
    /// `sha256:` and the digest of its canonical form.
    pub sha256: String,
}

/// A step of the ladder.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LadderRung {
    /// Both engines are there and can run the model.
    Preflight,
    /// Both make the same tokens of every prompt.
    Tokens,
    /// Both say the same of vocabulary, context and cache, and no position sees later tokens.
    Shapes,
    /// The logits after the first token.
    FirstLogits,
    /// The logits of every position.
    Positions,
    /// The tokens that both choose.
    Decode,
}

/// What came of a rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RungRecord {
    /// Which one.
    pub rung: LadderRung,
    /// The worst verdict of its prompts; NOT-REACHED after a failed rung, SKIPPED if it was not asked
    /// for.
    pub verdict: Verdict,
    /// Why, for people.
    pub reason: String,
    /// What was found of each prompt, where the rung asks about prompts.
    pub prompts: Vec<RungPrompt>,
    /// Where it failed: what may be the cause, the likeliest first.
    pub symptoms: Vec<Symptom>,
}

/// What a rung found of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RungPrompt {
    /// The prompt's name in its set.
    pub prompt: String,
    /// What it says.
    pub verdict: Verdict,
    /// Why, for people.
    pub reason: String,
}
