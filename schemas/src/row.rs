//! What is recorded of one compared row of logits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::floor::RowExcess;
use crate::number::Finite;
use crate::receipt::Verdict;

/// One position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionRow {
    /// Index in the token sequence, from 0.
    pub position: u64,
    /// The token there.
    pub token: u32,
    /// What was found.
    pub row: RowRecord,
}

/// Greedy steps of both engines behind one prefix: the prompt, and the reference's tokens of all steps
/// before. A ladder begins another stretch behind a tie; a single comparison ends there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GreedyStretch {
    /// The number of its first step, from 0: so many steps were compared in the stretches before.
    pub first_step: u64,
    /// The candidate's tokens.
    pub candidate_ids: Vec<u32>,
    /// The reference's tokens.
    pub reference_ids: Vec<u32>,
    /// Index of the first of these tokens that differs. What follows has another prefix on each side
    /// and is not compared.
    pub first_difference: Option<u64>,
    /// One row for each step that was compared.
    pub steps: Vec<RowRecord>,
}

impl GreedyStretch {
    /// The number of the step behind the last that was compared.
    pub fn end(&self) -> u64 {
        self.first_step.saturating_add(self.steps.len() as u64)
    }

    /// The rows, each with the number of its step.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &RowRecord)> {
        let rows = self.steps.iter().enumerate();
        rows.map(|(index, row)| (self.first_step.saturating_add(index as u64), row))
    }
}

/// What was found of two rows of logits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowRecord {
    /// What this row alone says.
    pub verdict: Verdict,
    /// Which limits it breaks, for people.
    pub broken: Vec<String>,
    /// Numbers whose bits differ.
    pub differing: u64,
    /// Numbers of the candidate that are not finite, and the first one's index.
    pub candidate_non_finite: NonFinite,
    /// The same of the reference.
    pub reference_non_finite: NonFinite,
    /// The one number that all the candidate's logits are, where they are, and there are several.
    pub candidate_constant: Option<Finite>,
    /// The same of the reference.
    pub reference_constant: Option<Finite>,
    /// Distances; absent when a number is not finite.
    pub metrics: Option<Metrics>,
    /// The same in multiples of the floor, where there is one and all numbers are finite.
    pub excess: Option<RowExcess>,
}

/// Numbers that are not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NonFinite {
    /// How many.
    pub count: u64,
    /// Where the first is.
    pub first_index: Option<u64>,
}

/// Distances of two rows of finite logits, computed in f64 over the whole vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Largest difference.
    pub max_abs: Finite,
    /// Root of the sum of squared differences.
    pub l2: Finite,
    /// Mean squared difference.
    pub mse: Finite,
    /// Mean squared difference over the mean square of the reference; absent for a reference of
    /// zeros.
    pub nmse: Option<Finite>,
    /// Cosine of the angle between the rows; absent when one is all zeros.
    pub cosine: Option<Finite>,
    /// The factor by which the reference comes nearest to the candidate, by least squares; absent
    /// for a reference of zeros.
    pub scale: Option<Finite>,
    /// Mean of candidate minus reference: a constant shift, which softmax does not see.
    pub mean_shift: Finite,
    /// The distances again, after that shift has been taken out; these are judged.
    pub shift_removed: ShiftRemoved,
    /// KL(reference ‖ candidate).
    pub kl: Finite,
    /// KL(candidate ‖ reference).
    pub kl_reverse: Finite,
    /// Half the sum of differences of probability.
    pub total_variation: Finite,
    /// The candidate's most likely token, the lowest id among equals.
    pub candidate_top1: u32,
    /// The reference's most likely token, the lowest id among equals.
    pub reference_top1: u32,
    /// Whether these are the same.
    pub top1_equal: bool,
    /// Share of the reference's most likely tokens that are the candidate's too.
    pub top_k_overlap: TopKOverlap,
    /// The rank that the candidate gives to the reference's most likely token, from 0.
    pub reference_top1_rank: u64,
    /// How far the reference's two largest logits are apart; absent for a vocabulary of one.
    pub reference_top2_gap: Option<Finite>,
}

/// Distances after the mean shift has been taken out of the candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftRemoved {
    /// Largest difference.
    pub max_abs: Finite,
    /// Mean squared difference.
    pub mse: Finite,
    /// Over the mean square of the reference.
    pub nmse: Option<Finite>,
    /// Cosine.
    pub cosine: Option<Finite>,
}

/// Shares, from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopKOverlap {
    /// Of the most likely one.
    pub k1: Finite,
    /// Of the five most likely.
    pub k5: Finite,
    /// Of the ten most likely.
    pub k10: Finite,
}
