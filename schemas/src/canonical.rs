//! Canonical JSON: equal contents, equal bytes.
//!
//! Keys are sorted by code point at every level, numbers have their shortest form that reads
//! back the same, indentation is two blanks, and the text ends with one line end. Stored numbers
//! are [`crate::number::Finite`], since JSON has no form for the others.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Serialize;

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
    // A tree of values to be sorted takes ten times as long, and ten times the memory.
    let compact = serde_json::to_string(value).map_err(NotJson)?;
    let mut writer = Writer {
        compact: &compact,
        at: 0,
        out: String::with_capacity(2 * compact.len()),
        fields: Vec::new(),
    };
    writer.value(0);
    writer.out.push('\n');
    Ok(writer.out)
}

/// Writes JSON without blanks, as `serde_json` makes it, again.
struct Writer<'a> {
    compact: &'a str,
    /// What comes next.
    at: usize,
    out: String,
    /// The fields of the objects that are open.
    fields: Vec<Field>,
}

struct Field {
    /// In the compact text, quotes and all.
    key: Range<usize>,
    /// In the output: the comma before it, its line end, key and value.
    text: Range<usize>,
}

impl Writer<'_> {
    fn next(&self) -> Option<u8> {
        self.compact.as_bytes().get(self.at).copied()
    }

    fn value(&mut self, depth: usize) {
        match self.next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                let text = self.string();
                self.out.push_str(&self.compact[text]);
            }
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) {
        let (first, begin) = (self.fields.len(), self.out.len());
        self.at += 1;
        while self.next() == Some(b'"') {
            let start = self.out.len();
            self.out.push(',');
            self.line(depth + 1);
            let key = self.string();
            self.out.push_str(&self.compact[key.clone()]);
            self.out.push_str(": ");
            self.at += 1;
            self.value(depth + 1);
            let text = start..self.out.len();
            self.fields.push(Field { key, text });
            self.at += usize::from(self.next() == Some(b','));
        }
        self.at += 1;
        self.sort(first, begin);
        self.close(begin, ["{", "}"], depth);
    }

    /// Brings the fields of the object that ends into their order.
    fn sort(&mut self, first: usize, begin: usize) {
        let fields = &mut self.fields[first..];
        let compact = self.compact;
        let by_key =
            |a: &Field, b: &Field| key(&compact[a.key.clone()]).cmp(&key(&compact[b.key.clone()]));
        if !fields.is_sorted_by(|a, b| by_key(a, b).is_le()) {
            fields.sort_by(by_key);
            let texts = fields.iter().map(|field| &self.out[field.text.clone()]);
            let sorted: String = texts.collect();
            self.out.truncate(begin);
            self.out.push_str(&sorted);
        }
        self.fields.truncate(first);
    }

    fn array(&mut self, depth: usize) {
        let begin = self.out.len();
        self.at += 1;
        while self.next().is_some_and(|next| next != b']') {
            self.out.push(',');
            self.line(depth + 1);
            self.value(depth + 1);
            self.at += usize::from(self.next() == Some(b','));
        }
        self.at += 1;
        self.close(begin, ["[", "]"], depth);
    }

    /// The comma before the first item becomes the bracket that opens; where there is none, nothing
    /// stands between the brackets.
    fn close(&mut self, begin: usize, [open, close]: [&str; 2], depth: usize) {
        if self.out.len() == begin {
            self.out.push_str(open);
        } else {
            self.out.replace_range(begin..=begin, open);
            self.line(depth);
        }
        self.out.push_str(close);
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        for _ in 0..depth {
            self.out.push_str("  ");
        }
    }

    /// Goes behind a string: to the first quote that no backslash makes a part of it.
    fn string(&mut self) -> Range<usize> {
        let start = self.at;
        self.at += 1;
        while let Some(next) = self.next() {
            self.at += match next {
                b'\\' => 2,
                _ => 1,
            };
            if next == b'"' {
                break;
            }
        }
        start..self.at
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) {
        let rest = &self.compact[self.at..];
        let end = rest.find([',', ']', '}']).unwrap_or(rest.len());
        self.out.push_str(&rest[..end]);
        self.at += end;
    }
}

/// A key by which fields are sorted. UTF-8 sorts as code points do; escapes do not.
fn key(quoted: &str) -> Cow<'_, str> {
    if quoted.contains('\\') {
        serde_json::from_str(quoted).map_or(Cow::Borrowed(quoted), Cow::Owned)
    } else {
        Cow::Borrowed(quoted.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    /// A tree of values that is sorted says the same.
    #[track_caller]
    fn is_as_by_a_tree<T: Serialize>(value: &T) {
        let tree = serde_json::to_value(value).expect("a value");
        assert_eq!(tree, sorted(tree.clone()));
        let expected = serde_json::to_string_pretty(&sorted(tree)).expect("JSON");
        assert_eq!(to_string(value).expect("canonical"), expected + "\n");
    }

    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields: BTreeMap<_, _> = fields.into_iter().collect();
                let fields = fields.into_iter().map(|(key, it)| (key, sorted(it)));
                Value::Object(fields.collect())
            }
            Value::Array(items) => items.into_iter().map(sorted).collect(),
            other => other,
        }
    }

    #[test]
    fn has_the_form_that_serde_json_gives_to_sorted_values() {
        for value in [
            json!(null),
            json!(-1.5e300),
            json!("a \"b\" \\ {c: [1,2]} \u{7f}\u{1}\u{1f600}"),
            json!([]),
            json!({}),
            json!([[], {}, [[]], {"a": {}}, "", [1, "]", "}", ","], true]),
            json!({"b": {"é": 1, "z": 2, "": 3}, "a\nb": [{"y": [0.1], "x": {}}], "a": 1, "a!": 2}),
        ] {
            is_as_by_a_tree(&value);
        }
    }

    /// `serde_json` writes the fields of a struct in the order of their declaration.
    #[test]
    fn sorts_the_fields_of_structs_by_what_they_are_called() {
        #[derive(Serialize)]
        struct Out {
            zebra: In,
            #[serde(rename = "a]")]
            bracket: u8,
            // Escaped, this and the next would come in another order.
            #[serde(rename = "a\\")]
            backslash: [In; 2],
            #[serde(rename = "a\"")]
            quote: Option<()>,
            #[serde(rename = "a#")]
            hash: (),
            é: u8,
            a: BTreeMap<u32, In>,
        }
        #[derive(Clone, Copy, Serialize)]
        struct In {
            y: f64,
            x: &'static str,
        }
        let inner = In { y: 0.1, x: "}\"" };
        is_as_by_a_tree(&Out {
            zebra: inner,
            bracket: 1,
            backslash: [inner; 2],
            quote: None,
            hash: (),
            é: 2,
            a: [(10, inner), (9, inner)].into(),
        });
    }

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
