//! The two questions about the one item of a comparison: its tokens, and its rows.

use std::path::Path;

use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::{Answer, ItemId};
use schemas::tag::Tag;
use schemas::tokenize::{Text, TokenizeRequest, Tokens};

use crate::engine::{Client, EngineFault, EngineSettings, EvaluatedItem, FaultKind};
use crate::gate::AgreedTokens;
use crate::outcome::{Ending, Unusable};
use crate::prompt::FormattedPrompt;

/// The name of the one item.
const ITEM: &str = "case";

fn item() -> ItemId {
    ItemId::new(ITEM).expect("the constant is an id")
}

/// What an engine makes of the prompt.
pub(crate) fn tokens(
    client: &Client<'_>,
    model: &Path,
    tokenizer: Option<&Path>,
    prompt: &FormattedPrompt,
) -> Result<Tokens, Ending> {
    let asked = TokenizeRequest {
        schema: Tag::new(),
        id: item(),
        text: Text::from_bytes(prompt.text.clone()),
        bos: prompt.bos,
        parse_special: prompt.parse_special,
    };
    let answers = client.tokenize(model, tokenizer, std::slice::from_ref(&asked));
    let answers = answers.map_err(refused_or_failed)?;
    match answers.into_iter().next() {
        Some(Answer::Success(tokens)) => Ok(tokens),
        Some(Answer::Failure(failure)) => Err(declined(client, failure.id, failure.error)),
        None => unreachable!("tokenize gives an answer for each request"),
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

/// The rows of all positions and greedy steps, as long as the engine itself says that they are.
pub(crate) fn rows(
    client: &Client<'_>,
    model: &Path,
    settings: &EngineSettings,
    vocabulary_size: u32,
    tokens: &AgreedTokens,
    greedy_steps: u32,
) -> Result<EvaluatedItem, Ending> {
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
    let columns = item.logits.columns();
    if columns as u64 != u64::from(vocabulary_size) {
        return Err(Ending::Inconsistent(format!(
            "{} describes a vocabulary of {vocabulary_size} tokens, its rows have {columns} logits",
            client.spec().name
        )));
    }
    Ok(item)
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
