//! What all cases of a run come to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;
use crate::floor::CaseExcess;
use crate::number::Finite;
use crate::receipt::{CaseKeys, ExitRecord, Profile, Verdict};
use crate::tag::{Kind, Tag};

/// What all cases of a run come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSummary {
    /// Kind and version of this object.
    pub schema: Tag<RunSummary>,
    /// The sweep's name.
    pub name: String,
    /// `sha256:` and the digest of the plan's canonical form.
    pub plan_sha256: String,
    /// The verdict of the whole run.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
    /// Why this verdict, for people.
    pub reason: String,
    /// How many cases have which verdict, the best first; those without any case are left out.
    pub verdicts: Vec<VerdictCount>,
    /// Planned cases.
    pub planned: u64,
    /// What is wrong with the run itself, sorted by case.
    pub problems: Vec<RunProblem>,
    /// What each comparison comes to, in the plan's order.
    pub comparisons: Vec<ComparisonSummary>,
    /// What each case comes to that has a receipt, in the plan's order.
    pub cases: Vec<CaseSummary>,
}

impl Kind for RunSummary {
    const SCHEMA: &'static str = "lockstep/run-summary/v1";
}

/// So many cases have this verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictCount {
    /// The verdict.
    pub verdict: Verdict,
    /// How many.
    pub cases: u64,
}

/// Something that is wrong with a run, whatever its cases say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunProblem {
    /// The case's id.
    pub case: String,
    /// What is wrong.
    pub kind: RunProblemKind,
    /// The same for people.
    pub detail: String,
}

/// What is wrong with a case of a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RunProblemKind {
    /// It is planned and has no receipt.
    Missing,
    /// Two folders have different receipts of it, though all that decides it is the same.
    Conflicting,
    /// Its receipt is of another model, engine or file of limits than the plan's.
    MixedBuild,
    /// Its receipt cannot be believed.
    Unsound,
    /// It is in no plan.
    Unplanned,
}

/// What a comparison comes to over all its cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonSummary {
    /// Its name in the plan.
    pub name: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
    /// Why, for people.
    pub reason: String,
    /// How many of its cases have which verdict, the best first.
    pub verdicts: Vec<VerdictCount>,
    /// What was compared of the prompts.
    pub coverage: Coverage,
    /// The distances of all rows together in multiples of the floor, where there are floors.
    pub excess: Option<CaseExcess>,
}

/// What a case comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseSummary {
    /// By which it is paired, kept and found again.
    pub keys: CaseKeys,
    /// Its comparison's name.
    pub comparison: String,
    /// The model's label.
    pub model: String,
    /// Who is judged.
    pub candidate: String,
    /// What it is judged against.
    pub reference: String,
    /// What is compared with what.
    pub profile: Profile,
    /// The prompt's set.
    pub prompt_set: String,
    /// The prompt's name in it.
    pub prompt: String,
    /// The template that was asked for.
    pub template: String,
    /// What the comparison says.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
    /// Why, for people.
    pub reason: String,
    /// Positions that were compared.
    pub positions: u64,
    /// Greedy steps that were compared.
    pub greedy_steps: u64,
    /// The first row that diverged, where one did.
    pub first_bad: Option<RowPlace>,
    /// The largest figures of all rows.
    pub worst: WorstFigures,
    /// The receipt's own digest.
    pub receipt_digest: String,
}

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum RowPlace {
    /// At this position.
    Position(u64),
    /// At this greedy step.
    Step(u64),
}

/// The largest figures of all rows of a case; each absent where no row has it, an excess also where it is
/// beyond all numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorstFigures {
    /// Largest difference.
    pub max_abs: Option<Finite>,
    /// Largest mean squared difference.
    pub mse: Option<Finite>,
    /// Largest mean squared difference over the mean square of the reference.
    pub nmse: Option<Finite>,
    /// Smallest cosine.
    pub cosine: Option<Finite>,
    /// Largest KL(reference ‖ candidate).
    pub kl: Option<Finite>,
    /// Rows whose most likely token is another one.
    pub flips: u64,
    /// Largest excess of the KL divergence over the floor.
    pub excess_kl: Option<Finite>,
    /// Largest excess of the mean squared difference over the floor.
    pub excess_mse: Option<Finite>,
    /// Largest excess of the largest difference over the floor.
    pub excess_max_abs: Option<Finite>,
}
