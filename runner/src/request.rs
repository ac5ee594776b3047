//! What a comparison is asked to do, as values that have passed all checks of the command line.

use std::path::PathBuf;

use schemas::describe::KvType;
use schemas::limits::LimitsFile;
use schemas::plan::PlannedFloor;
use schemas::receipt::{Profile, PromptSetRecord, TokensFrom};

use crate::engine::{EngineSettings, Supervision, Threads};
use crate::gate::PromptWords;
use crate::limits::Override;
use crate::prompt::AskedPrompt;
use crate::prompt_set::{CODE, PromptDefaults, PromptSet};

/// Who is compared with whom on which model, and how; not on which prompts.
#[derive(Clone, Debug)]
pub struct Request {
    /// The file of engines that was named.
    pub engines_file: Option<PathBuf>,
    /// The model of both engines, or of the candidate alone.
    pub model: PathBuf,
    /// Another model for the reference.
    pub reference_model: Option<PathBuf>,
    /// A tokenizer.json for the candidate.
    pub tokenizer: Option<PathBuf>,
    /// What is compared with what.
    pub profile: Profile,
    /// The candidate's name.
    pub candidate: String,
    /// The reference's name.
    pub reference: String,
    /// Whose tokens are evaluated when the engines' differ: none, or the reference's.
    pub tokens_from: TokensFrom,
    /// Greedy steps after the prompt.
    pub greedy_steps: u32,
    /// Evaluate only the first tokens.
    pub max_positions: Option<usize>,
    /// Tokens that both KV caches hold, where that is not to depend on which prompts there are.
    pub context: Option<u32>,
    /// Settings that the user chose.
    pub choices: Choices,
    /// The file of limits, where one applies.
    pub limits_file: Option<LimitsFile>,
    /// Values over it.
    pub overrides: Vec<Override>,
    /// Whether the reference is measured against itself, in `production`.
    pub floor: FloorMode,
    /// Whether both sides are also compared with a third voice, in the profiles that have one.
    pub triangulate: bool,
    /// Whether a set of few and short prompts may have a verdict.
    pub allow_small: bool,
    /// Time, memory, interruption.
    pub supervision: Supervision,
    /// Where twins are kept.
    pub cache: PathBuf,
}

/// Whether a comparison in `production` has a floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloorMode {
    /// The one that is kept, else one is measured; where that cannot be, the comparison goes on and is
    /// INCONCLUSIVE at best.
    #[default]
    Auto,
    /// As `Auto`; but where there is none, nothing is evaluated.
    Require,
    /// None.
    Off,
}

impl FloorMode {
    /// As a plan has it.
    pub fn of_plan(planned: PlannedFloor) -> Self {
        match planned {
            PlannedFloor::Auto => Self::Auto,
            PlannedFloor::Require => Self::Require,
            PlannedFloor::Off => Self::Off,
        }
    }

    /// The mode that a profile has; `asked` is the user's own word.
    pub fn of_profile(profile: Profile, asked: Option<Self>) -> Result<Self, String> {
        if asked.is_some() && profile != Profile::Production {
            return Err("bits and tight limits need none (hint: --profile production)".to_owned());
        }
        Ok(asked.unwrap_or_default())
    }
}

/// One prompt to compare on.
#[derive(Clone, Debug)]
pub struct AskedCase {
    /// The set that it is of, if it is of one.
    pub set: Option<PromptSetRecord>,
    /// Whether its set says that it has code in it.
    pub has_code: bool,
    /// The prompt and its template.
    pub prompt: AskedPrompt,
    /// How the prompt was given.
    pub words: PromptWords,
}

impl AskedCase {
    /// A prompt of no set.
    pub fn single(prompt: AskedPrompt, words: PromptWords) -> Self {
        Self {
            set: None,
            has_code: false,
            prompt,
            words,
        }
    }

    /// Each prompt of a set.
    pub fn of_set(set: &PromptSet, defaults: &PromptDefaults) -> Vec<Self> {
        let prompts = set.prompts.iter().map(|prompt| Self {
            set: Some(PromptSetRecord {
                name: set.name.clone(),
                version: set.version,
                sha256: format!("sha256:{}", set.sha256),
                prompt: prompt.name.to_string(),
            }),
            has_code: prompt.has_tag(CODE),
            prompt: prompt.asked(defaults),
            words: prompt.words(),
        });
        prompts.collect()
    }

    /// Its name in its set.
    pub fn name(&self) -> &str {
        self.set.as_ref().map_or("prompt", |set| &set.prompt)
    }
}

/// Settings that the user chose, for both engines or for one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// Threads of both.
    pub threads: Option<Threads>,
    /// Threads of the candidate.
    pub candidate_threads: Option<Threads>,
    /// Threads of the reference.
    pub reference_threads: Option<Threads>,
    /// Tokens evaluated together.
    pub micro_batch: Option<u32>,
    /// Tokens that the candidate evaluates together.
    pub candidate_micro_batch: Option<u32>,
    /// Whether the candidate computes attention in one fused pass.
    pub candidate_flash_attention: Option<bool>,
    /// Element type of the KV cache.
    pub kv: Option<KvType>,
}

impl Choices {
    /// The KV type that a profile compares with.
    pub fn kv(&self, profile: Profile) -> KvType {
        self.kv.unwrap_or(match profile {
            Profile::F32 => KvType::F32,
            Profile::Exact | Profile::Production => KvType::F16,
        })
    }

    /// Why the KV type that was chosen cannot be had in a profile.
    pub fn check_kv(&self, profile: Profile) -> Result<(), String> {
        if profile == Profile::F32 && self.kv == Some(KvType::F16) {
            return Err("the profile f32 compares with an f32 KV cache".to_owned());
        }
        Ok(())
    }

    /// The candidate's settings, its arithmetic and context apart.
    pub fn of_candidate(&self, profile: Profile) -> EngineSettings {
        EngineSettings {
            threads: self.candidate_threads.or(self.threads),
            micro_batch: self.candidate_micro_batch.or(self.micro_batch),
            flash_attention: Some(self.candidate_flash_attention.unwrap_or(false)),
            ..self.common(profile)
        }
    }

    /// The reference's settings, its context apart; its arithmetic is that of its build.
    pub fn of_reference(&self, profile: Profile) -> EngineSettings {
        EngineSettings {
            threads: self.reference_threads.or(self.threads),
            ..self.common(profile)
        }
    }

    fn common(&self, profile: Profile) -> EngineSettings {
        EngineSettings {
            micro_batch: self.micro_batch,
            kv: Some(self.kv(profile)),
            flash_attention: Some(false),
            ..EngineSettings::default()
        }
    }
}
