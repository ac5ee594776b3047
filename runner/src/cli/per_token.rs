//! The flags of `lockstep per-token`, and the checks that turn them into a request.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemas::describe::KvType;
use schemas::limits::{LimitedMetric, LimitsFile};
use schemas::number::Finite;
use schemas::receipt::Profile;
use schemas::tokenize::Bos;

use super::{Format, SupervisionFlags};
use crate::engine::Supervision;
use crate::engine::catalogue::{DEFAULT_CANDIDATE, REFERENCE_BUILDS};
use crate::exit::Exit;
use crate::gate::PromptWords;
use crate::limits::{self, Limits, Override, metric_name};
use crate::prompt::{FormattedPrompt, Template};
use crate::report::text::Detail;
use crate::request::{Choices, Request};

/// The flags.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The model (GGUF)
    #[arg(long)]
    model: PathBuf,
    /// Another model file for the reference
    #[arg(long, value_name = "MODEL")]
    reference_model: Option<PathBuf>,
    /// A tokenizer.json for the candidate alone
    #[arg(long)]
    tokenizer: Option<PathBuf>,
    /// The prompt
    #[arg(
        long,
        required_unless_present = "prompt_file",
        conflicts_with = "prompt_file"
    )]
    prompt: Option<String>,
    /// A file with the prompt, or - for standard input
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<PathBuf>,
    /// What is put around the prompt: raw, instruct, llama3-chat, bitnet-chat
    #[arg(long, default_value = "raw", value_name = "TEMPLATE", value_parser = Template::from_name)]
    prompt_template: Template,
    /// A system prompt, for templates that have a place for one
    #[arg(long, value_name = "TEXT")]
    system_prompt: Option<String>,
    /// Begin with the BOS token, whatever the file and the template say
    #[arg(long, conflicts_with = "no_bos")]
    add_bos: bool,
    /// Add no BOS token, whatever the file and the template say
    #[arg(long)]
    no_bos: bool,
    /// Greedy steps compared after the prompt
    #[arg(long, default_value_t = 4, value_name = "N")]
    max_tokens: u32,
    /// Evaluate and compare only the first N positions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_positions: Option<u32>,
    /// What is compared with what
    #[arg(long, value_enum, default_value = "exact")]
    profile: ProfileFlag,
    /// Who is judged
    #[arg(long, default_value = DEFAULT_CANDIDATE, value_name = "ENGINE")]
    candidate: String,
    /// What it is judged against (default: llama-scalar; llama-native in profile production)
    #[arg(long, alias = "cpp-backend", value_name = "ENGINE")]
    reference: Option<String>,
    /// Smallest cosine that passes
    #[arg(
        long,
        alias = "cos-similarity-threshold",
        value_name = "X",
        help_heading = "Limits"
    )]
    cos_tol: Option<f64>,
    /// Largest mean squared difference that passes
    #[arg(long, value_name = "X", help_heading = "Limits")]
    mse_tol: Option<f64>,
    /// Largest mean squared difference over the reference's mean square that passes
    #[arg(long, value_name = "X", help_heading = "Limits")]
    nmse_tol: Option<f64>,
    /// Largest difference that passes
    #[arg(long, value_name = "X", help_heading = "Limits")]
    max_abs_tol: Option<f64>,
    /// Largest KL divergence that passes, in nats
    #[arg(long, value_name = "X", help_heading = "Limits")]
    kl_tol: Option<f64>,
    /// Smallest share of the five most likely tokens that passes
    #[arg(long, value_name = "X", help_heading = "Limits")]
    top5_tol: Option<f64>,
    /// A file of limits in place of the shipped one
    #[arg(long, value_name = "FILE", help_heading = "Limits")]
    limits: Option<PathBuf>,
    /// Threads of both engines
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Threads of the candidate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    candidate_threads: Option<u32>,
    /// Threads of the reference
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    reference_threads: Option<u32>,
    /// Tokens evaluated together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    micro_batch: Option<u32>,
    /// Element type of the KV cache (default: f16; f32 in profile f32)
    #[arg(long, value_enum)]
    kv: Option<Kv>,
    /// Where to compute: cpu
    #[arg(long, default_value = "cpu", value_parser = only_cpu)]
    device: String,
    /// Refused: nothing is sampled
    #[arg(long, hide = true, value_parser = no_seed)]
    seed: Option<String>,
    /// Print the candidate's token ids
    #[arg(long)]
    dump_ids: bool,
    /// Print the reference's token ids
    #[arg(long)]
    dump_cpp_ids: bool,
    /// Store all logits in the folder of --out, not only those of positions that diverged
    #[arg(long, requires = "out")]
    keep_logits: bool,
    /// A folder for the receipt, its environment and the tokens
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How the outcome is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// More for people: engines, all metrics, times
    #[arg(long, conflicts_with = "quiet")]
    verbose: bool,
    /// The verdict alone
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    supervision: SupervisionFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileFlag {
    /// Arithmetic exact against the scalar build: equal bits
    Exact,
    /// Decoded weights on both sides: tight limits
    F32,
    /// As shipped against a stock build: measured
    Production,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kv {
    F16,
    F32,
}

fn only_cpu(word: &str) -> Result<String, String> {
    match word {
        "cpu" => Ok(word.to_owned()),
        _ => Err(
            "only cpu is there: the references are CPU builds, and a GPU's sums have an \
                  order of their own"
                .to_owned(),
        ),
    }
}

fn no_seed(_: &str) -> Result<String, String> {
    Err(
        "nothing is sampled: greedy steps take the most likely token, so a seed would change \
         nothing"
            .to_owned(),
    )
}

/// How the outcome is to be shown and stored.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// Text or JSON.
    pub format: Format,
    /// How much of it.
    pub detail: Detail,
    /// Print the candidate's ids.
    pub dump_ids: bool,
    /// Print the reference's ids.
    pub dump_cpp_ids: bool,
    /// The folder for artifacts.
    pub out: Option<PathBuf>,
    /// Keep all logits there.
    pub keep_logits: bool,
}

/// Why flags make no request.
#[derive(Debug)]
pub enum FlagError {
    /// They contradict each other.
    Usage(String),
    /// A file that they name is of no use.
    BadInput(String),
}

impl FlagError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::BadInput(_) => Exit::BadInput,
        }
    }
}

impl fmt::Display for FlagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) | Self::BadInput(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for FlagError {}

impl Flags {
    /// The flags as values.
    pub fn check(
        self,
        supervision: Supervision,
        cache: PathBuf,
    ) -> Result<(Request, Presentation), FlagError> {
        let profile = match self.profile {
            ProfileFlag::Exact => Profile::Exact,
            ProfileFlag::F32 => Profile::F32,
            ProfileFlag::Production => Profile::Production,
        };
        let overrides = self.overrides(profile)?;
        if self.prompt_template == Template::Raw && self.system_prompt.is_some() {
            return Err(FlagError::Usage(
                "--system-prompt: the template raw has no place for it".to_owned(),
            ));
        }
        if profile == Profile::F32 && self.kv == Some(Kv::F16) {
            return Err(FlagError::Usage(
                "--kv f16: the profile f32 compares with an f32 KV cache".to_owned(),
            ));
        }
        let limits_file = self.limits_file(profile)?;
        let (user, prompt_words) = self.prompt()?;
        let bos = match (self.add_bos, self.no_bos) {
            (true, _) => Some(Bos::Yes),
            (_, true) => Some(Bos::No),
            _ => None,
        };
        let presentation = Presentation {
            format: self.format,
            detail: match (self.verbose, self.quiet) {
                (true, _) => Detail::Verbose,
                (_, true) => Detail::Quiet,
                _ => Detail::Normal,
            },
            dump_ids: self.dump_ids,
            dump_cpp_ids: self.dump_cpp_ids,
            out: self.out,
            keep_logits: self.keep_logits,
        };
        let default_reference = match profile {
            Profile::Exact | Profile::F32 => REFERENCE_BUILDS[0],
            Profile::Production => REFERENCE_BUILDS[1],
        };
        let request = Request {
            prompt: FormattedPrompt::new(self.prompt_template, self.system_prompt, user, bos),
            prompt_words,
            model: self.model,
            reference_model: self.reference_model,
            tokenizer: self.tokenizer,
            profile,
            candidate: self.candidate,
            reference: self
                .reference
                .unwrap_or_else(|| default_reference.to_owned()),
            greedy_steps: self.max_tokens,
            max_positions: self.max_positions.map(|n| n as usize),
            choices: Choices {
                threads: self.threads,
                candidate_threads: self.candidate_threads,
                reference_threads: self.reference_threads,
                micro_batch: self.micro_batch,
                kv: self.kv.map(|kv| match kv {
                    Kv::F16 => KvType::F16,
                    Kv::F32 => KvType::F32,
                }),
            },
            limits_file,
            overrides,
            supervision,
            cache,
        };
        Ok((request, presentation))
    }

    /// The supervision's own flags.
    pub fn supervision(&self) -> &SupervisionFlags {
        &self.supervision
    }

    fn overrides(&self, profile: Profile) -> Result<Vec<Override>, FlagError> {
        let given = [
            (LimitedMetric::Cosine, self.cos_tol),
            (LimitedMetric::Mse, self.mse_tol),
            (LimitedMetric::Nmse, self.nmse_tol),
            (LimitedMetric::MaxAbs, self.max_abs_tol),
            (LimitedMetric::Kl, self.kl_tol),
            (LimitedMetric::Top5Overlap, self.top5_tol),
        ];
        let mut overrides = Vec::new();
        for (metric, value) in given {
            let Some(value) = value else {
                continue;
            };
            let name = metric_name(metric);
            if profile == Profile::Exact {
                return Err(FlagError::Usage(format!(
                    "a limit of {name} in profile exact: there bits are compared, and nothing less \
                     is parity (hint: --profile f32 has limits)"
                )));
            }
            let value = Finite::new(value).ok_or_else(|| {
                FlagError::Usage(format!("a limit of {name} must be a finite number"))
            })?;
            overrides.push((metric, value));
        }
        Ok(overrides)
    }

    fn limits_file(&self, profile: Profile) -> Result<Option<LimitsFile>, FlagError> {
        let Some(path) = &self.limits else {
            return Ok(Limits::default_file(profile));
        };
        if profile == Profile::Exact {
            return Err(FlagError::Usage(
                "--limits in profile exact: there bits are compared".to_owned(),
            ));
        }
        let bad = |problem: String| FlagError::BadInput(format!("{}: {problem}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let file = limits::read(&text).map_err(|error| bad(error.to_string()))?;
        Ok(Some(file))
    }

    /// The prompt's bytes, and how the user would give it again.
    fn prompt(&self) -> Result<(Vec<u8>, PromptWords), FlagError> {
        if let Some(prompt) = &self.prompt {
            return Ok((
                prompt.clone().into_bytes(),
                PromptWords::Text(prompt.clone()),
            ));
        }
        let path = self.prompt_file.clone().unwrap_or_default();
        let read = || -> io::Result<Vec<u8>> {
            if path.as_os_str() == "-" {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes)?;
                return Ok(bytes);
            }
            fs::read(&path)
        };
        let bytes = read().map_err(|error| {
            FlagError::BadInput(format!("prompt file {}: {error}", path.display()))
        })?;
        // A text can be shown in a command; what is not UTF-8 has to stay a file.
        let words = match String::from_utf8(bytes.clone()) {
            Ok(text) if !text.contains('\0') => PromptWords::Text(text),
            _ => PromptWords::File(path.display().to_string()),
        };
        Ok((bytes, words))
    }
}
