//! The filter `tojson` as transformers define it: Python's `json.dumps` with `ensure_ascii` off.
//! The engine's own filter escapes for HTML, which would put other text into the prompt.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// A value nested deeper is refused; no message of a chat is.
const DEEPEST: usize = 100;

/// The filter.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a filter takes its options so"
)]
pub(super) fn tojson(value: &Value, options: Kwargs) -> Result<String, Error> {
    let separators: Option<Vec<String>> = options.get("separators")?;
    let indent = match options.get::<Option<Value>>("indent")? {
        None => None,
        Some(value) if value.is_none() => None,
        Some(value) => Some(match value.as_str() {
            Some(text) => text.to_owned(),
            None => " ".repeat(usize::try_from(value)?.min(64)),
        }),
    };
    let between = if indent.is_some() { "," } else { ", " };
    let (item, key) = match separators.as_deref() {
        None => (between.to_owned(), ": ".to_owned()),
        Some([item, key]) => (item.clone(), key.clone()),
        Some(_) => return Err(refused("tojson: separators are two texts")),
    };
    let writer = Writer {
        ascii: options
            .get::<Option<bool>>("ensure_ascii")?
            .unwrap_or(false),
        sorted: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        indent,
        item,
        key,
    };
    options.assert_all_used()?;
    let mut text = String::new();
    writer.push(&mut text, value, 0)?;
    Ok(text)
}

fn refused(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem.into())
}

struct Writer {
    ascii: bool,
    sorted: bool,
    indent: Option<String>,
    item: String,
    key: String,
}

impl Writer {
    fn push(&self, text: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > DEEPEST {
            return Err(refused(format!("tojson: nested deeper than {DEEPEST}")));
        }
        match value.kind() {
            ValueKind::None => text.push_str("null"),
            ValueKind::Bool => text.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => text.push_str(&number(value)),
            ValueKind::String => self.push_string(text, value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => self.push_list(text, value, depth)?,
            ValueKind::Map => self.push_map(text, value, depth)?,
            other => return Err(refused(format!("tojson: {other} has no form in JSON"))),
        }
        Ok(())
    }

    fn push_list(&self, text: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
        text.push('[');
        let mut empty = true;
        for item in value.try_iter()? {
            self.begin_item(text, empty, depth + 1);
            self.push(text, &item, depth + 1)?;
            empty = false;
        }
        self.end(text, empty, depth);
        text.push(']');
        Ok(())
    }

    fn push_map(&self, text: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
        let keys = value.try_iter()?;
        let mut pairs = Vec::new();
        for key in keys {
            pairs.push((key_text(&key)?, value.get_item(&key)?));
        }
        if self.sorted {
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        text.push('{');
        for (index, (key, value)) in pairs.iter().enumerate() {
            self.begin_item(text, index == 0, depth + 1);
            self.push_string(text, key);
            text.push_str(&self.key);
            self.push(text, value, depth + 1)?;
        }
        self.end(text, pairs.is_empty(), depth);
        text.push('}');
        Ok(())
    }

    fn begin_item(&self, text: &mut String, first: bool, depth: usize) {
        if !first {
            text.push_str(&self.item);
        }
        self.new_line(text, depth);
    }

    fn end(&self, text: &mut String, empty: bool, depth: usize) {
        if !empty {
            self.new_line(text, depth);
        }
    }

    fn new_line(&self, text: &mut String, depth: usize) {
        if let Some(indent) = &self.indent {
            text.push('\n');
            text.push_str(&indent.repeat(depth));
        }
    }

    fn push_string(&self, text: &mut String, string: &str) {
        text.push('"');
        for character in string.chars() {
            match character {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\u{8}' => text.push_str("\\b"),
                '\u{c}' => text.push_str("\\f"),
                c if u32::from(c) < 0x20 || (self.ascii && u32::from(c) > 0x7e) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "\\u{unit:04x}");
                    }
                }
                c => text.push(c),
            }
        }
        text.push('"');
    }
}

/// Python makes texts of the keys that are none.
fn key_text(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::String => Ok(key.as_str().unwrap_or_default().to_owned()),
        ValueKind::None => Ok("null".to_owned()),
        ValueKind::Bool => Ok(key.is_true().to_string()),
        ValueKind::Number => Ok(number(key)),
        other => Err(refused(format!("tojson: {other} is no key in JSON"))),
    }
}

fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    f64::try_from(value.clone()).map_or_else(|_| value.to_string(), float)
}

/// As Python's `repr`: the shortest digits, with an exponent from 1e16 on and below 1e-4.
fn float(x: f64) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{x:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if x == 0.0 || (-4..16).contains(&exponent) {
        return format!("{x:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each as Python 3 prints it.
    #[test]
    fn floats_are_pythons() {
        for (x, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (f64::INFINITY, "Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float(x), expected);
        }
    }
}
