//! The question about tokens. All prompts are asked about in one process: the vocabulary is loaded once.

use std::path::Path;

use schemas::line::{Answer, ItemId};
use schemas::tag::Tag;
use schemas::tokenize::{Text, TokenizeRequest, Tokens};

use crate::engine::{Client, EngineFault, FaultKind};
use crate::outcome::{Ending, Unusable};
use crate::prompt::FormattedPrompt;

/// What an engine makes of each prompt, or why it makes nothing of it; `Err` is its own failure, of
/// all of them.
pub(crate) fn tokens(
    client: &Client<'_>,
    model: &Path,
    tokenizer: Option<&Path>,
    prompts: &[&FormattedPrompt],
) -> Result<Vec<Result<Tokens, Ending>>, Ending> {
    let asked = prompts.iter().enumerate();
    let asked: Vec<_> = asked
        .map(|(index, prompt)| request(index, prompt))
        .collect();
    let answers = client
        .tokenize(model, tokenizer, &asked)
        .map_err(refused_or_failed)?;
    let answers = answers.into_iter().map(|answer| match answer {
        Answer::Success(tokens) => Ok(tokens),
        Answer::Failure(failure) => Err(declined(client, failure.id, failure.error)),
    });
    Ok(answers.collect())
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
