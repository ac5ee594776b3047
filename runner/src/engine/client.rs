//! One engine under supervision: what it says of itself, how it tokenizes, and the start of an
//! evaluation.
//!
//! Each call starts a process of its own with a private folder, and none outlives its result.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use schemas::describe::DescribeResponse;
use schemas::evaluate::Evaluated;
use schemas::faults::FaultList;
use schemas::line::{self, MessageError};
use schemas::tokenize::{TokenizeRequest, TokenizeResponse};

use super::environment;
use super::evaluation::{EvaluatedItem, Evaluation};
use super::fault::{EngineFault, FaultKind, Wait};
use super::identity::Identity;
use super::logits::LogitsFile;
use super::npy::LogitsProblem;
use super::scratch::Scratch;
use super::session::Session;
use super::spec::{EngineSettings, EngineSpec, shown};
use super::supervision::Supervision;
use super::tokenization::Tokenization;
use crate::text::path_argument;

/// Descriptions are small.
const SMALL_LINE_BYTES: usize = 1 << 20;
/// So are the answers of an evaluation, whose numbers are in files, but for the ids of the greedy
/// steps: a million of ten digits and a comma fit.
const EVALUATE_LINE_BYTES: usize = 16 << 20;
/// Answers of `tokenize` repeat their text in pieces, at worst as a list of numbers.
const TOKENIZE_LINE_BYTES: usize = 64 << 20;

/// One engine under supervision.
#[derive(Clone, Debug)]
pub struct Client<'a> {
    spec: &'a EngineSpec,
    supervision: Supervision,
}

impl<'a> Client<'a> {
    /// Starts nothing yet.
    pub fn new(spec: &'a EngineSpec, supervision: Supervision) -> Self {
        Self { spec, supervision }
    }

    /// The engine as configured.
    pub fn spec(&self) -> &'a EngineSpec {
        self.spec
    }

    /// What is set when the user stops it, for work on its files.
    pub(crate) fn stop(&self) -> &AtomicBool {
        self.supervision.interrupt.flag()
    }

    /// The user stopped it while none of its processes was waited for.
    pub(crate) fn interrupted(&self) -> EngineFault {
        self.identity(&[]).fault(FaultKind::Interrupted)
    }

    /// The environment variables that every process of this engine gets, but for the private
    /// temporary folder, which is another each time. They name paths of this machine, so they
    /// belong where paths belong; what was set on purpose is in the spec.
    pub fn recorded_environment(&self) -> BTreeMap<String, String> {
        environment::visible(self.spec, std::env::vars_os())
            .into_iter()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            })
            .collect()
    }

    /// What the engine says of itself and, if one is named, of a model.
    pub fn describe(&self, model: Option<&Path>) -> Result<DescribeResponse, EngineFault> {
        let mut arguments = vec!["describe".into()];
        if let Some(model) = model {
            arguments.extend(["--model".into(), path_argument(model).into()]);
        }
        let (mut session, _scratch) = self.start(arguments, SMALL_LINE_BYTES)?;
        session.close_requests();
        let text = session.answer(0, &Wait::Description)?;
        let description = read_description(&text, model.is_some())
            .map_err(|error| session.fault(FaultKind::BadAnswer(error)))?;
        // That may be otherwise the next time; what the engine cannot run will not be.
        let reason = description.reason.as_deref().unwrap_or_default();
        if session.identity.lacks_memory(reason) {
            return Err(session.fault(session.identity.out_of_memory()));
        }
        session.finish()?;
        Ok(description)
    }

    /// The mistakes that it can make on purpose; only a build for that purpose answers.
    pub fn faults(&self) -> Result<FaultList, EngineFault> {
        let (mut session, _scratch) = self.start(vec!["faults".into()], SMALL_LINE_BYTES)?;
        session.close_requests();
        let text = session.answer(0, &Wait::Description)?;
        let list = line::read(&text).map_err(|error| session.fault(FaultKind::BadAnswer(error)))?;
        session.finish()?;
        Ok(list)
    }

    /// The tokens of each text, as [`Tokenization::ask`] tells them.
    pub fn tokenize(
        &self,
        model: &Path,
        tokenizer: Option<&Path>,
        requests: &[TokenizeRequest],
    ) -> Result<Vec<TokenizeResponse>, EngineFault> {
        self.start_tokenization(model, tokenizer)?
            .ask_last(requests)
    }

    /// Loads the vocabulary and waits for texts.
    pub fn start_tokenization(
        &self,
        model: &Path,
        tokenizer: Option<&Path>,
    ) -> Result<Tokenization, EngineFault> {
        let model = path_argument(model).into();
        let mut arguments = vec!["tokenize".into(), "--model".into(), model];
        if let Some(tokenizer) = tokenizer {
            arguments.extend(["--tokenizer".into(), path_argument(tokenizer).into()]);
        }
        let (session, scratch) = self.start(arguments, TOKENIZE_LINE_BYTES)?;
        Ok(Tokenization::new(session, scratch))
    }

    /// Runs a sub-command of the engine's own, within the time limit: it asks nothing, says nothing
    /// on standard output, and ends with success.
    pub fn run(&self, arguments: Vec<OsString>) -> Result<(), EngineFault> {
        let (mut session, _scratch) = self.start(arguments, SMALL_LINE_BYTES)?;
        session.close_requests();
        session.finish()
    }

    /// Loads the model and waits for items. `settings` go before the configured ones.
    pub fn start_evaluation(
        &self,
        model: &Path,
        settings: &EngineSettings,
    ) -> Result<Evaluation, EngineFault> {
        let asked = settings.or(&self.spec.defaults);
        let scratch = self.scratch()?;
        let mut arguments: Vec<OsString> = vec![
            "evaluate".into(),
            "--model".into(),
            path_argument(model).into(),
            "--out".into(),
        ];
        arguments.push(scratch.out().into());
        arguments.extend(asked.flags());
        let session = self.start_in(&scratch, arguments, EVALUATE_LINE_BYTES)?;
        Ok(Evaluation::new(session, scratch, asked))
    }

    /// An answer of another time, with the files that were kept of it.
    pub fn kept_item(
        &self,
        response: Evaluated,
        logits: File,
        greedy: File,
    ) -> Result<EvaluatedItem, LogitsProblem> {
        let identity = self.identity(&[]);
        let [_, columns] = response.shape;
        let steps = [response.greedy_ids.len() as u64, columns];
        let kept =
            |file, name: &str, shape| LogitsFile::of_kept(file, name.to_owned(), shape, &identity);
        Ok(EvaluatedItem {
            logits: kept(logits, &response.logits, response.shape)?,
            greedy: kept(greedy, &response.greedy_logits, steps)?,
            response,
        })
    }

    /// The folder lives as long as its second half is held.
    fn start(
        &self,
        arguments: Vec<OsString>,
        line_limit_bytes: usize,
    ) -> Result<(Session, Arc<Scratch>), EngineFault> {
        let scratch = self.scratch()?;
        let session = self.start_in(&scratch, arguments, line_limit_bytes)?;
        Ok((session, scratch))
    }

    fn start_in(
        &self,
        scratch: &Scratch,
        arguments: Vec<OsString>,
        line_limit_bytes: usize,
    ) -> Result<Session, EngineFault> {
        let mut command = self.spec.command.clone();
        command.extend(arguments);
        let environment = environment::complete(self.spec, &scratch.temporary());
        let identity = self.identity(&command);
        Session::start(
            &command,
            &environment,
            line_limit_bytes,
            &self.supervision,
            identity,
        )
    }

    fn scratch(&self) -> Result<Arc<Scratch>, EngineFault> {
        let parent = self.supervision.scratch.as_deref();
        let scratch = Scratch::new(parent).map_err(|error| {
            let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
            self.identity(&[]).fault(FaultKind::NoFolder {
                parent: parent.to_string_lossy().into_owned(),
                problem: error.kind(),
            })
        })?;
        Ok(Arc::new(scratch))
    }

    fn identity(&self, command: &[OsString]) -> Identity {
        Identity {
            engine: self.spec.name.clone(),
            command: shown(command),
            tail: None,
            memory_bytes: self.supervision.memory_bytes,
        }
    }
}

/// The type leaves the last three fields open; whether they are due depends on the question.
fn read_description(text: &str, with_model: bool) -> Result<DescribeResponse, MessageError> {
    let description: DescribeResponse = line::read(text)?;
    let problem = |path: &str, problem: &str| MessageError {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    if description.model.is_some() != with_model {
        return Err(problem("model", "expected exactly when a model was named"));
    }
    if description.can_run.is_some() != with_model {
        return Err(problem(
            "can_run",
            "expected exactly when a model was named",
        ));
    }
    if description.reason.is_some() != (description.can_run == Some(false)) {
        return Err(problem(
            "reason",
            "expected exactly when `can_run` is false",
        ));
    }
    Ok(description)
}
