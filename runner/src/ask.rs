//! The question about tokens. All prompts are asked about in one process: the vocabulary is loaded once.
//! But not all at once, since answers are many times the size of what is kept of them.

use std::path::Path;

use schemas::line::{Answer, ItemId};
use schemas::tag::Tag;
use schemas::tokenize::{Text, TokenizeRequest, TokenizeResponse, Tokens};

use crate::engine::{Client, EngineFault, FaultKind, Tokenization};
use crate::outcome::{Ending, Unusable};
use crate::prompt::FormattedPrompt;

/// One engine that is asked about tokens. Its process starts with the first prompt and ends with the
/// last.
pub(crate) struct Asking<'a> {
    client: &'a Client<'a>,
    model: &'a Path,
    tokenizer: Option<&'a Path>,
    running: Option<Tokenization>,
    asked: usize,
}

impl<'a> Asking<'a> {
    /// Starts nothing yet.
    pub(crate) fn new(
        client: &'a Client<'a>,
        model: &'a Path,
        tokenizer: Option<&'a Path>,
    ) -> Self {
        Self {
            client,
            model,
            tokenizer,
            running: None,
            asked: 0,
        }
    }

    /// What the engine makes of each prompt, or why it makes nothing of it; `Err` is its own failure, of
    /// all of them. After the `last` prompts the process has ended, and with success.
    pub(crate) fn tokens(
        &mut self,
        prompts: &[&FormattedPrompt],
        last: bool,
    ) -> Result<Vec<Result<Tokens, Ending>>, Ending> {
        if prompts.is_empty() && self.running.is_none() {
            return Ok(Vec::new());
        }
        let asked = (self.asked..).zip(prompts);
        let asked: Vec<_> = asked
            .map(|(index, prompt)| request(index, prompt))
            .collect();
        self.asked += prompts.len();
        let answers = self.answers(&asked, last).map_err(refused_or_failed)?;
        let answers = answers.into_iter().map(|answer| match answer {
            Answer::Success(tokens) => Ok(tokens),
            Answer::Failure(failure) => Err(declined(self.client, failure.id, failure.error)),
        });
        Ok(answers.collect())
    }

    fn answers(
        &mut self,
        asked: &[TokenizeRequest],
        last: bool,
    ) -> Result<Vec<TokenizeResponse>, EngineFault> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.client.start_tokenization(self.model, self.tokenizer)?,
        };
        if last {
            return running.ask_last(asked);
        }
        let answers = running.ask(asked)?;
        self.running = Some(running);
        Ok(answers)
    }
}

fn request(index: usize, prompt: &FormattedPrompt) -> TokenizeRequest {
    TokenizeRequest {
        schema: Tag::new(),
        id: ItemId::new(format!("case-{index}")).expect("a word and a number are an id"),
        text: Text::from_bytes(prompt.text.clone()),
        bos: prompt.bos,
        parse_special: prompt.parse_special,
    }
}

/// By the protocol 69 says that the engine cannot do this, which is no failure of it.
const CANNOT: i32 = 69;

fn refused_or_failed(fault: EngineFault) -> Ending {
    match *fault.kind {
        FaultKind::Exited { status: CANNOT } => {
            let why = fault
                .stderr
                .last()
                .map_or("it gives no reason", String::as_str);
            Ending::Refused(format!(
                "{} cannot tokenize for this model: {why}",
                fault.engine
            ))
        }
        _ => fault.into(),
    }
}

fn declined(client: &Client<'_>, id: ItemId, error: String) -> Ending {
    Ending::Failed(EngineFault {
        engine: client.spec().name.clone(),
        command: client.spec().shown_command(),
        kind: Box::new(FaultKind::Declined { id, error }),
        stderr: Vec::new(),
    })
}

impl From<EngineFault> for Ending {
    /// For want of a folder no engine was started, so none failed.
    fn from(fault: EngineFault) -> Self {
        match &*fault.kind {
            FaultKind::NoFolder { problem, .. } => Self::Unusable(Unusable {
                reason: format!(
                    "no private temporary folder could be made for an engine: {problem} (hint: \
                     TMPDIR says where)"
                ),
                detail: fault.to_string(),
            }),
            _ => Self::Failed(fault),
        }
    }
}
