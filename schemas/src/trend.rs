//! What comparisons came to over several runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diff::{CauseKind, FieldChange};
use crate::floor::CaseExcess;
use crate::number::Finite;
use crate::receipt::{ExitRecord, Profile, Verdict};
use crate::run_summary::VerdictCount;
use crate::tag::{Kind, Tag};

/// What comparisons came to over several runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// Kind and version of this object.
    pub schema: Tag<Trend>,
    /// The runs, in the order in which they were given.
    pub runs: Vec<TrendRun>,
    /// The comparisons, in the order in which runs have them.
    pub comparisons: Vec<ComparisonTrend>,
}

impl Kind for Trend {
    const SCHEMA: &'static str = "lockstep/trend/v1";
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrendRun {
    /// The last part of its folder's path.
    pub label: String,
    /// The sweep's name.
    pub name: String,
    /// `sha256:` and the digest of its plan.
    pub plan_sha256: String,
    /// The verdict of the whole run.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
}

/// A comparison over the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonTrend {
    /// Its name in the plans.
    pub name: String,
    /// The model's label.
    pub model: String,
    /// Who is judged.
    pub candidate: String,
    /// What it is judged against.
    pub reference: String,
    /// What is compared with what.
    pub profile: Profile,
    /// What it came to in each run that has it.
    pub points: Vec<TrendPoint>,
}

/// A comparison in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrendPoint {
    /// Index of the run.
    pub run: u64,
    /// Planned cases.
    pub planned: u64,
    /// How many of its cases have which verdict, the best first.
    pub verdicts: Vec<VerdictCount>,
    /// Its verdict.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
    /// The largest figures of any case.
    pub worst: TrendFigures,
    /// The medians, by nearest rank, of each case's largest figures.
    pub median: TrendFigures,
    /// The distances of all rows together in multiples of the floor, where there are floors.
    pub excess: Option<CaseExcess>,
    /// The candidate's version, that of its library after it.
    pub candidate_version: String,
    /// The reference's.
    pub reference_version: String,
    /// What differs from the run before that has it.
    pub since_previous: Vec<Mark>,
    /// What differs from the first run that has it: small steps add up here.
    pub since_first: Vec<Mark>,
}

/// Figures of a comparison; absent where no case has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrendFigures {
    /// Largest difference.
    pub max_abs: Option<Finite>,
    /// KL(reference ‖ candidate).
    pub kl: Option<Finite>,
    /// Rows whose most likely token is another one.
    pub flips: Option<u64>,
}

/// Something that decides results and differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// What kind of thing.
    pub kind: CauseKind,
    /// What of it differs.
    pub fields: Vec<FieldChange>,
}
