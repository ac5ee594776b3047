//! The mistakes that an engine can be told to make, so that a check of checks can choose among them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::describe::Arithmetic;
use crate::tag::{Kind, Tag};

/// What `rust-engine faults` prints; only a build that can make mistakes has the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultList {
    /// Kind and version of this object.
    pub schema: Tag<FaultList>,
    /// All that it knows, each once.
    pub faults: Vec<FaultFacts>,
}

impl Kind for FaultList {
    const SCHEMA: &'static str = "lockstep/fault-list/v1";
}

/// One deliberate mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultFacts {
    /// As `--fault` takes it.
    pub name: String,
    /// What is wrong with it, in one sentence.
    pub does: String,
    /// Where it is made.
    pub acts: Acts,
    /// Where its results first differ from the sound ones.
    pub begins: Begins,
    /// Arithmetics in which it changes anything.
    pub arithmetics: Vec<Arithmetic>,
    /// Architectures whose models can have what it breaks. Whether one does is said by
    /// `describe --model M --fault NAME`.
    pub families: Vec<String>,
}

/// The part of an engine in which a fault is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Acts {
    /// The tokenizer.
    Tokens,
    /// The weights, or which of them is used.
    Weights,
    /// The operations on them.
    Forward,
    /// What is kept of earlier tokens.
    Cache,
}

/// The first result that a fault changes; those before it keep their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Begins {
    /// The tokens: with sound tokens, logits are sound.
    Tokens,
    /// The logits of this position.
    Position(u32),
    /// The logits of the first position that does not see the first token through the model's
    /// window.
    WindowEnd,
    /// The logits of the first position of the second item; the first item is sound.
    SecondItem,
}
