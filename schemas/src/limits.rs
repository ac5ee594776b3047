//! Limits of a comparison: data, each with value, unit and basis.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Finite;
use crate::tag::{Kind, Tag};

/// A versioned file of limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    /// Kind and version of this object.
    pub schema: Tag<LimitsFile>,
    /// The name by which receipts refer to this file.
    pub name: String,
    /// Counted up whenever a value changes.
    pub version: u32,
    /// The limits.
    pub limits: Vec<Limit>,
}

impl Kind for LimitsFile {
    const SCHEMA: &'static str = "lockstep/limits/v1";
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Where it applies.
    pub rung: Rung,
    /// What is limited.
    pub metric: LimitedMetric,
    /// Whether the value is the largest or the smallest that passes.
    pub bound: Bound,
    /// The value.
    pub value: Finite,
    /// What the value counts.
    pub unit: String,
    /// Why this value.
    pub basis: String,
}

/// A step of a comparison.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Position 0.
    FirstLogit,
    /// Every position.
    Positions,
    /// Every greedy step whose prefix is the same on both sides.
    Decode,
}

/// A metric that can be limited. Distances are taken after a constant shift of all logits, which
/// softmax does not see, has been taken out.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LimitedMetric {
    /// Cosine of the two rows.
    Cosine,
    /// Mean squared difference.
    Mse,
    /// Mean squared difference over the mean square of the reference's row.
    Nmse,
    /// Largest difference.
    MaxAbs,
    /// Divergence of the candidate's distribution from the reference's.
    Kl,
    /// Share of the reference's five most likely tokens that are the candidate's too.
    Top5Overlap,
    /// 1 when the most likely token is the same, else 0.
    Top1Equal,
}

/// Which side of its value a limit lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Up to the value.
    Largest,
    /// From the value on.
    Smallest,
}

/// A limit as it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppliedLimit {
    /// The limit.
    pub limit: Limit,
    /// Where its value comes from.
    pub source: LimitSource,
}

/// Where the value of a limit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitSource {
    /// The file of limits.
    File,
    /// The command line.
    Flag,
}
