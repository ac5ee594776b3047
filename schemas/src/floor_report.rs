//! What `lockstep floor` found, over all its prompts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::floor::{FloorDistribution, FloorVariant};
use crate::receipt::{EngineRecord, ExitRecord, FileIdentity};
use crate::tag::{Kind, Tag};

/// The floors of one reference and one model, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorReport {
    /// Kind and version of this object.
    pub schema: Tag<FloorReport>,
    /// The process's exit code.
    pub exit: ExitRecord,
    /// The model that the reference evaluated; absent when nothing was evaluated.
    pub model: Option<FileIdentity>,
    /// Who was measured; absent when nothing was evaluated.
    pub reference: Option<EngineRecord>,
    /// One for each prompt.
    pub cases: Vec<FloorCase>,
    /// The variants over the rows of all prompts.
    pub variants: Vec<VariantSummary>,
    /// The candidate against itself; absent when none was named.
    pub candidate: Option<SelfChecks>,
}

impl Kind for FloorReport {
    const SCHEMA: &'static str = "lockstep/floor-report/v2";
}

/// The floor of one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorCase {
    /// The prompt's name in its set.
    pub prompt: String,
    /// How many tokens were agreed on.
    pub agreed_tokens: u64,
    /// How many rows each variant has; none where nothing was measured.
    pub rows: u64,
    /// The identity of its `floor`; absent when there is none.
    pub floor: Option<String>,
    /// Why what was measured makes no floor, or nothing was measured.
    pub no_floor: Option<String>,
}

/// One variant over all rows that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantSummary {
    /// Who it is, and why it was left out of the first prompt that it was left out of.
    pub variant: FloorVariant,
    /// How many rows it has.
    pub rows: u64,
    /// How its distances are distributed, where it has rows.
    pub distribution: Option<FloorDistribution>,
}

/// A candidate that was asked the same in other ways, each of which must give the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelfChecks {
    /// Who it is.
    pub engine: EngineRecord,
    /// One for each way.
    pub checks: Vec<SelfCheck>,
}

/// One other way of asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelfCheck {
    /// What was changed: `again` is nothing.
    pub name: String,
    /// How many rows were compared.
    pub rows: u64,
    /// In how many of them a bit differs.
    pub differing_rows: u64,
    /// The first of them.
    pub first: Option<RowPlace>,
    /// Why some rows could not be compared.
    pub failure: Option<String>,
}

/// A row of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowPlace {
    /// The prompt's name in its set.
    pub prompt: String,
    /// The position.
    pub position: u64,
}
