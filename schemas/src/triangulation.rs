//! How far both sides of a comparison are from a third voice: Lockstep's own engine in arithmetic
//! `f32`, which decodes the weights and rounds nothing to codes.
//!
//! Of two engines that differ neither need be wrong. A third one that does not round tells whether the
//! candidate is further from what both approximate than the reference is. It is no proof: a mistake
//! that the third shares with one side brings it nearer to that side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::floor::Quantiles;
use crate::number::Finite;
use crate::receipt::EngineRecord;

/// The distances of both sides from the third voice, over all positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Triangulation {
    /// Who the third is, with its settings. It evaluated the candidate's model.
    pub third: EngineRecord,
    /// Positions that were compared.
    pub rows: u64,
    /// Of the candidate.
    pub candidate: DistancesFromThird,
    /// Of the reference.
    pub reference: DistancesFromThird,
    /// The candidate's medians over the reference's.
    pub median_ratio: MedianRatio,
}

/// How the distances of one side are distributed over the positions. All are taken after a constant
/// shift of all logits has been taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistancesFromThird {
    /// KL(third ‖ side).
    pub kl: Quantiles,
    /// Mean squared difference.
    pub mse: Quantiles,
    /// Largest difference.
    pub max_abs: Quantiles,
    /// Positions at which the most likely token is another one than the third's.
    pub flips: u64,
}

/// How many times as far from the third the candidate is; absent where the reference's median is 0,
/// or so small that no number is so large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MedianRatio {
    /// Of KL.
    pub kl: Option<Finite>,
    /// Of the mean squared difference.
    pub mse: Option<Finite>,
    /// Of the largest difference.
    pub max_abs: Option<Finite>,
}
