//! What `lockstep bench` measured: how fast engines are on one model and the same tokens, and how much
//! memory they take.
//!
//! Times and the machine are what it is about, so they stand in it, as in no other stored object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::describe::{Build, Settings};
use crate::number::Finite;
use crate::receipt::{ExitRecord, FileIdentity};
use crate::tag::{Kind, Tag};

/// The record of one bench.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchReceipt {
    /// Kind and version of this object.
    pub schema: Tag<BenchReceipt>,
    /// The process's exit code.
    pub exit: ExitRecord,
    /// The version of `lockstep`.
    pub lockstep_version: String,
    /// Where it was measured.
    pub machine: Machine,
    /// What was evaluated.
    pub model: FileIdentity,
    /// What was asked of every engine.
    pub work: BenchWork,
    /// One for each engine, in the order of their turns; ratios are to the first.
    pub engines: Vec<BenchEngine>,
    /// How it compares with an earlier bench, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<BenchAgainst>,
}

impl Kind for BenchReceipt {
    const SCHEMA: &'static str = "lockstep/bench-receipt/v1";
}

/// The machine, as far as speed depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The CPU's name, where the system tells one.
    pub cpu: Option<String>,
    /// How many processors a program may use at once.
    pub processors: u32,
    /// All of its memory, where the system tells it.
    pub memory_bytes: Option<u64>,
}

/// What was asked of every engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchWork {
    /// Tokens that were evaluated together.
    pub positions: u32,
    /// Greedy steps after them. The token of the last one is chosen and not evaluated.
    pub steps: u32,
    /// Worker threads.
    pub threads: u32,
    /// How many rounds there were; each figure has as many values.
    pub repeat: u32,
    /// Engines ran with their own settings, and none was looked for.
    pub as_configured: bool,
}

/// One engine and what was measured of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchEngine {
    /// The name by which it was asked for.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// How it was built.
    pub build: Build,
    /// The kernels that ran, or where an engine does not say: those that it would run.
    pub kernels: Vec<String>,
    /// With what it ran for every figure but `decode_ns`.
    pub prefill_settings: Settings,
    /// With what it ran for `decode_ns`.
    pub decode_settings: Settings,
    /// How many rows of logits it wrote.
    pub rows: BenchRows,
    /// What was measured in the rounds.
    pub figures: BenchFigures,
    /// The combinations of settings that were tried before, one run each, in their order.
    pub trials: Vec<BenchTrial>,
    /// How near its logits are to the first engine's; absent for the first.
    pub agreement: Option<BenchAgreement>,
}

/// Rows of logits that an engine wrote for each kind of item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchRows {
    /// For the item that ends `load_ns`.
    pub load: u64,
    /// For that of `prefill_all_ns` and `answer_ns`.
    pub prefill_all: u64,
    /// For that of `prefill_last_ns`.
    pub prefill_last: u64,
    /// For the greedy steps of `decode_ns`.
    pub decode: u64,
}

/// What was measured of an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchFigures {
    /// From the start of the process to its answer to one token, by the runner's clock.
    pub load_ns: BenchFigure,
    /// The engine's own time for all positions, each with its row of logits.
    pub prefill_all_ns: BenchFigure,
    /// The engine's own time for all positions, with the last row of logits alone.
    pub prefill_last_ns: BenchFigure,
    /// The engine's own time for the greedy steps that were evaluated: one less than there are.
    pub decode_ns: BenchFigure,
    /// From request to answer of the item of `prefill_all_ns`, by the runner's clock: with the file.
    pub answer_ns: BenchFigure,
    /// The most that was resident of the process at once, mapped files among it.
    pub peak_resident_bytes: BenchFigure,
    /// The most that was resident of its own memory after any of its answers.
    pub anonymous_bytes: BenchFigure,
}

impl BenchFigures {
    /// All of them, by name.
    pub fn each(&self) -> [(BenchFigureName, &BenchFigure); 7] {
        use BenchFigureName as Name;
        [
            (Name::LoadNs, &self.load_ns),
            (Name::PrefillAllNs, &self.prefill_all_ns),
            (Name::PrefillLastNs, &self.prefill_last_ns),
            (Name::DecodeNs, &self.decode_ns),
            (Name::AnswerNs, &self.answer_ns),
            (Name::PeakResidentBytes, &self.peak_resident_bytes),
            (Name::AnonymousBytes, &self.anonymous_bytes),
        ]
    }
}

/// The name of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BenchFigureName {
    /// The field of this name in `figures`, as all others.
    LoadNs,
    /// Prefill, all rows.
    PrefillAllNs,
    /// Prefill, the last row.
    PrefillLastNs,
    /// Greedy steps.
    DecodeNs,
    /// The whole answer of all rows.
    AnswerNs,
    /// Resident memory.
    PeakResidentBytes,
    /// Memory of its own.
    AnonymousBytes,
}

/// One figure over all rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchFigure {
    /// One value a round, in their order; none is 0.
    pub values: Vec<u64>,
    /// The smallest.
    pub minimum: u64,
    /// The one in the middle, or half way between the two there.
    pub median: u64,
    /// The largest.
    pub maximum: u64,
}

/// One combination of settings, tried once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchTrial {
    /// Whether attention was to be computed in one fused pass.
    pub flash_attention: bool,
    /// Whether matrices were to be rearranged, where the engine can be asked.
    pub repack: Option<bool>,
    /// Tokens to be evaluated together.
    pub micro_batch: u32,
    /// What `prefill_all_ns` was; absent when it was not measured.
    pub prefill_all_ns: Option<u64>,
    /// What `decode_ns` was; absent when it was not measured.
    pub decode_ns: Option<u64>,
    /// Why it was not measured.
    pub left_out: Option<String>,
}

/// How near an engine's logits are to the first engine's, over all positions of the last round. It
/// judges nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchAgreement {
    /// How many rows were compared.
    pub rows: u64,
    /// The mean of KL(first ‖ this one).
    pub mean_kl: Finite,
    /// In how many rows the most likely token is the same.
    pub top1_equal: u64,
}

/// A bench beside an earlier one of the same work on the same model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchAgainst {
    /// The version of `lockstep` that wrote the earlier one.
    pub lockstep_version: String,
    /// What else was not the same, for people.
    pub differs: Vec<String>,
    /// The largest ratio that is not slower, where one was asked for.
    pub slower_than: Option<Finite>,
    /// Each figure of each engine that both have.
    pub changes: Vec<BenchChange>,
}

/// A figure beside an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchChange {
    /// Whose it is.
    pub engine: String,
    /// Which one.
    pub figure: BenchFigureName,
    /// The median of then.
    pub before: u64,
    /// The median of now.
    pub now: u64,
    /// Now over before: above 1 it got worse.
    pub ratio: Finite,
    /// It got worse than by the ratio that was asked for.
    pub is_slower: bool,
}
