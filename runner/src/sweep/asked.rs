//! From a plan to what a comparison is asked: the request of a comparison, and the prompt of a case.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemas::line::ItemId;
use schemas::plan::{Plan, PlanSettings, PlannedCase, PlannedComparison, PlannedPromptSet};
use schemas::prompt::PromptLine;
use schemas::receipt::PromptSetRecord;

use super::failure::SweepError;
use crate::engine::{Supervision, Threads};
use crate::prompt::{AskedPrompt, Choice, Date};
use crate::prompt_set::{self, CODE};
use crate::request::{AskedCase, Choices, FloorMode, Request};

/// The files of a model on this machine.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// The candidate's.
    pub model: PathBuf,
    /// The reference's, where it is another one.
    pub reference: Option<PathBuf>,
    /// The candidate's tokenizer, where it has one of its own.
    pub tokenizer: Option<PathBuf>,
}

/// What this machine adds to a plan.
#[derive(Clone, Debug)]
pub struct Means {
    /// The file of engines that was named.
    pub engines_file: Option<PathBuf>,
    /// Threads of each engine, where the plan does not say.
    pub threads: u32,
    /// Time, memory, interruption.
    pub supervision: Supervision,
    /// Where twins and floors are kept.
    pub cache: PathBuf,
}

/// What a comparison of a plan asks for.
pub fn request(
    settings: &PlanSettings,
    comparison: &PlannedComparison,
    files: ModelFiles,
    means: &Means,
) -> Request {
    let overrides = comparison.overrides.iter();
    Request {
        engines_file: means.engines_file.clone(),
        model: files.model,
        reference_model: files.reference,
        tokenizer: files.tokenizer,
        profile: comparison.profile,
        candidate: comparison.candidate.clone(),
        reference: comparison.reference.clone(),
        tokens_from: settings.tokens_from,
        greedy_steps: settings.greedy_steps,
        max_positions: settings
            .max_positions
            .map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        context: Some(comparison.context),
        choices: Choices {
            threads: None,
            candidate_threads: Some(threads(settings.candidate_threads, means)),
            reference_threads: Some(threads(settings.reference_threads, means)),
            micro_batch: settings.micro_batch,
            candidate_micro_batch: settings.candidate_micro_batch,
            candidate_flash_attention: settings.candidate_flash_attention,
            kv: settings.kv,
        },
        limits_file: comparison.limits.clone(),
        overrides: overrides.map(|it| (it.metric, it.value)).collect(),
        floor: FloorMode::of_plan(settings.floor),
        triangulate: false,
        allow_small: settings.allow_small,
        supervision: means.supervision.clone(),
        cache: means.cache.clone(),
    }
}

/// A worker's own number is no part of the plan, whoever chose it.
fn threads(planned: Option<u32>, means: &Means) -> Threads {
    planned.map_or(Threads::OfMachine(means.threads), Threads::Named)
}

/// The prompts of a plan by their sets and names.
pub struct Prompts<'a> {
    plan: &'a Plan,
    by_name: BTreeMap<(&'a str, &'a ItemId), (&'a PlannedPromptSet, &'a PromptLine)>,
}

impl<'a> Prompts<'a> {
    /// All of them.
    pub fn of(plan: &'a Plan) -> Self {
        let sets = plan.prompt_sets.iter();
        let all = sets.flat_map(|set| set.prompts.iter().map(move |prompt| (set, prompt)));
        let by_name = all.map(|(set, prompt)| ((set.name.as_str(), &prompt.name), (set, prompt)));
        Self {
            plan,
            by_name: by_name.collect(),
        }
    }

    /// The prompt of a case, as its comparison is asked about it.
    pub fn asked(&self, case: &PlannedCase) -> Result<AskedCase, SweepError> {
        let wrong = |problem: String| SweepError::Plan(format!("case {}: {problem}", case.keys.id));
        let settings = &self.plan.settings;
        let place = (case.prompt_set.as_str(), &case.prompt);
        let Some((set, prompt)) = self.by_name.get(&place) else {
            return Err(wrong(format!(
                "no set {:?} has its prompt",
                case.prompt_set
            )));
        };
        let date = settings.template_date.as_deref().map(str::parse::<Date>);
        Ok(AskedCase {
            has_code: prompt.tags.iter().any(|tag| tag.as_str() == CODE),
            prompt: AskedPrompt {
                user: prompt.text.as_bytes().to_vec(),
                system: prompt.system.clone().or_else(|| settings.system.clone()),
                template: Choice::from_name(&case.template).map_err(wrong)?,
                bos: settings.bos,
                date: date.transpose().map_err(wrong)?,
            },
            set: Some(PromptSetRecord {
                name: set.name.clone(),
                version: set.version,
                sha256: set.sha256.clone(),
                prompt: prompt.name.to_string(),
            }),
            words: prompt_set::words(&prompt.text),
        })
    }
}
