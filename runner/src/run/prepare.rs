//! What is done before any engine is started: the names are looked up, the model files' headers read,
//! the prompts formatted.

use std::path::Path;

use gguf::Header;

use super::{Announce, Run};
use crate::case::Plan;
use crate::engine::{Catalogue, Client, EngineSettings, EngineSpec, catalogue::DEFAULT_CANDIDATE};
use crate::gate::Evidence;
use crate::limits::Limits;
use crate::model_file;
use crate::prompt::{self, FormattedPrompt};
use crate::request::{AskedCase, Request};
use crate::run_error::RunError;

impl<'a> Run<'a> {
    /// Reads the headers of the model files, and starts nothing.
    pub fn new(
        request: &'a Request,
        catalogue: &'a Catalogue,
        announce: &'a Announce<'a>,
    ) -> Result<Self, RunError> {
        let client = |name| -> Result<Client<'a>, RunError> {
            let spec = catalogue.find(name)?;
            check_settings(spec)?;
            Ok(Client::new(spec, request.supervision.clone()))
        };
        let (candidate, reference) = (client(&request.candidate)?, client(&request.reference)?);
        let own_engine = client(DEFAULT_CANDIDATE)?;
        if let Some(tokenizer) = &request.tokenizer {
            model_file::check_readable(tokenizer)?;
        }
        Ok(Self {
            request,
            candidate,
            reference,
            own_engine,
            limits: Limits::new(request.limits_file.as_ref(), &request.overrides),
            catalogue,
            memory: None,
            headers: Headers::read(request)?,
            announce,
        })
    }

    /// Puts the template around a prompt.
    pub fn plan(&self, asked: AskedCase) -> Result<Plan, RunError> {
        let Headers {
            candidate,
            reference,
        } = &self.headers;
        let supervision = &self.request.supervision;
        let prompt = prompt::format(&asked.prompt, candidate, reference.as_ref(), supervision)?;
        Ok(Plan {
            keys: None,
            evidence: self.evidence(&prompt),
            asked,
            prompt,
        })
    }

    /// What the gate may name as the cause of a mismatch.
    fn evidence(&self, prompt: &FormattedPrompt) -> Evidence {
        Evidence {
            candidate: model_file::vocabulary_facts(&self.headers.candidate),
            reference: model_file::vocabulary_facts(self.headers.reference()),
            own_tokenizer: self.request.tokenizer.is_some(),
            parse_special: prompt.parse_special,
            template: prompt.template,
        }
    }

    /// The file that the user named for the reference.
    pub(super) fn named_for_reference(&self) -> &Path {
        let other = self.request.reference_model.as_ref();
        other.unwrap_or(&self.request.model)
    }
}

/// What the model files say of themselves.
pub(super) struct Headers {
    pub(super) candidate: Header,
    /// `None`: it has the candidate's file.
    reference: Option<Header>,
}

impl Headers {
    fn read(request: &Request) -> Result<Self, RunError> {
        let other = request.reference_model.as_ref();
        Ok(Self {
            candidate: model_file::read_header(&request.model)?,
            reference: other.map(|it| model_file::read_header(it)).transpose()?,
        })
    }

    pub(super) fn reference(&self) -> &Header {
        self.reference.as_ref().unwrap_or(&self.candidate)
    }
}

/// What would silently not be heeded is refused.
pub(crate) fn check_settings(spec: &EngineSpec) -> Result<(), RunError> {
    let EngineSettings {
        context,
        kv,
        flash_attention,
        ..
    } = spec.defaults;
    let decided = [
        ("context", context.is_some()),
        ("kv", kv.is_some()),
        ("flash_attention", flash_attention.is_some()),
    ];
    match decided.into_iter().find(|(_, is_set)| *is_set) {
        None => Ok(()),
        Some((setting, _)) => Err(RunError::Setting {
            engine: spec.name.clone(),
            setting,
        }),
    }
}
