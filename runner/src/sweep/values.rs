//! Values of `sweep.toml` that are checked where they are read, so that a mistake is told with its
//! line.

use std::str::FromStr;

use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Deserializer};

use crate::prompt::{Choice, Date};

/// One of a few words. Read as a text first: else a value of another kind would be told as "wanted
/// string or table", for serde takes a table with one key for a word, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<T>(pub(super) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        T::deserialize(word.into_deserializer()).map(Self)
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Between<const LEAST: u32, const MOST: u32>(pub(super) u32);

impl<const LEAST: u32, const MOST: u32> TryFrom<i64> for Between<LEAST, MOST> {
    type Error = String;

    fn try_from(found: i64) -> Result<Self, String> {
        u32::try_from(found)
            .ok()
            .filter(|number| (LEAST..=MOST).contains(number))
            .map(Self)
            .ok_or_else(|| format!("found {found}, expected a number from {LEAST} to {MOST}"))
    }
}

/// A template, as `--prompt-template` names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct TemplateName(pub(super) Choice);

impl TryFrom<String> for TemplateName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Choice::from_name(&name).map(Self)
    }
}

/// A day, as `--template-date` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Day(pub(super) Date);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Date::from_str(&text).map(Self)
    }
}
