//! One comparison from beginning to end; the only place where the order of things is told.
//!
//! ```text
//! model files → describe (both) → tokenize (both) → gate → agreed tokens
//!             → evaluate (candidate, then reference) → compare → judge → receipt
//! ```
//! A stage's result is what the next one needs: evaluation asks for agreed tokens, which the gate
//! alone can make. Whatever ends the way early becomes a verdict, not a crash.
//!
//! The engines evaluate one after the other: both use all cores, and side by side each would
//! only be slower and neither time would mean anything.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use schemas::describe::{Arithmetic, DescribeResponse};
use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::{Answer, ItemId};
use schemas::receipt::Profile;
use schemas::tag::Tag;
use schemas::tokenize::{Text, TokenizeRequest, Tokens};

use crate::capability;
use crate::compare::{self, CompareError, Evaluations};
use crate::engine::{
    Catalogue, Client, EngineFault, EngineSettings, EvaluatedItem, FaultKind, UnknownEngine,
};
use crate::exit::Exit;
use crate::gate::{self, AgreedTokens, Evidence};
use crate::limits::Limits;
use crate::model_file::{self, ModelFileError};
use crate::outcome::{Case, Ending, Identities, Outcome};
use crate::request::Request;
use crate::twin::{self, TwinError};

/// The name of the one item of a comparison.
const ITEM: &str = "case";
/// Contexts are asked for in steps of so many tokens, as llama.cpp rounds them.
const CONTEXT_STEP: u64 = 256;

/// Why there is not even an outcome.
#[derive(Debug)]
pub enum RunError {
    /// A model or tokenizer file is of no use.
    Model(ModelFileError),
    /// There is no such engine.
    Engine(UnknownEngine),
    /// A file could not be read to its end.
    Hash(io::Error),
}

impl RunError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Model(_) | Self::Hash(_) => Exit::BadInput,
            Self::Engine(unknown) => unknown.exit(),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(error) => error.fmt(f),
            Self::Engine(error) => error.fmt(f),
            Self::Hash(error) => write!(f, "hashing the model: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<ModelFileError> for RunError {
    fn from(error: ModelFileError) -> Self {
        Self::Model(error)
    }
}

impl From<UnknownEngine> for RunError {
    fn from(error: UnknownEngine) -> Self {
        Self::Engine(error)
    }
}

/// Compares two engines on one prompt.
pub fn per_token(request: &Request, catalogue: &Catalogue) -> Result<Outcome, RunError> {
    let started = Instant::now();
    let candidate = Client::new(
        catalogue.find(&request.candidate)?,
        request.supervision.clone(),
    );
    let reference = Client::new(
        catalogue.find(&request.reference)?,
        request.supervision.clone(),
    );
    let header = model_file::read_header(&request.model)?;
    let evidence = Evidence {
        candidate: model_file::vocabulary_facts(&header),
        reference: match &request.reference_model {
            None => model_file::vocabulary_facts(&header),
            Some(path) => model_file::vocabulary_facts(&model_file::read_header(path)?),
        },
        own_tokenizer: request.tokenizer.is_some(),
        parse_special: request.prompt.parse_special,
        template: request.prompt.template.name(),
    };
    // Large models take seconds to hash; the engines' work hides them.
    std::thread::scope(|scope| {
        let identities = scope.spawn(|| Identities::of(request));
        let run = Run {
            request,
            candidate: &candidate,
            reference: &reference,
            limits: Limits::new(request.limits_file.as_ref(), &request.overrides),
        };
        let mut case = Case::default();
        let ending = match run.stages(&mut case) {
            Ok(()) => Ending::Compared,
            Err(ending) => ending,
        };
        let identities = identities.join().expect("hashing does not panic");
        let identities = identities.map_err(RunError::Hash)?;
        Ok(Outcome::new(
            &run, case, &ending, identities, &evidence, started,
        ))
    })
}

/// Who compares what.
pub struct Run<'a> {
    /// What was asked for.
    pub request: &'a Request,
    /// Who is judged.
    pub candidate: &'a Client<'a>,
    /// What it is judged against.
    pub reference: &'a Client<'a>,
    /// What the judge goes by.
    pub limits: Limits,
}

impl Run<'_> {
    /// The stages in their order; each leaves what it found in `case`.
    fn stages(&self, case: &mut Case) -> Result<(), Ending> {
        let arithmetic = self.describe(case)?;
        let tokens = self.tokenize()?;
        let tokens = match self.request.max_positions {
            Some(n) => tokens.cut(n),
            None => tokens,
        };
        case.tokens = Some(tokens.clone());
        if tokens.ids().is_empty() {
            return Err(Ending::Nothing("the prompt has no tokens".to_owned()));
        }
        let context = self.context(case, &tokens)?;
        let reference_model = self.reference_model()?;
        let evaluations = Evaluations {
            candidate: evaluate(
                self.candidate,
                &self.request.model,
                &EngineSettings {
                    arithmetic: Some(arithmetic),
                    context: Some(context),
                    ..self.request.choices.of_candidate(self.request.profile)
                },
                &tokens,
                self.request.greedy_steps,
            )?,
            reference: evaluate(
                self.reference,
                &reference_model,
                &EngineSettings {
                    context: Some(context),
                    ..self.request.choices.of_reference(self.request.profile)
                },
                &tokens,
                self.request.greedy_steps,
            )?,
        };
        let rows = compare::compare(&tokens, &evaluations, self.request.profile, &self.limits);
        case.evaluations = Some(evaluations);
        match rows {
            Ok(rows) => {
                case.rows = Some(rows);
                Ok(())
            }
            Err(CompareError::Engine(fault)) => Err(Ending::Failed(fault)),
            Err(CompareError::Columns {
                candidate,
                reference,
            }) => Err(Ending::Shapes(format!(
                "the candidate's rows have {candidate} logits, the reference's {reference}"
            ))),
            Err(CompareError::Greedy {
                is_candidate,
                step,
                said,
                chosen,
            }) => Err(Ending::Inconsistent(format!(
                "{} says that it chose token {said} at greedy step {step}, its own row of logits \
                 chooses {chosen}",
                if is_candidate {
                    "the candidate"
                } else {
                    "the reference"
                }
            ))),
        }
    }

    /// Asks both engines who they are and whether they can do this; gives the arithmetic that the
    /// candidate is to use.
    fn describe(&self, case: &mut Case) -> Result<Arithmetic, Ending> {
        let request = self.request;
        let reference_model = request.reference_model.as_ref().unwrap_or(&request.model);
        let candidate = case
            .candidate
            .insert(self.candidate.describe(Some(&request.model))?);
        capability::check_can_run(&request.candidate, candidate)?;
        let arithmetic =
            capability::candidate_arithmetic(&request.candidate, request.profile, candidate)?;
        let reference = case
            .reference
            .insert(self.reference.describe(Some(reference_model))?);
        capability::check_can_run(&request.reference, reference)?;
        capability::check_reference(&request.reference, request.profile, reference)?;
        Ok(arithmetic)
    }

    fn tokenize(&self) -> Result<AgreedTokens, Ending> {
        let request = self.request;
        let reference_model = request.reference_model.as_ref().unwrap_or(&request.model);
        let candidate = tokens(
            self.candidate,
            &request.model,
            request.tokenizer.as_deref(),
            request,
        )?;
        let reference = tokens(self.reference, reference_model, None, request)?;
        gate::check(candidate, reference).map_err(Ending::Mismatch)
    }

    /// The context to ask for, which both models must be made for.
    fn context(&self, case: &Case, tokens: &AgreedTokens) -> Result<u32, Ending> {
        let steps = u64::from(self.request.greedy_steps.saturating_sub(1));
        let needed = tokens.ids().len() as u64 + steps;
        let own = |description: &Option<DescribeResponse>| {
            let model = description.as_ref()?.model.as_ref()?;
            Some(u64::from(model.context)).filter(|&context| context > 0)
        };
        let own = own(&case.candidate)
            .into_iter()
            .chain(own(&case.reference))
            .min();
        let own = own.unwrap_or(u64::from(u32::MAX));
        if needed > own {
            return Err(Ending::Refused(format!(
                "{} tokens and {} greedy steps need a context of {needed}, the model was made for {own} \
                 (hint: --max-positions compares the first tokens alone)",
                tokens.ids().len(),
                self.request.greedy_steps
            )));
        }
        Ok(needed.next_multiple_of(CONTEXT_STEP).min(own) as u32)
    }

    /// The file that the reference evaluates: in `f32` the decoded twin.
    fn reference_model(&self) -> Result<PathBuf, Ending> {
        let request = self.request;
        if let Some(model) = &request.reference_model {
            return Ok(model.clone());
        }
        if request.profile != Profile::F32 {
            return Ok(request.model.clone());
        }
        let internal = |path: &Path, error: io::Error| {
            Ending::Internal(format!("{}: {error}", path.display()))
        };
        let identity = model_file::identity(&request.model)
            .map_err(|error| internal(&request.model, error))?;
        let twin = twin::of(
            self.candidate,
            &request.model,
            &identity.sha256,
            &request.cache,
        );
        twin.map_err(|error| match error {
            TwinError::Engine(fault) => Ending::Failed(fault),
            TwinError::Cache(path, error) => internal(&path, error),
        })
    }
}

impl From<EngineFault> for Ending {
    fn from(fault: EngineFault) -> Self {
        Self::Failed(fault)
    }
}

fn item() -> ItemId {
    ItemId::new(ITEM).expect("the constant is an id")
}

fn tokens(
    client: &Client<'_>,
    model: &Path,
    tokenizer: Option<&Path>,
    request: &Request,
) -> Result<Tokens, Ending> {
    let asked = TokenizeRequest {
        schema: Tag::new(),
        id: item(),
        text: Text::from_bytes(request.prompt.text.clone()),
        bos: request.prompt.bos,
        parse_special: request.prompt.parse_special,
    };
    let answers = client.tokenize(model, tokenizer, std::slice::from_ref(&asked))?;
    match answers.into_iter().next() {
        Some(Answer::Success(tokens)) => Ok(tokens),
        Some(Answer::Failure(failure)) => Err(declined(client, failure.id, failure.error)),
        None => unreachable!("tokenize gives an answer for each request"),
    }
}

fn declined(client: &Client<'_>, id: ItemId, error: String) -> Ending {
    Ending::Failed(EngineFault {
        engine: client.spec().name.clone(),
        command: client.spec().command.clone(),
        kind: Box::new(FaultKind::Declined { id, error }),
        stderr: Vec::new(),
    })
}

fn evaluate(
    client: &Client<'_>,
    model: &Path,
    settings: &EngineSettings,
    tokens: &AgreedTokens,
    greedy_steps: u32,
) -> Result<EvaluatedItem, EngineFault> {
    let mut evaluation = client.start_evaluation(model, settings)?;
    evaluation.submit(&EvaluateRequest {
        schema: Tag::new(),
        id: item(),
        tokens: tokens.ids().to_vec(),
        positions: Positions::All,
        greedy_steps,
    })?;
    let item = evaluation.next()?;
    evaluation.finish()?;
    Ok(item)
}
