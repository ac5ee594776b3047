//! Asks both engines of a case again, and holds what they say against its receipt.

use schemas::line::Answer;
use schemas::receipt::{Receipt, TokensFrom};
use schemas::row::RowRecord;

use super::{Asked, Replay, ReplayError, Side};
use crate::engine::{Client, EngineFault, EvaluatedItem, LogitsFile, Supervision};
use crate::metrics;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What.
    pub what: String,
    /// Whether it is as the receipt has it.
    pub is_same: bool,
}

/// Runs both engines, one after the other, and says of tokens and rows whether they are those of the
/// receipt.
pub fn exec(replay: &Replay, supervision: &Supervision) -> Result<Vec<Compared>, ReplayError> {
    let receipt = &replay.receipt;
    let mut compared = Vec::new();
    let mut evaluated = Vec::new();
    let [of_candidate, of_reference] = tokens(receipt);
    let sides = [
        ("candidate", &replay.candidate, of_candidate),
        ("reference", &replay.reference, of_reference),
    ];
    for (role, side, expected) in sides {
        let client = Client::new(&side.spec, supervision.clone());
        if let Some(expected) = expected {
            let found = tokenize(&client, side)?;
            compared.push(Compared {
                what: format!("tokens of the {role}"),
                // Only the first of a prompt may have been evaluated.
                is_same: found.is_some_and(|ids| {
                    let all = receipt
                        .prompt_tokens
                        .is_none_or(|all| all == ids.len() as u64);
                    ids.starts_with(expected) && all
                }),
            });
        }
        if let Some(asked) = &side.evaluate {
            evaluated.push(evaluate(&client, asked)?);
        }
    }
    if let [candidate, reference] = evaluated.as_slice() {
        compared.extend(rows(receipt, candidate, reference)?);
    }
    Ok(compared)
}

/// What each side made of the prompt, as far as the receipt tells.
fn tokens(receipt: &Receipt) -> [Option<&[u32]>; 2] {
    let agreed = receipt.tokens_from == Some(TokensFrom::Agreed);
    let agreed = receipt.tokens.as_deref().filter(|_| agreed);
    [&receipt.rust_tokens, &receipt.cpp_tokens].map(|its| its.as_deref().or(agreed))
}

fn tokenize(client: &Client<'_>, side: &Side) -> Result<Option<Vec<u32>>, EngineFault> {
    let requests = std::slice::from_ref(&side.tokenize);
    let answers = client.tokenize(&side.model, side.tokenizer.as_deref(), requests)?;
    Ok(answers.into_iter().next().and_then(|answer| match answer {
        Answer::Success(tokens) => Some(tokens.ids),
        Answer::Failure(_) => None,
    }))
}

fn evaluate(client: &Client<'_>, asked: &Asked) -> Result<EvaluatedItem, EngineFault> {
    let mut running = client.start_evaluation(&asked.model, &asked.settings)?;
    running.submit(&asked.request)?;
    let item = running.next()?;
    running.finish()?;
    Ok(item)
}

/// The rows of positions and of greedy steps, each told by the first that is another one.
fn rows(
    receipt: &Receipt,
    candidate: &EvaluatedItem,
    reference: &EvaluatedItem,
) -> Result<[Compared; 2], EngineFault> {
    let positions: Vec<_> = receipt.positions.iter().map(|it| &it.row).collect();
    let steps: Vec<_> = receipt
        .greedy
        .iter()
        .flatten()
        .flat_map(|it| &it.steps)
        .collect();
    Ok([
        compare("position", &positions, &candidate.logits, &reference.logits)?,
        compare("greedy step", &steps, &candidate.greedy, &reference.greedy)?,
    ])
}

fn compare(
    what: &str,
    expected: &[&RowRecord],
    candidate: &LogitsFile,
    reference: &LogitsFile,
) -> Result<Compared, EngineFault> {
    let n = expected.len();
    let widths = [candidate, reference].map(LogitsFile::columns);
    let fits = widths[0] == widths[1] && n <= candidate.rows() && n <= reference.rows();
    if !fits {
        return Ok(Compared {
            what: format!("{what}s of {n}, for the logits have another shape"),
            is_same: false,
        });
    }
    let mut pair = widths.map(|columns| vec![0f32; columns]);
    for (index, row) in expected.iter().enumerate() {
        let [a, b] = &mut pair;
        candidate.read_row(index, a)?;
        reference.read_row(index, b)?;
        if !is_row(row, &metrics::compare(a, b)) {
            return Ok(Compared {
                what: format!("{what} {index} of {n}, the first that is another one"),
                is_same: false,
            });
        }
    }
    Ok(Compared {
        what: format!("{n} {what}s"),
        is_same: true,
    })
}

fn is_row(row: &RowRecord, found: &metrics::Comparison) -> bool {
    row.differing == found.differing
        && row.metrics == found.metrics
        && row.candidate_non_finite == found.candidate_non_finite
        && row.reference_non_finite == found.reference_non_finite
}
