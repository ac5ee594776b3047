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
    /// What of the metric is limited.
    #[serde(default, skip_serializing_if = "is_default")]
    pub figure: Figure,
    /// Whether the value is the largest or the smallest that passes.
    pub bound: Bound,
    /// The value.
    pub value: Finite,
    /// How far it gives way to the floor's own variants; only for figures of a whole comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widened: Option<Widening>,
    /// A comparison of fewer rows is not judged by this limit; only for figures of a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_rows: Option<u64>,
    /// What it means to break it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub beyond: Beyond,
    /// What the value counts.
    pub unit: String,
    /// Why this value.
    pub basis: String,
}

/// Where a variant of the floor, judged by a floor of the others, comes to so much that its figure times
/// `times` is beyond the value, that is what passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Widening {
    /// By what the variants' figure is multiplied.
    pub times: Finite,
    /// What passes at most, whatever the variants come to.
    pub at_most: Finite,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What of a metric is limited. An excess is a row's distance over its floor, so all but the first
/// need a floor. The last three are of the whole comparison, positions and greedy steps together.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Its value in a row.
    #[default]
    Value,
    /// The excess of a row.
    Excess,
    /// The median of all excesses.
    ExcessMedian,
    /// The 99th percentile of all excesses.
    ExcessP99,
    /// The share of rows whose excess is above 1.
    ExcessShare,
    /// The share of all rows for which it holds: of `top1_equal` alone.
    Share,
}

/// What a row, or a comparison, is that breaks a limit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Beyond {
    /// DIVERGED.
    #[default]
    Diverged,
    /// No MATCH any more, and as good as the other limits say.
    Drift,
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
    /// The reference's top-2 gap over the floor's largest difference where the most likely token is
    /// another one, else 0. It needs a floor.
    FlipGap,
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
