//! What came of a comparison, and its record.

use std::io;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use schemas::describe::DescribeResponse;
use schemas::environment::{EngineEnvironment, Environment};
use schemas::number::Finite;
use schemas::receipt::{EngineRecord, Engines, FileIdentity, PromptRecord, Receipt, Verdict};
use schemas::row::Metrics;
use schemas::tag::Tag;
use schemas::tokenize::Text;

use crate::compare::{Evaluations, Rows};
use crate::engine::{Client, EngineFault, EvaluatedItem, FaultKind};
use crate::exit::Exit;
use crate::gate::{self, AgreedTokens, Evidence, Mismatch, Rerun};
use crate::judge;
use crate::model_file;
use crate::reason;
use crate::request::Request;
use crate::run::Run;
use crate::text::quote_for_sh;

/// How the stages ended.
#[derive(Debug)]
pub enum Ending {
    /// All of them were gone through.
    Compared,
    /// The tokens differ.
    Mismatch(Box<Mismatch>),
    /// An engine cannot do this.
    Refused(String),
    /// There is nothing to compare.
    Nothing(String),
    /// The rows have different lengths.
    Shapes(String),
    /// An engine contradicts itself.
    Inconsistent(String),
    /// An engine failed.
    Failed(EngineFault),
    /// The runner failed.
    Internal(String),
}

/// What the stages leave behind.
#[derive(Default)]
pub struct Case {
    /// Who the candidate says it is.
    pub candidate: Option<DescribeResponse>,
    /// Who the reference says it is.
    pub reference: Option<DescribeResponse>,
    /// The agreed tokens that are evaluated.
    pub tokens: Option<AgreedTokens>,
    /// In `f32`: the decoded model that the reference evaluates.
    pub twin: Option<FileIdentity>,
    /// The engines' answers.
    pub evaluations: Option<Evaluations>,
    /// The judged rows.
    pub rows: Option<Rows>,
}

/// The files of a comparison by their contents.
pub struct Identities {
    model: FileIdentity,
    reference_model: Option<FileIdentity>,
    tokenizer: Option<FileIdentity>,
}

impl Identities {
    /// Hashes all files.
    pub fn of(request: &Request) -> io::Result<Self> {
        let identity = |path: &Option<std::path::PathBuf>| {
            path.as_deref().map(model_file::identity).transpose()
        };
        Ok(Self {
            model: model_file::identity(&request.model)?,
            reference_model: identity(&request.reference_model)?,
            tokenizer: identity(&request.tokenizer)?,
        })
    }
}

/// What came of a comparison.
pub struct Outcome {
    /// The exit code.
    pub exit: Exit,
    /// The record, its environment included.
    pub receipt: Receipt,
    /// On a token mismatch: the message for people.
    pub mismatch: Option<String>,
    /// On an engine's failure: all that is known of it, for people.
    pub fault: Option<String>,
    /// The user stopped it: nothing is stored.
    pub interrupted: bool,
    /// The files of logits, to be kept or dropped.
    pub evaluations: Option<Evaluations>,
}

impl Outcome {
    /// Puts the record together.
    pub fn new(
        run: &Run<'_>,
        case: Case,
        ending: &Ending,
        identities: Identities,
        evidence: &Evidence,
        started: Instant,
    ) -> Self {
        let (verdict, failure_exit) = verdict(ending, case.rows.as_ref());
        let exit = match ending {
            Ending::Internal(_) => Exit::Internal,
            _ => judge::exit(verdict, failure_exit),
        };
        let interrupted = matches!(
            ending,
            Ending::Failed(fault) if matches!(*fault.kind, FaultKind::Interrupted)
        );
        let mut receipt = receipt(run, &case, identities, verdict, exit);
        receipt.reason = reason::of(ending, case.rows.as_ref(), verdict, run.request.profile);
        if exit == Exit::Parity && run.candidate.spec().command == run.reference.spec().command {
            receipt.reason.push_str(reason::SAME_PROGRAM);
        }
        receipt.environment = Some(environment(run, &case, started));
        let fault = match ending {
            Ending::Failed(fault) => Some(fault.to_string()),
            _ => None,
        };
        let mut mismatch_text = None;
        if let Ending::Mismatch(mismatch) = ending {
            let suggestions =
                |model: &str| gate::suggestions(mismatch, evidence, &quote_for_sh(model));
            mismatch_text = Some(gate::mismatch_text(
                mismatch,
                &suggestions(&run.request.model.to_string_lossy()),
                &rerun(run.request),
            ));
            // The receipt is the same wherever the model lies.
            let suggestions = suggestions(&receipt.model.label);
            add_mismatch(&mut receipt, mismatch, suggestions);
        } else if exit != Exit::Parity && case.rows.is_none() {
            receipt.error = Some(receipt.reason.clone());
        }
        Self {
            exit,
            receipt,
            mismatch: mismatch_text,
            fault,
            interrupted,
            evaluations: case.evaluations,
        }
    }
}

impl Outcome {
    /// The verdict stands and is shown, but whoever relies on the stored files must notice.
    pub fn was_not_stored(&mut self, problem: &str) {
        self.exit = Exit::Internal;
        self.receipt.exit = self.exit.record();
        self.receipt.error = Some(problem.to_owned());
        let fault = self.fault.iter().map(String::as_str).chain([problem]);
        self.fault = Some(fault.collect::<Vec<_>>().join("\nlockstep: "));
    }
}

fn verdict(ending: &Ending, rows: Option<&Rows>) -> (Verdict, Option<Exit>) {
    match ending {
        Ending::Compared => (rows.map_or(Verdict::Inconclusive, Rows::verdict), None),
        Ending::Mismatch(_) => (Verdict::TokenMismatch, None),
        Ending::Refused(_) => (Verdict::Refused, None),
        Ending::Shapes(_) => (Verdict::Diverged, None),
        Ending::Inconsistent(_) => (Verdict::EngineFailed, Some(Exit::BadInput)),
        Ending::Failed(fault) => (Verdict::EngineFailed, Some(fault.exit())),
        Ending::Nothing(_) | Ending::Internal(_) => (Verdict::Inconclusive, None),
    }
}

/// All that does not depend on how it ended.
fn receipt(
    run: &Run<'_>,
    case: &Case,
    identities: Identities,
    verdict: Verdict,
    exit: Exit,
) -> Receipt {
    let request = run.request;
    let rows = case.rows.as_ref();
    let positions = rows.map_or(Vec::new(), |rows| rows.positions.clone());
    let metrics = || {
        positions
            .iter()
            .map(|position| position.row.metrics.as_ref())
    };
    let of = |value: fn(&Metrics) -> Option<Finite>| {
        metrics().map(|metrics| metrics.and_then(value)).collect()
    };
    let ids = case.tokens.as_ref().map(|tokens| tokens.ids().to_vec());
    let answers = case.evaluations.as_ref();
    Receipt {
        schema: Tag::new(),
        verdict,
        exit: exit.record(),
        status: judge::status(verdict),
        reason: String::new(),
        profile: request.profile,
        model: identities.model,
        reference_model: identities.reference_model,
        twin: case.twin.clone(),
        tokenizer: identities.tokenizer,
        prompt: PromptRecord {
            text: Text::from_bytes(request.prompt.user.clone()),
            system: request.prompt.system.clone(),
            template: request.prompt.template.name().to_owned(),
            formatted: Text::from_bytes(request.prompt.text.clone()),
            bos: request.prompt.bos,
            parse_special: request.prompt.parse_special,
        },
        engines: Engines {
            candidate: engine_record(
                &request.candidate,
                case.candidate.as_ref(),
                answers.map(|answers| &answers.candidate),
            ),
            reference: engine_record(
                &request.reference,
                case.reference.as_ref(),
                answers.map(|answers| &answers.reference),
            ),
        },
        prompt_tokens: case
            .tokens
            .as_ref()
            .filter(|tokens| tokens.prompt_tokens() != tokens.ids().len())
            .map(|tokens| tokens.prompt_tokens() as u64),
        tokens: ids,
        limits: run.limits.applied().to_vec(),
        first_divergence_token: rows.and_then(Rows::first_divergence),
        per_token_cosine_sim: of(|metrics| metrics.cosine),
        per_token_l2_dist: of(|metrics| Some(metrics.l2)),
        max_absolute_diff: largest(metrics().flatten().map(|metrics| metrics.max_abs)),
        positions,
        greedy: rows.map(|rows| rows.greedy.clone()),
        threshold: run.limits.smallest_cosine(),
        error: None,
        rust_tokens: None,
        cpp_tokens: None,
        first_diff_idx: None,
        suggestions: None,
        environment: None,
    }
}

fn largest(values: impl Iterator<Item = Finite>) -> Option<Finite> {
    values.max_by(|a, b| a.get().total_cmp(&b.get()))
}

fn add_mismatch(receipt: &mut Receipt, mismatch: &Mismatch, suggestions: Vec<String>) {
    receipt.error = Some("Token Sequence Mismatch".to_owned());
    receipt.rust_tokens = Some(mismatch.candidate.ids.clone());
    receipt.cpp_tokens = Some(mismatch.reference.ids.clone());
    receipt.first_diff_idx = Some(mismatch.first_difference as u64);
    receipt.suggestions = Some(suggestions);
}

fn engine_record(
    name: &str,
    description: Option<&DescribeResponse>,
    answer: Option<&EvaluatedItem>,
) -> EngineRecord {
    EngineRecord {
        name: name.to_owned(),
        version: description.map(|description| description.version.clone()),
        build: description.map(|description| description.build.clone()),
        kernels: description.map(|description| description.kernels.clone()),
        settings: answer.map(|answer| answer.response.settings.clone()),
    }
}

fn environment(run: &Run<'_>, case: &Case, started: Instant) -> Environment {
    let wall = started.elapsed();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let answers = case.evaluations.as_ref();
    Environment {
        schema: Tag::new(),
        lockstep_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        started_unix_s: now.saturating_sub(wall).as_secs(),
        wall_ns: wall.as_nanos() as u64,
        model_path: run.request.model.display().to_string(),
        reference_model_path: run
            .request
            .reference_model
            .as_ref()
            .map(|path| path.display().to_string()),
        candidate: engine_environment(&run.candidate, answers.map(|answers| &answers.candidate)),
        reference: engine_environment(&run.reference, answers.map(|answers| &answers.reference)),
    }
}

fn engine_environment(client: &Client<'_>, answer: Option<&EvaluatedItem>) -> EngineEnvironment {
    let executable = client.spec().executable();
    let identity = executable.and_then(|path| model_file::identity(&path).ok());
    EngineEnvironment {
        command: client.spec().command.clone(),
        binary_sha256: identity.map(|identity| identity.sha256),
        variables: client.recorded_environment(),
        prefill_ns: answer.map(|answer| answer.response.prefill_ns),
        decode_ns: answer.map(|answer| answer.response.decode_ns),
    }
}

/// The same comparison as a command, without the prompt and its template.
fn rerun(request: &Request) -> Rerun {
    let mut arguments = vec!["--model".to_owned(), request.model.display().to_string()];
    let mut add = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            arguments.extend([flag.to_owned(), value]);
        }
    };
    let path =
        |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    add("--reference-model", path(&request.reference_model));
    add("--tokenizer", path(&request.tokenizer));
    add("--candidate", Some(request.candidate.clone()));
    add("--reference", Some(request.reference.clone()));
    Rerun {
        arguments,
        prompt: request.prompt_words.clone(),
    }
}
