//! The record of one comparison: who ran, on what, what came out, which limits applied.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::describe::{Arithmetic, Build, KvType, Library, Settings};
use crate::environment::Environment;
use crate::floor::{CaseExcess, FloorRecord};
use crate::limits::AppliedLimit;
use crate::number::Finite;
use crate::row::{GreedyStretch, PositionRow, RowRecord};
use crate::tag::{Kind, Tag};
use crate::tokenize::{Bos, Text};
use crate::triangulation::Triangulation;

/// The record of one comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Kind and version of this object.
    pub schema: Tag<Receipt>,
    /// Of a case of a sweep: by which it is paired, kept and found again.
    pub case: Option<CaseKeys>,
    /// What the comparison says.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit: ExitRecord,
    /// The verdict in the words of older documents.
    pub status: Status,
    /// Why this verdict, for people.
    pub reason: String,
    /// What is odd and changes no verdict, for people.
    pub warnings: Vec<String>,
    /// What was compared with what.
    pub profile: Profile,
    /// The candidate's model.
    pub model: FileIdentity,
    /// The reference's model, where it is another file.
    pub reference_model: Option<FileIdentity>,
    /// In the profile `f32`: the decoded copy that the reference evaluated in place of its model.
    pub twin: Option<FileIdentity>,
    /// The candidate's tokenizer, where it is not the model's own.
    pub tokenizer: Option<FileIdentity>,
    /// The set that the prompt is of, where it is of one.
    pub prompt_set: Option<PromptSetRecord>,
    /// Whether the user allows a verdict on fewer prompts and positions than say much.
    pub allow_small: bool,
    /// The prompt, before and after its template.
    pub prompt: PromptRecord,
    /// Who ran.
    pub engines: Engines,
    /// The tokens of the prompt that were evaluated.
    pub tokens: Option<Vec<u32>>,
    /// `sha256:` and the digest of these tokens, each as four bytes, the lowest first.
    pub tokens_sha256: Option<String>,
    /// Whose tokens they are.
    pub tokens_from: Option<TokensFrom>,
    /// Set when only the first tokens of the prompt were evaluated: how many it has.
    pub prompt_tokens: Option<u64>,
    /// How much was evaluated, where anything was.
    pub sizes: Option<Sizes>,
    /// The file of limits, where one applied.
    pub limits_file: Option<LimitsFileRecord>,
    /// The limits that applied.
    pub limits: Vec<AppliedLimit>,
    /// In `production`: how far the reference is from itself.
    pub floor: Option<FloorRecord>,
    /// In `production` without a floor: why there is none.
    pub no_floor: Option<String>,
    /// The distances of all rows in multiples of the floor, where there is one.
    pub excess: Option<CaseExcess>,
    /// How far both are from a third voice, where that was asked for. It changes no verdict.
    pub triangulation: Option<Triangulation>,
    /// Where it was asked for and there is none: why.
    pub no_triangulation: Option<String>,
    /// One row for each position that was compared; none where greedy steps alone were.
    pub positions: Vec<PositionRow>,
    /// How many greedy steps were asked for.
    pub greedy_steps: u32,
    /// The greedy steps, stretch by stretch: none where none was asked for, absent where nothing was
    /// compared.
    pub greedy: Option<Vec<GreedyStretch>>,
    /// The first position that diverged.
    pub first_divergence_token: Option<u64>,
    /// Cosine of each position.
    pub per_token_cosine_sim: Vec<Option<Finite>>,
    /// L2 distance of each position.
    pub per_token_l2_dist: Vec<Option<Finite>>,
    /// The largest difference of all positions and greedy steps; absent where a row is not finite.
    pub max_absolute_diff: Option<Finite>,
    /// The smallest cosine that passes, where one was applied.
    pub threshold: Option<Finite>,
    /// On a token mismatch or a failure: what went wrong.
    pub error: Option<String>,
    /// On a token mismatch: the candidate's tokens.
    pub rust_tokens: Option<Vec<u32>>,
    /// On a token mismatch: the reference's tokens.
    pub cpp_tokens: Option<Vec<u32>>,
    /// On a token mismatch: the first index at which they differ.
    pub first_diff_idx: Option<u64>,
    /// On a token mismatch: what may be the cause and what can be done.
    pub suggestions: Option<Vec<String>>,
    /// `sha256:` and the digest of this object in its canonical form, without this field and the
    /// environment.
    pub digest: String,
    /// Times, hosts and paths; on standard output only. A run folder has them in a file of their
    /// own, so that the receipt is the same on every run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

impl Receipt {
    /// What was found of each position, and then of each greedy step.
    pub fn rows(&self) -> impl Iterator<Item = &RowRecord> + Clone {
        let positions = self.positions.iter().map(|position| &position.row);
        let stretches = self.greedy.iter().flatten();
        positions.chain(stretches.flat_map(|stretch| &stretch.steps))
    }
}

impl Kind for Receipt {
    const SCHEMA: &'static str = "lockstep/receipt/v6";
}

/// By which a case of a sweep is paired with that of another run, kept, and found again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseKeys {
    /// The beginning of the pairing key: the name of its folder.
    pub id: String,
    /// `sha256:` and the digest of what it is about: model label, formatted prompt, template, profile,
    /// engine names, settings. Two runs are laid side by side by it.
    pub pairing_key: String,
    /// `sha256:` and the digest of all that can change the result: also the contents of model and
    /// tokenizer, builds and limits. What has another identity is another result.
    pub identity: String,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Verdict {
    /// Every compared number has the same bits.
    BitExact,
    /// Every limit is kept.
    Match,
    /// Outside the limits of MATCH, and no further than the reference is from itself.
    Drift,
    /// The most likely token is another one, where the reference's two likeliest are so near that
    /// it could be the reference's own.
    TieFlip,
    /// A limit is broken, or bits differ where they must not.
    Diverged,
    /// The engines see different tokens; nothing was evaluated.
    TokenMismatch,
    /// An engine cannot run this model; nothing was evaluated.
    Refused,
    /// An engine died, hung or gave output that is not right.
    EngineFailed,
    /// Nothing was compared, there is nothing to judge it by, or it shows nothing: a row of both
    /// engines holds one number throughout.
    Inconclusive,
    /// Of a step of a ladder: an earlier one failed. No receipt says so.
    NotReached,
    /// Of a step or a comparison: it was not asked for. No receipt says so.
    Skipped,
}

/// The verdict in the words of older documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Parity.
    Ok,
    /// Diverged.
    Diverged,
    /// Different tokens.
    TokenMismatch,
    /// An engine cannot run the model.
    Refused,
    /// An engine failed.
    EngineFailed,
    /// No verdict.
    Inconclusive,
}

/// Whose tokens are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokensFrom {
    /// Both engines made the same ones.
    Agreed,
    /// The engines' differ; the user asked for the reference's, so that no verdict is better than
    /// MATCH.
    Reference,
}

/// An exit code and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExitRecord {
    /// The process's exit code.
    pub code: u8,
    /// Its name.
    pub name: String,
}

/// What is compared with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Arithmetic exact against the scalar build: bits.
    Exact,
    /// Decoded weights on both sides: tight limits.
    F32,
    /// As shipped, against a stock build.
    Production,
}

impl Profile {
    /// The word for it, in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::F32 => "f32",
            Self::Production => "production",
        }
    }
}

/// A file, identified by what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileIdentity {
    /// Its name without folders.
    pub label: String,
    /// Its size.
    pub file_bytes: u64,
    /// `sha256:` and the digest.
    pub sha256: String,
}

/// A prompt, before and after its template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptRecord {
    /// As it was given.
    pub text: Text,
    /// The system prompt, where there is one.
    pub system: Option<String>,
    /// The template that was asked for; `auto` leaves it to the model file.
    pub template_asked: String,
    /// The template that was taken.
    pub template: String,
    /// Where it is the model file's own: which one, and what it was told.
    pub chat_template: Option<ChatTemplateRecord>,
    /// Where a model file has the say and the reference has another one: what that one has in the
    /// place of the candidate's chat template.
    pub in_reference_model: Option<TemplateElsewhere>,
    /// What was tokenized.
    pub formatted: Text,
    /// `sha256:` and the digest of its bytes.
    pub formatted_sha256: String,
    /// What was asked about the BOS token.
    pub bos: Bos,
    /// Whether texts of control tokens stand for them.
    pub parse_special: bool,
}

/// A set of prompts, by what it calls itself and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptSetRecord {
    /// Its name.
    pub name: String,
    /// Its version, where it has one.
    pub version: Option<u32>,
    /// `sha256:` and the digest of its canonical form.
    pub sha256: String,
    /// The prompt's name in it.
    pub prompt: String,
}

/// How much was evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Tokens of the prompt.
    pub tokens: u64,
    /// Logits in a row.
    pub vocabulary: u64,
    /// Tokens that the KV cache was asked to hold.
    pub context: u32,
    /// The context that the candidate's model was made for.
    pub model_context: u32,
}

/// A chat template of the candidate's model file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatTemplateRecord {
    /// The key under which the file has it.
    pub key: String,
    /// The day that it was told, where it asked for one.
    pub date: Option<String>,
}

/// What stands in the place of a template that another file has, or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateElsewhere {
    /// A template that writes the same.
    Same,
    /// A template that is not that one.
    Different,
    /// There is none.
    Absent,
}

/// A file of limits, by what it calls itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsFileRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// Both engines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engines {
    /// Who is judged.
    pub candidate: EngineRecord,
    /// What it is judged against.
    pub reference: EngineRecord,
}

/// One engine, as far as it could be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineRecord {
    /// The name by which it was asked for.
    pub name: String,
    /// The version of its program.
    pub version: Option<String>,
    /// How it was built.
    pub build: Option<Build>,
    /// The kernels that it has for this machine; which of them ran stands in `settings`.
    pub kernels: Option<Vec<String>>,
    /// What it evaluated with.
    pub settings: Option<SettingsRecord>,
}

impl EngineRecord {
    /// The kernels that ran, or where the engine does not say, those that it has for the machine.
    pub fn kernels_in_use(&self) -> Option<&[String]> {
        let ran = self.settings.as_ref().and_then(|it| it.kernels.as_deref());
        ran.or(self.kernels.as_deref())
    }
}

/// What an engine evaluated with; of what was left to the machine, nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsRecord {
    /// The numbers computed.
    pub arithmetic: Arithmetic,
    /// Worker threads, where somebody named a number. How many there were stands in the environment:
    /// what two machines compute alike has one receipt.
    pub threads: Option<u32>,
    /// Tokens that the KV cache holds.
    pub context: u32,
    /// Tokens evaluated together.
    pub micro_batch: u32,
    /// Element type of the KV cache.
    pub kv: KvType,
    /// Whether attention is computed in one fused pass.
    pub flash_attention: bool,
    /// Whether matrices are rearranged for the kernels, where the engine says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repack: Option<bool>,
    /// As in `build`.
    pub library: Option<Library>,
    /// The SIMD sets that the code uses with these settings.
    pub cpu_features: Vec<String>,
    /// The kernels that ran, where the engine says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernels: Option<Vec<String>>,
}

impl SettingsRecord {
    /// Of what an engine says that it evaluated with, and the number of threads that somebody named.
    pub fn new(settings: Settings, threads: Option<u32>) -> Self {
        Self {
            arithmetic: settings.arithmetic,
            threads,
            context: settings.context,
            micro_batch: settings.micro_batch,
            kv: settings.kv,
            flash_attention: settings.flash_attention,
            repack: settings.repack,
            library: settings.library,
            cpu_features: settings.cpu_features,
            kernels: settings.kernels,
        }
    }
}
