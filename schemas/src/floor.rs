//! How far a reference is from itself when nothing that should matter is changed.
//!
//! [`FloorFile`] is what was measured, every distance of every variant; [`FloorRecord`] is what a
//! receipt keeps of it: enough to judge each row again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Finite;
use crate::receipt::{EngineRecord, FileIdentity};
use crate::tag::{Kind, Tag};

/// The distances of one token sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorFile {
    /// Kind and version of this object.
    pub schema: Tag<FloorFile>,
    /// `sha256:` and the digest of all that decides what is measured: model, tokens, base, the set
    /// of variants and `metrics_version`.
    pub identity: String,
    /// Counted up whenever the same rows would have other distances.
    pub metrics_version: u32,
    /// The model that was evaluated.
    pub model: FileIdentity,
    /// What was evaluated: the agreed tokens, then the base's greedy ones but the last.
    pub tokens: Vec<u32>,
    /// How many of them are agreed tokens.
    pub agreed_tokens: u64,
    /// What every variant is measured against, with its settings.
    pub base: EngineRecord,
    /// The variants, those that were left out among them.
    pub variants: Vec<MeasuredVariant>,
}

impl Kind for FloorFile {
    const SCHEMA: &'static str = "lockstep/floor/v2";
}

/// One variant and its distance from the base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasuredVariant {
    /// Who it is.
    pub variant: FloorVariant,
    /// One row for each token; none if it was left out.
    pub rows: Vec<FloorMetrics>,
    /// How the distances of these rows are distributed, where there are rows.
    pub distribution: Option<FloorDistribution>,
}

/// One variant of a reference: what is changed, and who computes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorVariant {
    /// What is changed, for example `micro-batch-1` or `llama-scalar`.
    pub name: String,
    /// The engine, with the settings that it evaluated with.
    pub engine: EngineRecord,
    /// Why it was left out, if it was.
    pub left_out: Option<String>,
}

/// How far one row of a variant is from the base's. The first four are taken after a constant shift
/// of all logits, which softmax does not see, has been taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorMetrics {
    /// Largest difference.
    pub max_abs: Finite,
    /// Mean squared difference.
    pub mse: Finite,
    /// Over the mean square of the base's row; absent for a row of zeros.
    pub nmse: Option<Finite>,
    /// 1 less the cosine; absent when one of the rows is all zeros.
    pub one_minus_cosine: Option<Finite>,
    /// KL(base ‖ variant).
    pub kl: Finite,
    /// KL(variant ‖ base).
    pub kl_reverse: Finite,
    /// Half the sum of differences of probability.
    pub total_variation: Finite,
    /// Whether the most likely token is another one.
    pub flip: bool,
    /// Numbers whose bits differ.
    pub differing: u64,
}

/// How the distances of one variant are distributed over its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorDistribution {
    /// Largest difference.
    pub max_abs: Quantiles,
    /// Mean squared difference.
    pub mse: Quantiles,
    /// Over the mean square of the base's row; absent when no row has it.
    pub nmse: Option<Quantiles>,
    /// 1 less the cosine; absent when no row has it.
    pub one_minus_cosine: Option<Quantiles>,
    /// KL(base ‖ variant).
    pub kl: Quantiles,
    /// KL(variant ‖ base).
    pub kl_reverse: Quantiles,
    /// Half the sum of differences of probability.
    pub total_variation: Quantiles,
    /// Rows whose most likely token is another one.
    pub flips: u64,
}

/// Values below which a share of the rows is, by nearest rank: each is the value of some row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// Half of them.
    pub median: Finite,
    /// Nine in ten.
    pub p90: Finite,
    /// Ninety-nine in a hundred.
    pub p99: Finite,
    /// All of them.
    pub max: Finite,
}

impl Quantiles {
    /// All of them, the smallest share first.
    pub fn ascending(&self) -> [f64; 4] {
        [self.median, self.p90, self.p99, self.max].map(Finite::get)
    }
}

/// The floor that a comparison was judged by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorRecord {
    /// That of the file it was read from.
    pub identity: String,
    /// Its variants; those that were left out count for nothing below.
    pub variants: Vec<FloorVariant>,
    /// For each position the largest distance over the variants.
    pub positions: Vec<JudgedDistances>,
    /// The same for each greedy step, from the row that chooses its token.
    pub steps: Vec<JudgedDistances>,
    /// The 90th percentile of all these rows, by nearest rank. No row's floor is less.
    pub p90: JudgedDistances,
    /// The largest `max_abs` of all of them, by which ties are judged.
    pub largest_difference: Finite,
    /// What its variants come to themselves. Absent where the others of each do not differ at all, and in
    /// older receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnExcess>,
}

/// What the variants of a floor come to, each judged by a floor of the others: of each figure the largest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnExcess {
    /// Of KL.
    pub kl: ExcessStatistics,
    /// Of the mean squared difference.
    pub mse: ExcessStatistics,
    /// Of the largest difference.
    pub max_abs: ExcessStatistics,
}

/// The distances that are judged against a floor, after a constant shift has been taken out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgedDistances {
    /// KL(reference ‖ other).
    pub kl: Finite,
    /// Mean squared difference.
    pub mse: Finite,
    /// Largest difference.
    pub max_abs: Finite,
}

/// What a row is in multiples of its floor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowExcess {
    /// Of KL. Absent where the floor is 0 and the distance is not: no number is so large.
    pub kl: Option<Finite>,
    /// Of the mean squared difference.
    pub mse: Option<Finite>,
    /// Of the largest difference.
    pub max_abs: Option<Finite>,
    /// Where the most likely token is another one: the gap between the reference's two largest
    /// logits in multiples of the floor's largest difference. Else 0.
    pub flip_gap: Option<Finite>,
}

/// What the rows of a comparison are together, in multiples of their floors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseExcess {
    /// Of KL.
    pub kl: ExcessStatistics,
    /// Of the mean squared difference.
    pub mse: ExcessStatistics,
    /// Of the largest difference.
    pub max_abs: ExcessStatistics,
    /// Rows whose most likely token is another one.
    pub flips: u64,
    /// Which limits of a whole comparison are broken, for people.
    pub broken: Vec<String>,
}

/// Percentiles are by nearest rank. A value is absent where it is beyond all numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExcessStatistics {
    /// Half of the rows are no further.
    pub median: Option<Finite>,
    /// Ninety-nine in a hundred are no further.
    pub p99: Option<Finite>,
    /// None is further.
    pub max: Option<Finite>,
    /// The share of the rows that are beyond their floor.
    pub share_above: Finite,
}
