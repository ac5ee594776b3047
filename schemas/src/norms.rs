//! The norm weights of a model: what they look like, the limits that they are judged by, and what
//! came of that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::Bound;
use crate::number::Finite;
use crate::tag::{Kind, Tag};

/// A versioned file of limits for norm weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormLimitsFile {
    /// Kind and version of this object.
    pub schema: Tag<NormLimitsFile>,
    /// The name by which reports refer to this file.
    pub name: String,
    /// Counted up whenever a value changes.
    pub version: u32,
    /// The limits.
    pub limits: Vec<NormLimit>,
    /// The families for which there is no limit on purpose.
    pub unmeasured: Vec<Unmeasured>,
}

impl Kind for NormLimitsFile {
    const SCHEMA: &'static str = "lockstep/norm-limits/v1";
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormLimit {
    /// The architecture that it is for; absent for all.
    pub family: Option<String>,
    /// The kind of norm that it is for, as `attn_norm`; absent for all.
    pub norm: Option<String>,
    /// What is limited.
    pub metric: NormMetric,
    /// Whether the value is the largest or the smallest that passes.
    pub bound: Bound,
    /// The value.
    pub value: Finite,
    /// What the value counts.
    pub unit: String,
    /// What it means when it is not kept.
    pub severity: Severity,
    /// Why this value.
    pub basis: String,
}

/// What can be limited of one norm weight.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NormMetric {
    /// 1 when its type is none of F32, F16 and BF16, else 0.
    Quantised,
    /// How many elements it has.
    NElements,
    /// How many of them are NaN or infinite.
    NonFinite,
    /// How many of them are neither zero nor NaN nor infinite.
    NonZero,
    /// How many different numbers its finite elements are, counted up to 64. A limit of `n` is for
    /// weights of 4 · (n - 1) elements and more: shorter ones have few by chance.
    NDistinct,
    /// Root of the mean square of its finite elements.
    Rms,
}

/// What a limit means that is not kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The export is broken.
    Failure,
    /// It is unusual.
    Warning,
}

/// A family for which there is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmeasured {
    /// The architecture.
    pub family: String,
    /// Why there is none.
    pub reason: String,
}

/// The norm weights of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormReport {
    /// All of them, in the file's order.
    pub weights: Vec<NormWeight>,
    /// What was made of them; absent with `--gate off`.
    pub gate: Option<NormGate>,
}

/// One norm weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormWeight {
    /// The tensor's name.
    pub name: String,
    /// The kind of norm: the name without its layer and ending, as `attn_norm`.
    pub norm: String,
    /// Its type.
    pub r#type: String,
    /// How many elements it has.
    pub n_elements: u64,
    /// What they look like; absent when they were not read.
    pub statistics: Option<NormStatistics>,
    /// Why they were not read.
    pub unread: Option<String>,
}

/// What the elements of a norm weight look like. The numbers are those of the finite elements, and
/// absent where there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormStatistics {
    /// How many are NaN or infinite.
    pub n_non_finite: u64,
    /// How many are neither zero nor NaN nor infinite.
    pub n_non_zero: u64,
    /// How many different numbers there are, counted up to 64.
    pub n_distinct: u64,
    /// Root of the mean square.
    pub rms: Option<Finite>,
    /// Mean.
    pub mean: Option<Finite>,
    /// Smallest.
    pub min: Option<Finite>,
    /// Largest.
    pub max: Option<Finite>,
}

/// What was made of the norm weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormGate {
    /// How strict it was.
    pub mode: GateMode,
    /// What came of it.
    pub verdict: GateVerdict,
    /// The architecture that the file names.
    pub family: Option<String>,
    /// The name of the file of limits.
    pub limits_name: String,
    /// Its version.
    pub limits_version: u32,
    /// The limits that applied to this family.
    pub limits: Vec<NormLimit>,
    /// What was found, failures first.
    pub findings: Vec<NormFinding>,
}

/// How strict a gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateMode {
    /// Failures count.
    Auto,
    /// Warnings count too, and so does a norm for which no limit has a basis.
    Strict,
}

/// What came of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateVerdict {
    /// Nothing was found that counts.
    Passed,
    /// Something was.
    Failed,
    /// There was nothing to judge.
    Inconclusive,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormFinding {
    /// What it means.
    pub severity: Severity,
    /// The tensor; absent when it is about the family.
    pub tensor: Option<String>,
    /// What was found, and what was expected.
    pub problem: String,
    /// Why that was expected.
    pub basis: String,
}
