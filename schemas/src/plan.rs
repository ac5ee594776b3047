//! What a sweep is going to do: every case, with all that decides it.
//!
//! A plan has the prompts and limits themselves, so that it is enough to run any part of it; of files
//! it has the contents' digests and the paths that the sweep's author wrote.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::describe::{Build, KvType};
use crate::limits::{LimitedMetric, LimitsFile};
use crate::line::ItemId;
use crate::number::Finite;
use crate::prompt::PromptLine;
use crate::receipt::{CaseKeys, FileIdentity, Profile, TokensFrom};
use crate::tag::{Kind, Tag};
use crate::tokenize::Bos;

/// What a sweep is going to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Kind and version of this object.
    pub schema: Tag<Plan>,
    /// The sweep's name.
    pub name: String,
    /// What holds for all cases.
    pub settings: PlanSettings,
    /// The models, in the order of the sweep.
    pub models: Vec<PlannedModel>,
    /// The engines as they described themselves, sorted by name.
    pub engines: Vec<PlannedEngine>,
    /// The prompt sets, in the order of the sweep.
    pub prompt_sets: Vec<PlannedPromptSet>,
    /// Who is compared with whom on which model, and how: the cases of one share their processes.
    pub comparisons: Vec<PlannedComparison>,
    /// The cases, comparison by comparison.
    pub cases: Vec<PlannedCase>,
}

impl Kind for Plan {
    const SCHEMA: &'static str = "lockstep/plan/v1";
}

/// What holds for all cases of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSettings {
    /// Greedy steps after each prompt.
    pub greedy_steps: u32,
    /// Evaluate only the first tokens.
    pub max_positions: Option<u64>,
    /// Whose tokens are evaluated when the engines' differ.
    pub tokens_from: TokensFrom,
    /// Threads of the candidate; absent: as many as there are processors to run on.
    pub candidate_threads: Option<u32>,
    /// Threads of the reference.
    pub reference_threads: Option<u32>,
    /// Tokens evaluated together, by both.
    pub micro_batch: Option<u32>,
    /// Tokens that the candidate evaluates together.
    pub candidate_micro_batch: Option<u32>,
    /// Whether the candidate computes attention in one fused pass.
    pub candidate_flash_attention: Option<bool>,
    /// Element type of the KV cache, where it is not the profile's.
    pub kv: Option<KvType>,
    /// Whether the reference is measured against itself, in `production`.
    pub floor: PlannedFloor,
    /// The system prompt of prompts that have none of their own.
    pub system: Option<String>,
    /// The user's own word on the BOS token.
    pub bos: Option<Bos>,
    /// The day that chat templates are told, as YYYY-MM-DD.
    pub template_date: Option<String>,
    /// Whether few and short prompts may have a verdict.
    pub allow_small: bool,
}

/// Whether a comparison in `production` has a floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlannedFloor {
    /// The one that is kept, else one is measured; without one the verdict is INCONCLUSIVE at best.
    Auto,
    /// As `auto`; where there is none, nothing is evaluated.
    Require,
    /// None.
    Off,
}

/// A model of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedModel {
    /// By which the sweep calls it.
    pub label: String,
    /// The candidate's file.
    pub file: PlannedFile,
    /// The reference's, where it is another one.
    pub reference: Option<PlannedFile>,
    /// The candidate's tokenizer, where it is not the model's own.
    pub tokenizer: Option<PlannedFile>,
}

/// A file: where the sweep's author says it is, and what must be in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// The path; a relative one begins at the plan's folder.
    pub path: String,
    /// What must be there.
    pub identity: FileIdentity,
}

/// An engine as it described itself when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedEngine {
    /// The name by which it is asked for.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// How it was built.
    pub build: Build,
}

/// A set of prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedPromptSet {
    /// Its name; no other set of the plan has it.
    pub name: String,
    /// Its version, where it has one.
    pub version: Option<u32>,
    /// `sha256:` and the digest of its canonical form.
    pub sha256: String,
    /// Its prompts, in their order.
    pub prompts: Vec<PromptLine>,
}

/// Who is compared with whom on which model, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedComparison {
    /// Its name, made of the four that follow; no other comparison of the plan has it.
    pub name: String,
    /// The model's label.
    pub model: String,
    /// Who is judged.
    pub candidate: String,
    /// What it is judged against.
    pub reference: String,
    /// What is compared with what.
    pub profile: Profile,
    /// Tokens that the KV caches hold: enough for each of its cases, so that it is the same whoever
    /// runs which of them.
    pub context: u32,
    /// The file of limits, where one applies.
    pub limits: Option<LimitsFile>,
    /// Values over it.
    pub overrides: Vec<LimitOverride>,
}

/// A value over that of a file of limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitOverride {
    /// What is limited.
    pub metric: LimitedMetric,
    /// The value.
    pub value: Finite,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedCase {
    /// By which it is paired, kept and found again.
    pub keys: CaseKeys,
    /// The comparison that it is of.
    pub comparison: String,
    /// The prompt's set.
    pub prompt_set: String,
    /// The prompt's name in it.
    pub prompt: ItemId,
    /// The template that is asked for.
    pub template: String,
}
