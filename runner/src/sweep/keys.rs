//! By what a case is known: a key by which two runs are laid side by side, and an identity by which
//! is decided whether a result is still the result.

use schemas::canonical;
use schemas::limits::LimitsFile;
use schemas::plan::{LimitOverride, PlanSettings, PlannedComparison, PlannedEngine, PlannedModel};
use schemas::receipt::{CaseKeys, Profile};
use schemas::tokenize::Bos;
use serde::Serialize;

use crate::floor::reading::METRICS_VERSION;
use crate::prompt::FormattedPrompt;
use crate::seal::sha256;

/// Hexadecimal digits of the pairing key that make a case's id: 64 bits, so that among a million cases
/// two alike have a chance of 1 in 37 million; a plan with such a pair is refused.
const ID_DIGITS: usize = 16;

/// What a case is about. Two that differ in nothing of this are the same question.
#[derive(Serialize)]
struct Pairing<'a> {
    model: &'a str,
    formatted_prompt_sha256: String,
    bos: Bos,
    parse_special: bool,
    template: &'a str,
    profile: Profile,
    candidate: &'a str,
    reference: &'a str,
    settings: &'a PlanSettings,
}

/// All that can change the answer.
#[derive(Serialize)]
struct Identity<'a> {
    pairing_key: &'a str,
    model_sha256: &'a str,
    reference_model_sha256: Option<&'a str>,
    tokenizer_sha256: Option<&'a str>,
    candidate: &'a PlannedEngine,
    reference: &'a PlannedEngine,
    context: u32,
    limits: Option<&'a LimitsFile>,
    overrides: &'a [LimitOverride],
    metrics_version: u32,
}

/// The engines of a comparison, by what they say of themselves.
#[derive(Clone, Copy)]
pub struct Builds<'a> {
    /// Who is judged.
    pub candidate: &'a PlannedEngine,
    /// What it is judged against.
    pub reference: &'a PlannedEngine,
}

/// The key by which a case is laid beside that of another run. `template` is the one asked for.
pub fn pairing_key(
    comparison: &PlannedComparison,
    settings: &PlanSettings,
    prompt: &FormattedPrompt,
    template: &str,
) -> String {
    digest(&Pairing {
        model: &comparison.model,
        formatted_prompt_sha256: sha256(&prompt.text),
        bos: prompt.bos,
        parse_special: prompt.parse_special,
        template,
        profile: comparison.profile,
        candidate: &comparison.candidate,
        reference: &comparison.reference,
        settings,
    })
}

/// All keys of a case with this pairing key.
pub fn keys(
    pairing_key: String,
    comparison: &PlannedComparison,
    model: &PlannedModel,
    builds: Builds<'_>,
) -> CaseKeys {
    let sha256_of = |file: &'_ Option<schemas::plan::PlannedFile>| {
        file.as_ref().map(|file| file.identity.sha256.clone())
    };
    let identity = digest(&Identity {
        pairing_key: &pairing_key,
        model_sha256: &model.file.identity.sha256,
        reference_model_sha256: sha256_of(&model.reference).as_deref(),
        tokenizer_sha256: sha256_of(&model.tokenizer).as_deref(),
        candidate: builds.candidate,
        reference: builds.reference,
        context: comparison.context,
        limits: comparison.limits.as_ref(),
        overrides: &comparison.overrides,
        metrics_version: METRICS_VERSION,
    });
    let (_, digits) = pairing_key.split_once(':').unwrap_or(("", &pairing_key));
    CaseKeys {
        id: digits.chars().take(ID_DIGITS).collect(),
        pairing_key,
        identity,
    }
}

fn digest(value: &impl Serialize) -> String {
    let text = canonical::to_string(value).expect("it has no number that JSON has not");
    sha256(text.as_bytes())
}
