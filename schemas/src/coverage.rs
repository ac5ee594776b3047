//! How much a prompt set covers, and how much it has to for a verdict on all of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::receipt::LimitsFileRecord;
use crate::tag::{Kind, Tag};

/// A versioned file that says how much is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageLimitsFile {
    /// Kind and version of this object.
    pub schema: Tag<CoverageLimitsFile>,
    /// The name by which reports refer to this file.
    pub name: String,
    /// Counted up whenever a value changes.
    pub version: u32,
    /// The limits.
    pub limits: Vec<CoverageLimit>,
}

impl Kind for CoverageLimitsFile {
    const SCHEMA: &'static str = "lockstep/coverage-limits/v1";
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageLimit {
    /// What is counted.
    pub figure: CoverageFigure,
    /// The smallest value that is enough.
    pub value: u64,
    /// What the value counts.
    pub unit: String,
    /// Why this value.
    pub basis: String,
}

/// What is counted, over the prompts of which at least one position was compared.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CoverageFigure {
    /// Positions compared, of all prompts together; greedy steps are none.
    Positions,
    /// Prompts.
    Prompts,
    /// Positions compared of the prompt that has most of them.
    LongestPrompt,
    /// Prompts with chat markup: those whose texts of control tokens stood for the tokens.
    ChatPrompts,
    /// Prompts with the tag `code`.
    CodePrompts,
}

/// What the comparison of a prompt set covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Positions compared, of all prompts together.
    pub positions: u64,
    /// Prompts of which at least one position was compared.
    pub prompts: u64,
    /// Positions compared of the prompt that has most of them.
    pub longest_prompt: u64,
    /// Compared prompts with chat markup.
    pub chat_prompts: u64,
    /// Compared prompts with the tag `code`.
    pub code_prompts: u64,
    /// The file that says how much is enough.
    pub limits_file: LimitsFileRecord,
    /// Its limits.
    pub limits: Vec<CoverageLimit>,
    /// The limits that are not reached, in their order.
    pub missing: Vec<CoverageFigure>,
    /// Whether the user asked for a verdict even if some are not (`--allow-small`).
    pub allow_small: bool,
}
