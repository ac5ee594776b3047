//! Whether a stored receipt can be believed: was it edited, does its verdict follow from its rows
//! and limits, do its numbers agree with each other.
//!
//! In: a receipt. Out: what is wrong with it, each with its place. Nothing is run, and no logits
//! are looked at: a receipt that was made up as a whole, digest and all, passes.

mod file;
mod floor;
mod greedy;
mod hashes;
mod identities;
mod limits;
mod rows;
mod setting;
mod text;
mod tokens;
mod triangulation;
mod without_rows;

use std::fmt;

use schemas::receipt::Receipt;
use serde_json::Value;

use crate::limits::Limits;
use crate::{conclusion, seal};

pub use file::{Demands, Verified, verify};
pub use text::{object, report};

/// Something that is wrong with a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: String,
    /// What.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl Finding {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

/// All that is wrong with a receipt.
pub fn findings(receipt: &Receipt) -> Vec<Finding> {
    let mut findings = Vec::new();
    let digest = seal::digest(receipt);
    if receipt.digest != digest {
        let problem = format!("is {}, its contents have {digest}", receipt.digest);
        findings.push(Finding::new("digest", problem));
    }
    findings.extend(contradictions(receipt));
    findings
}

/// All that is wrong with a receipt whose seal is known to be whole.
pub fn contradictions(receipt: &Receipt) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Limits that are none are not applied: the work would be that of their number.
    if let Err(finding) = limits::check(receipt) {
        findings.push(finding);
        return findings;
    }
    tokens::check(receipt, &mut findings);
    hashes::check(receipt, &mut findings);
    floor::check(receipt, &mut findings);
    triangulation::check(receipt, &mut findings);
    match conclusion::judged_anew(receipt, &Limits::of_receipt(receipt)) {
        Some(anew) => {
            setting::check(receipt, &mut findings);
            rows::check(receipt, &mut findings);
            check_same(receipt, &anew, &mut findings);
        }
        None => without_rows::check(receipt, &mut findings),
    }
    findings
}

/// Every field that is other than what follows from the rows.
fn check_same(stored: &Receipt, anew: &Receipt, findings: &mut Vec<Finding>) {
    if stored == anew {
        return;
    }
    let (Ok(Value::Object(stored)), Ok(Value::Object(anew))) =
        (serde_json::to_value(stored), serde_json::to_value(anew))
    else {
        findings.push(Finding::new(".", "is not representable as JSON"));
        return;
    };
    for (key, stored) in &stored {
        let expected = anew.get(key).unwrap_or(&Value::Null);
        if let Some((place, found)) = first_difference(key, stored, expected) {
            findings.push(Finding::new(
                place,
                format!("{found}, by the rows and limits"),
            ));
        }
    }
}

/// Where two values first differ, and what stands there.
fn first_difference(place: &str, found: &Value, expected: &Value) -> Option<(String, String)> {
    match (found, expected) {
        _ if found == expected => None,
        (Value::Object(x), Value::Object(y)) => x.iter().find_map(|(key, value)| {
            let other = y.get(key).unwrap_or(&Value::Null);
            first_difference(&format!("{place}.{key}"), value, other)
        }),
        (Value::Array(x), Value::Array(y)) if x.len() != y.len() => {
            let problem = format!("has {} values, expected {}", x.len(), y.len());
            Some((place.to_owned(), problem))
        }
        (Value::Array(x), Value::Array(y)) => {
            let mut pairs = x.iter().zip(y).enumerate();
            pairs.find_map(|(index, (x, y))| first_difference(&format!("{place}[{index}]"), x, y))
        }
        _ => {
            let (found, expected) = (short(found), short(expected));
            Some((place.to_owned(), format!("is {found}, expected {expected}")))
        }
    }
}

/// Characters of a value that are shown.
const SHOWN: usize = 120;

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
