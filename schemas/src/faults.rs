//! The mistakes that an engine can be told to make, so that a check of checks can choose among them.

use std::fmt;
use std::str::FromStr;

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
    const SCHEMA: &'static str = "lockstep/fault-list/v2";
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
    /// What `--fault NAME=S` makes of it, S being 1 unless it is given: a whole number. Null for a
    /// fault that is there or not.
    pub strength: Option<String>,
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
    /// The answer to an evaluation and its files.
    Output,
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
    /// The logits of this greedy step, or the token chosen from them: the sequence and the steps
    /// before are sound.
    Step(u32),
    /// No result: what an evaluation answers is not what the protocol asks for.
    Answer,
}

/// The largest strength: far beyond what any check lets through, and still a whole number as f32.
pub const STRONGEST: u32 = 1 << 20;

/// A fault to make, on a command line `NAME` or `NAME=STRENGTH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultChoice {
    /// One of a list.
    pub name: String,
    /// From 1, which is the fault as listed, to [`STRONGEST`].
    pub strength: u32,
}

impl FromStr for FaultChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, strength) = text.split_once('=').unwrap_or((text, "1"));
        let strength = strength.parse().ok();
        let strength = strength.filter(|strength| (1..=STRONGEST).contains(strength));
        Ok(Self {
            name: name.to_owned(),
            strength: strength.ok_or_else(|| {
                format!("{text}: expected NAME or NAME=STRENGTH, a strength from 1 to {STRONGEST}")
            })?,
        })
    }
}

impl fmt::Display for FaultChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.strength {
            1 => f.write_str(&self.name),
            strength => write!(f, "{}={strength}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_is_written() {
        let choice = |text: &str| text.parse::<FaultChoice>().map(|choice| choice.to_string());
        for text in [
            "not-causal",
            "norm-epsilon-wrong=16",
            "norm-epsilon-wrong=1048576",
        ] {
            assert_eq!(choice(text).as_deref(), Ok(text));
        }
        assert_eq!(choice("not-causal=1").as_deref(), Ok("not-causal"));
        for text in ["a=", "a=0", "a=-1", "a=2.5", "a=1048577", "a=1=1"] {
            assert!(choice(text).is_err(), "{text}");
        }
    }
}
