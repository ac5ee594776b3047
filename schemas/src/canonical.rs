//! Canonical JSON: equal contents, equal bytes.
//!
//! Keys are sorted by code point at every level, numbers have their shortest form that reads
//! back the same, indentation is two blanks, and the text ends with one line end. Stored numbers
//! are [`crate::number::Finite`], since JSON has no form for the others.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// A value that has no JSON form.
#[derive(Debug)]
pub struct NotJson(serde_json::Error);

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not representable as JSON: {}", self.0)
    }
}

impl std::error::Error for NotJson {}

/// The canonical text of `value`.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, NotJson> {
    let sorted = sort(serde_json::to_value(value).map_err(NotJson)?);
    let mut text = serde_json::to_string_pretty(&sorted).map_err(NotJson)?;
    text.push('\n');
    Ok(text)
}

/// Sorts the keys, which `serde_json` does by itself only as long as no crate of the build asks
/// it to keep their order.
fn sort(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            let sorted: Map<_, _> = fields.into_iter().map(|(k, v)| (k, sort(v))).collect();
            Value::Object(sorted)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sort).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_keys_at_every_level() {
        let value: Value =
            serde_json::from_str(r#"{"b":{"d":1,"c":[{"z":0.1,"y":2}]},"a":null}"#).expect("json");
        let text = to_string(&value).expect("canonical");
        let order: Vec<usize> = ["\"a\"", "\"b\"", "\"c\"", "\"y\"", "\"z\"", "\"d\""]
            .iter()
            .map(|key| text.find(key).expect("key"))
            .collect();
        assert!(order.is_sorted(), "{text}");
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn numbers_read_back_the_same() {
        let mut number: f64 = 0.1;
        for _ in 0..10_000 {
            let text = to_string(&number).expect("canonical");
            let read: f64 = serde_json::from_str(&text).expect("number");
            assert_eq!(read.to_bits(), number.to_bits(), "{text}");
            number = f64::from_bits(number.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15)).abs();
            if !number.is_finite() {
                number = 1.0 / 3.0;
            }
        }
    }
}
