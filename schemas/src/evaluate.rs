//! Tokens to logits: one request and one answer a line, the numbers in files.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::describe::Settings;
use crate::line::{Answer, ItemId};
use crate::tag::{Kind, Tag};

/// Asks for the logits of one token sequence, evaluated from an empty KV cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateRequest {
    /// Kind and version of this object.
    pub schema: Tag<EvaluateRequest>,
    /// Given by the runner; the answer and its files repeat it.
    pub id: ItemId,
    /// The sequence.
    pub tokens: Vec<u32>,
    /// Whose logits are wanted.
    pub positions: Positions,
    /// How many tokens to choose greedily after the sequence.
    pub greedy_steps: u32,
}

impl Kind for EvaluateRequest {
    const SCHEMA: &'static str = "lockstep/evaluate-request/v1";
}

/// The positions whose logits are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Positions {
    /// Each position of the sequence.
    All,
    /// The last one alone.
    Last,
    /// These, ascending, none twice.
    Listed(Vec<u32>),
}

impl Positions {
    /// The positions in a sequence of `n_tokens`, or what is wrong with the list.
    pub fn resolve(&self, n_tokens: usize) -> Result<Vec<usize>, String> {
        match self {
            Self::All => Ok((0..n_tokens).collect()),
            Self::Last => Ok((0..n_tokens).next_back().into_iter().collect()),
            Self::Listed(listed) => {
                let mut pairs = listed.iter().zip(listed.iter().skip(1));
                if let Some((before, after)) = pairs.find(|(before, after)| before >= after) {
                    return Err(format!(
                        "positions: {after} follows {before}, expected them ascending and none twice"
                    ));
                }
                let positions: Vec<usize> = listed.iter().map(|&p| p as usize).collect();
                match positions.last() {
                    Some(&last) if last >= n_tokens => Err(format!(
                        "positions: {last} in a sequence of {n_tokens} tokens"
                    )),
                    _ => Ok(positions),
                }
            }
        }
    }
}

impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Last => serializer.serialize_str("last"),
            Self::Listed(listed) => listed.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Positions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PositionsVisitor)
    }
}

struct PositionsVisitor;

impl<'de> Visitor<'de> for PositionsVisitor {
    type Value = Positions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"all\", \"last\" or a list of positions")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Positions, E> {
        match text {
            "all" => Ok(Positions::All),
            "last" => Ok(Positions::Last),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Positions, A::Error> {
        let mut listed = Vec::new();
        while let Some(position) = list.next_element()? {
            listed.push(position);
        }
        Ok(Positions::Listed(listed))
    }
}

impl JsonSchema for Positions {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Positions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Whose logits are wanted; a list is ascending.",
            "oneOf": [
                { "enum": ["all", "last"] },
                {
                    "type": "array",
                    "uniqueItems": true,
                    "items": { "type": "integer", "minimum": 0, "maximum": u32::MAX }
                }
            ]
        })
    }
}

/// The logits of one sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluated {
    /// Kind and version of this object.
    pub schema: Tag<Evaluated>,
    /// The id of the request.
    pub id: ItemId,
    /// `<id>.logits.npy`, one row for each position that was asked for.
    pub logits: String,
    /// Rows and columns of that file.
    pub shape: [u64; 2],
    /// The tokens chosen greedily; as many as there were steps.
    pub greedy_ids: Vec<u32>,
    /// `<id>.greedy.npy`: row `s` is the row of logits from which `greedy_ids[s]` was chosen.
    pub greedy_logits: String,
    /// Time of evaluating the sequence, files not counted.
    pub prefill_ns: u64,
    /// Time of the greedy steps, files not counted.
    pub decode_ns: u64,
    /// What it ran with.
    pub settings: Settings,
}

impl Kind for Evaluated {
    const SCHEMA: &'static str = "lockstep/evaluate-response/v1";
}

/// The answer to an [`EvaluateRequest`]: logits, or why there are none.
pub type EvaluateResponse = Answer<Evaluated>;

/// The name that the logits file of an item must have.
pub fn logits_file_name(id: &ItemId) -> String {
    format!("{id}.logits.npy")
}

/// The name that the file of its greedy rows must have.
pub fn greedy_file_name(id: &ItemId) -> String {
    format!("{id}.greedy.npy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_positions() {
        assert_eq!(Positions::All.resolve(3), Ok(vec![0, 1, 2]));
        assert_eq!(Positions::Last.resolve(3), Ok(vec![2]));
        assert_eq!(Positions::Listed(vec![0, 2]).resolve(3), Ok(vec![0, 2]));
    }

    #[test]
    fn refuses_positions_out_of_order_or_range() {
        assert!(Positions::Listed(vec![1, 1]).resolve(3).is_err());
        assert!(Positions::Listed(vec![2, 1]).resolve(3).is_err());
        assert!(Positions::Listed(vec![3]).resolve(3).is_err());
    }
}
