//! Metadata: how a value is written for programs and for people.

use gguf::{Array, Value};
use serde_json::json;

use crate::text::escape_for_terminal;

/// How many elements of an array text shows.
const SHOWN_ELEMENTS: usize = 8;
/// How many characters of a string text shows.
const SHOWN_CHARACTERS: usize = 200;

/// A value on one line, fit for a terminal; what is long is cut.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(&text.to_lossy()),
        Value::Array(array) => {
            let start: Vec<_> = elements(array, SHOWN_ELEMENTS)
                .iter()
                .map(element)
                .collect();
            let more = if array.len() > SHOWN_ELEMENTS {
                ", …"
            } else {
                ""
            };
            format!(
                "{} × {} [{}{more}]",
                array.len(),
                array.type_name(),
                start.join(", ")
            )
        }
        other => value_json(other).to_string(),
    }
}

/// A text in quotes, its beginning if it is long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => format!("\"{}\"", escape_for_terminal(text)),
        Some((end, _)) => format!("\"{}…\"", escape_for_terminal(&text[..end])),
    }
}

fn element(element: &serde_json::Value) -> String {
    match element {
        serde_json::Value::String(text) => quoted(text),
        other => escape_for_terminal(&other.to_string()),
    }
}

/// A value as JSON, whole.
pub(super) fn value_json(value: &Value) -> serde_json::Value {
    match value {
        Value::U8(n) => json!(n),
        Value::I8(n) => json!(n),
        Value::U16(n) => json!(n),
        Value::I16(n) => json!(n),
        Value::U32(n) => json!(n),
        Value::I32(n) => json!(n),
        Value::U64(n) => json!(n),
        Value::I64(n) => json!(n),
        Value::F32(x) => float_json(f64::from(*x)),
        Value::F64(x) => float_json(*x),
        Value::Bool(flag) => json!(flag),
        Value::String(text) => json!(text.to_lossy()),
        Value::Array(array) => elements(array, usize::MAX).into(),
    }
}

/// The first elements. A vocabulary has hundreds of thousands: of those that are not shown none is
/// touched.
fn elements(array: &Array, at_most: usize) -> Vec<serde_json::Value> {
    fn some<T>(
        items: &[T],
        at_most: usize,
        json: impl Fn(&T) -> serde_json::Value,
    ) -> Vec<serde_json::Value> {
        items.iter().take(at_most).map(json).collect()
    }
    match array {
        Array::U8(v) => some(v, at_most, |n| json!(n)),
        Array::I8(v) => some(v, at_most, |n| json!(n)),
        Array::U16(v) => some(v, at_most, |n| json!(n)),
        Array::I16(v) => some(v, at_most, |n| json!(n)),
        Array::U32(v) => some(v, at_most, |n| json!(n)),
        Array::I32(v) => some(v, at_most, |n| json!(n)),
        Array::U64(v) => some(v, at_most, |n| json!(n)),
        Array::I64(v) => some(v, at_most, |n| json!(n)),
        Array::F32(v) => some(v, at_most, |&x| float_json(f64::from(x))),
        Array::F64(v) => some(v, at_most, |&x| float_json(x)),
        Array::Bool(v) => some(v, at_most, |flag| json!(flag)),
        Array::String(v) => some(v, at_most, |text| json!(text.to_lossy())),
        Array::Array(v) => some(v, at_most, |inner| elements(inner, at_most).into()),
    }
}

/// Numbers that JSON has no form for are told by their names.
fn float_json(x: f64) -> serde_json::Value {
    if x.is_finite() {
        json!(x)
    } else {
        json!(x.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_and_hostile_ones_escaped() {
        let long = Value::String("x".repeat(201).as_str().into());
        assert_eq!(shown(&long), format!("\"{}…\"", "x".repeat(200)));
        let array = Value::Array(Array::U8((0..9).collect()));
        assert_eq!(shown(&array), "9 × u8 [0, 1, 2, 3, 4, 5, 6, 7, …]");
        let hostile = Value::Array(Array::String(vec!["\u{1b}[2J\u{202e}".into()]));
        assert_eq!(shown(&hostile), r#"1 × string ["\u{1b}[2J\u{202e}"]"#);
    }
}
