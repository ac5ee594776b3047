//! What became of the cases of one run in another, and why it may be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Finite;
use crate::receipt::{ExitRecord, Profile, Verdict};
use crate::run_summary::RowPlace;
use crate::tag::{Kind, Tag};

/// What became of the cases of one run in another, and why it may be. Of equal runs both lists are
/// empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunDiff {
    /// Kind and version of this object.
    pub schema: Tag<RunDiff>,
    /// As diff(1): 0 `same`, 1 `different`. It is 0 exactly when both lists are empty.
    pub exit: ExitRecord,
    /// How many cases became what.
    pub counts: ChangeCounts,
    /// What differs of all that decides results, the gravest first.
    pub causes: Vec<Cause>,
    /// The cases that are not the same: those that are worse and do not pass any more, the others that
    /// are worse, new ones that do not pass, those that are gone, that are better, and other new ones;
    /// each in the order of their plan.
    pub cases: Vec<CaseDiff>,
}

impl Kind for RunDiff {
    const SCHEMA: &'static str = "lockstep/diff/v1";
}

/// How many cases became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCounts {
    /// Verdict and numbers are the same.
    pub same: u64,
    /// Verdict or numbers are better.
    pub better: u64,
    /// Verdict or numbers are worse.
    pub worse: u64,
    /// Only the second run has them.
    pub new: u64,
    /// Only the first run has them.
    pub gone: u64,
}

/// What became of a case.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Verdict or numbers are worse.
    Worse,
    /// Only the second run has it.
    New,
    /// Only the first run has it.
    Gone,
    /// Verdict or numbers are better.
    Better,
}

/// Something that decides results and differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// What kind of thing.
    pub kind: CauseKind,
    /// Which: an engine's name, a model's file, a comparison or a profile.
    pub subject: String,
    /// What of it differs, where that can be told.
    pub fields: Vec<FieldChange>,
    /// For how many cases of both runs; 0 where it keeps cases from being paired.
    pub cases: u64,
}

/// What kind of thing differs, the gravest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// A run has receipts of the same case that contradict each other. The one that counts is compared, and says little.
    Conflicting,
    /// Numbers differ, and nothing that decides them does, nor do the engines' programs.
    NotReproducible,
    /// Numbers differ, and nothing that receipts tell of decides them differently; whether the programs
    /// are the same no environment says.
    Unexplained,
    /// A limit is gone, or lets more pass.
    LimitsLoosened,
    /// The floors by which rows are judged are higher, which lets more pass.
    FloorRaised,
    /// The reference is another one: version, build, library, kernels, settings, or its program.
    ReferenceChanged,
    /// The candidate is.
    CandidateChanged,
    /// The candidate's model file has other contents.
    ModelChanged,
    /// What the reference evaluated in its place has.
    ReferenceModelChanged,
    /// The candidate's tokenizer file has.
    TokenizerChanged,
    /// The engines made other tokens of the same prompt.
    TokensChanged,
    /// There is another limit, or one lets less pass.
    LimitsTightened,
    /// The file of limits has another name or version, and the limits are the same.
    LimitsRenamed,
    /// The floors are lower.
    FloorLowered,
    /// The floors are partly higher and partly lower, of other variants, or only one run has them.
    FloorChanged,
    /// The cases' identities differ, and receipts do not tell why: the way in which distances are
    /// computed, say.
    IdentityChanged,
    /// Both runs have planned the case, and one of them has no receipt of it that can be believed.
    Missing,
    /// The plans' settings differ, so that no case of one is a case of the other.
    SettingsChanged,
}

/// A fact before and after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// Its place, as in a receipt, or a limit in words.
    pub field: String,
    /// What it was; of a list, what only the first has. Absent: there was none.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// A case that is not the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseDiff {
    /// What became of it.
    pub change: Change,
    /// The name of its folder, where it is of a sweep.
    pub id: Option<String>,
    /// Its comparison's name, where it is of a sweep.
    pub comparison: Option<String>,
    /// Who is judged.
    pub candidate: String,
    /// What it is judged against.
    pub reference: String,
    /// What is compared with what.
    pub profile: Profile,
    /// The prompt's set and its name there, where it is of one.
    pub prompt: Option<PromptName>,
    /// What it came to in the first run.
    pub before: Option<CaseOutcome>,
    /// What it came to in the second.
    pub after: Option<CaseOutcome>,
    /// The figures that differ.
    pub figures: Vec<FigureChange>,
    /// The first row whose numbers differ, floors apart.
    pub first_changed: Option<RowPlace>,
    /// What may be the cause, of the kinds above.
    pub causes: Vec<CauseKind>,
}

/// A prompt by the name of its set and its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptName {
    /// The set's.
    pub set: String,
    /// The prompt's.
    pub name: String,
}

/// What a case came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseOutcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
    /// Why, for people.
    pub reason: String,
    /// The first row that diverged, or that the reference failed at.
    pub first_bad: Option<RowPlace>,
    /// Rows that were compared.
    pub rows: u64,
}

/// A figure before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureChange {
    /// Which.
    pub figure: ComparedFigure,
    /// What it was; absent where no row has it, and where it is beyond all numbers.
    pub before: Option<Finite>,
    /// What it is.
    pub after: Option<Finite>,
    /// Whether that is worse.
    pub worse: bool,
}

/// A figure of all rows of a case. Distances are the largest of any row; in `f32` and `production` a
/// constant shift of all logits has been taken out of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ComparedFigure {
    /// Rows that diverged.
    BadRows,
    /// Rows whose most likely token is another one.
    Flips,
    /// KL(reference ‖ candidate).
    Kl,
    /// Largest difference.
    MaxAbs,
    /// Mean squared difference.
    Mse,
    /// Mean squared difference over the mean square of the reference.
    Nmse,
    /// 1 less the cosine.
    OneMinusCosine,
    /// KL over its floor.
    ExcessKl,
    /// Mean squared difference over its floor.
    ExcessMse,
    /// Largest difference over its floor.
    ExcessMaxAbs,
    /// Numbers whose bits differ, of all rows together.
    Differing,
    /// Rows that were compared; fewer are worse.
    Rows,
    /// Index of the first token that differs, where the engines made different ones; less is worse.
    FirstTokenDifference,
}
