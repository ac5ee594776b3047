//! How one case of a run was computed: the commands of both engines, what they were told, and what they
//! saw of their environment. `script` is that for a shell; `exec` runs it.
//!
//! In: a receipt, and the environment beside it. Settings are those that the engines said they ran with.

mod exec;
mod script;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemas::environment::{EngineEnvironment, Environment};
use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::ItemId;
use schemas::receipt::{EngineRecord, Receipt, SettingsRecord};
use schemas::tag::Tag;
use schemas::tokenize::TokenizeRequest;

use super::asked::ModelFiles;
use super::environments::Environments;
use super::folder::{FolderError, RunFolder};
use super::standing::Standing;
use super::summary::planned;
use crate::engine::{EngineFault, EngineSettings, EngineSpec, Origin, Threads};
use crate::exit::Exit;
use crate::text::escape_for_terminal;
use crate::twin;

pub use exec::{Compared, exec};
pub use script::script;

/// Why a case cannot be replayed.
#[derive(Debug)]
pub enum ReplayError {
    /// The run cannot be read.
    Folder(FolderError),
    /// The case is not planned, or has nothing to replay.
    Nothing(String),
    /// An engine failed.
    Engine(Box<EngineFault>),
}

impl ReplayError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => error.exit(),
            Self::Nothing(_) => Exit::BadInput,
            Self::Engine(fault) => fault.exit(),
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::Nothing(problem) => f.write_str(&escape_for_terminal(problem)),
            Self::Engine(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<FolderError> for ReplayError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

impl From<EngineFault> for ReplayError {
    fn from(fault: EngineFault) -> Self {
        Self::Engine(Box::new(fault))
    }
}

/// One case, as it was computed.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What came of it.
    pub receipt: Receipt,
    /// Who was judged.
    pub candidate: Side,
    /// What it was judged against.
    pub reference: Side,
}

/// What one engine was asked.
#[derive(Clone, Debug)]
pub struct Side {
    /// The program, and the variables that it saw.
    pub spec: EngineSpec,
    /// The model that it made tokens for.
    pub model: PathBuf,
    /// Its tokenizer, where it is not the model's own.
    pub tokenizer: Option<PathBuf>,
    /// The text.
    pub tokenize: TokenizeRequest,
    /// What was evaluated, where anything was.
    pub evaluate: Option<Asked>,
}

/// What one engine was asked to evaluate.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The model: in `f32` the reference's is a decoded copy.
    pub model: PathBuf,
    /// The settings.
    pub settings: EngineSettings,
    /// The tokens.
    pub request: EvaluateRequest,
}

/// The case with this id. `cache` is where decoded copies of models are kept.
pub fn of(run: &RunFolder, id: &str, cache: &Path) -> Result<Replay, ReplayError> {
    let nothing = |problem: &str| ReplayError::Nothing(format!("case {id}: {problem}"));
    let cases = planned(run)?;
    let of = cases.iter().find(|of| of.id() == id);
    let of = of.ok_or_else(|| nothing("is not in the plan"))?;
    let standing = Standing::in_run(run, of);
    let chosen = standing
        .chosen
        .ok_or_else(|| nothing("has no receipt that can be believed"))?;
    let environment = Environments::open(run.root())?.of(id)?.ok_or_else(|| {
        nothing("nothing tells by which programs it was run (environment.json is not there)")
    })?;
    Ok(replay(chosen.receipt, &environment, cache))
}

/// Where the files of a model were when cases of it were run, by the first of them that tells.
pub fn model_files(run: &RunFolder, label: &str) -> Option<ModelFiles> {
    let cases = planned(run).ok()?;
    let environments = Environments::open(run.root()).ok()?;
    let mut of_it = cases.iter().filter(|of| of.model.label == label);
    of_it.find_map(|of| {
        let environment = environments.of(of.id()).ok()??;
        Some(ModelFiles {
            model: environment.model_path.into(),
            reference: environment.reference_model_path.map(Into::into),
            tokenizer: environment.tokenizer_path.map(Into::into),
        })
    })
}

fn replay(receipt: Receipt, environment: &Environment, cache: &Path) -> Replay {
    let model = PathBuf::from(&environment.model_path);
    let named = environment.reference_model_path.as_ref();
    let reference_model = named.map_or_else(|| model.clone(), PathBuf::from);
    let evaluated = match &receipt.twin {
        Some(_) => {
            let named = receipt.reference_model.as_ref().unwrap_or(&receipt.model);
            twin::path_of(&named.sha256, cache)
        }
        None => reference_model.clone(),
    };
    let engines = &receipt.engines;
    let (of_candidate, of_reference) = (&environment.candidate, &environment.reference);
    Replay {
        candidate: Side {
            tokenizer: environment.tokenizer_path.as_ref().map(PathBuf::from),
            ..side(&engines.candidate, of_candidate, [&model, &model], &receipt)
        },
        reference: side(
            &engines.reference,
            of_reference,
            [&reference_model, &evaluated],
            &receipt,
        ),
        receipt,
    }
}

fn side(
    engine: &EngineRecord,
    environment: &EngineEnvironment,
    [model, evaluated]: [&Path; 2],
    receipt: &Receipt,
) -> Side {
    let id = || ItemId::new("replay").expect("a word is an id");
    let tokens = receipt.tokens.clone();
    let asked = tokens
        .zip(engine.settings.as_ref())
        .map(|(tokens, settings)| Asked {
            model: evaluated.to_owned(),
            settings: asked_for(settings, environment.threads),
            request: EvaluateRequest {
                schema: Tag::new(),
                id: id(),
                tokens,
                positions: Positions::All,
                greedy_steps: receipt.greedy_steps,
            },
        });
    Side {
        spec: EngineSpec {
            name: engine.name.clone(),
            command: environment.command.iter().map(Into::into).collect(),
            defaults: EngineSettings::default(),
            environment: BTreeMap::clone(&environment.variables),
            origin: Origin::CommandLine,
        },
        model: model.to_owned(),
        tokenizer: None,
        tokenize: TokenizeRequest {
            schema: Tag::new(),
            id: id(),
            text: receipt.prompt.formatted.clone(),
            bos: receipt.prompt.bos,
            parse_special: receipt.prompt.parse_special,
        },
        evaluate: asked,
    }
}

/// Of threads that nobody named there are as many as there were.
fn asked_for(settings: &SettingsRecord, threads: Option<u32>) -> EngineSettings {
    let named = settings.threads.map(Threads::Named);
    EngineSettings {
        arithmetic: Some(settings.arithmetic),
        threads: named.or(threads.map(Threads::OfMachine)),
        context: Some(settings.context),
        micro_batch: Some(settings.micro_batch),
        kv: Some(settings.kv),
        flash_attention: Some(settings.flash_attention),
        repack: settings.repack,
    }
}
