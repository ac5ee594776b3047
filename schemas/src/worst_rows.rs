//! Of the rows of a case that are furthest apart, what both engines find most likely there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Finite;
use crate::run_summary::RowPlace;
use crate::tag::{Kind, Tag};

/// The rows of a case that are furthest apart, the worst first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorstRows {
    /// Kind and version of this object.
    pub schema: Tag<WorstRows>,
    /// The rows; none that has a number that is not finite, or the same bits on both sides.
    pub rows: Vec<WorstRow>,
}

impl Kind for WorstRows {
    const SCHEMA: &'static str = "lockstep/worst-rows/v1";
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorstRow {
    /// Where it is.
    pub place: RowPlace,
    /// What the candidate finds most likely, the likeliest first.
    pub candidate: Vec<LikelyToken>,
    /// What the reference does.
    pub reference: Vec<LikelyToken>,
}

/// A token and how likely an engine finds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LikelyToken {
    /// The token.
    pub id: u32,
    /// Its logit.
    pub logit: Finite,
    /// What softmax makes of it.
    pub probability: Finite,
}
