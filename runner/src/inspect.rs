//! `lockstep inspect MODEL`: what is in a model file, without an engine.

use std::fmt::Write as _;
use std::path::Path;

use gguf::{Array, Header, Value};
use schemas::inspection::{Inspection, TensorRecord};
use schemas::tag::Tag;
use serde_json::json;

use crate::model_file::{self, ModelFileError};
use crate::text::escape_for_terminal;

/// How many elements of an array text shows.
const SHOWN_ELEMENTS: usize = 8;
/// How many characters of a string text shows.
const SHOWN_CHARACTERS: usize = 200;

/// Text for people: the tensor table, and the metadata if asked for.
pub fn text(path: &Path, show_metadata: bool) -> Result<String, ModelFileError> {
    let header = model_file::read_header(path)?;
    let mut text = String::new();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "GGUF version {}, {} metadata entries, {} tensors, data at byte {}",
        header.version(),
        header.metadata().entries().len(),
        header.tensors().len(),
        header.data_offset()
    );
    if show_metadata {
        for (key, value) in header.metadata().entries() {
            let key = escape_for_terminal(key);
            let _ = writeln!(text, "{key} ({}) = {}", value.type_name(), shown(value));
        }
    } else {
        text.push_str(&summary(&header));
    }
    for tensor in header.tensors() {
        let bytes = tensor
            .bytes
            .map_or("?".to_owned(), |bytes| bytes.to_string());
        let name = escape_for_terminal(&tensor.name);
        let tensor_type = tensor.tensor_type.to_string();
        let _ = writeln!(
            text,
            "{name:40} {tensor_type:8} {bytes:>12}  {:?}",
            tensor.dimensions
        );
    }
    Ok(text)
}

/// The few entries that decide what a comparison needs.
fn summary(header: &Header) -> String {
    let keys = [
        "general.architecture",
        "general.name",
        "tokenizer.ggml.model",
        "tokenizer.ggml.pre",
        "tokenizer.ggml.add_bos_token",
        "tokenizer.ggml.bos_token_id",
        "tokenizer.chat_template",
    ];
    keys.iter().fold(String::new(), |mut text, key| {
        let value = header.metadata().get(key);
        let value = value.map_or_else(|| "(absent)".to_owned(), shown);
        let _ = writeln!(text, "{key} = {value}");
        text
    })
}

/// One object: metadata whole, tensors as a list.
pub fn json(path: &Path) -> Result<Inspection, ModelFileError> {
    let header = model_file::read_header(path)?;
    let entries = header.metadata().entries().iter();
    let tensors = header.tensors().iter();
    Ok(Inspection {
        schema: Tag::new(),
        version: header.version(),
        alignment: header.alignment(),
        data_offset: header.data_offset(),
        metadata: entries
            .map(|(key, value)| (key.clone(), value_json(value)))
            .collect(),
        tensors: tensors
            .map(|tensor| TensorRecord {
                name: tensor.name.clone(),
                r#type: tensor.tensor_type.to_string(),
                dimensions: tensor.dimensions.clone(),
                offset: tensor.offset,
                bytes: tensor.bytes,
            })
            .collect(),
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let text = text.to_lossy();
            let start: String = text.chars().take(SHOWN_CHARACTERS).collect();
            let more = if start.len() < text.len() { "…" } else { "" };
            format!("\"{}{more}\"", escape_for_terminal(&start))
        }
        Value::Array(array) => {
            let elements = array_json(array);
            let elements = elements.as_array().map_or(&[][..], Vec::as_slice);
            let start: Vec<_> = elements
                .iter()
                .take(SHOWN_ELEMENTS)
                .map(|element| escape_for_terminal(&element.to_string()))
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

fn value_json(value: &Value) -> serde_json::Value {
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
        Value::Array(array) => array_json(array),
    }
}

fn array_json(array: &Array) -> serde_json::Value {
    match array {
        Array::U8(v) => json!(v),
        Array::I8(v) => json!(v),
        Array::U16(v) => json!(v),
        Array::I16(v) => json!(v),
        Array::U32(v) => json!(v),
        Array::I32(v) => json!(v),
        Array::U64(v) => json!(v),
        Array::I64(v) => json!(v),
        Array::F32(v) => v.iter().map(|&x| float_json(f64::from(x))).collect(),
        Array::F64(v) => v.iter().map(|&x| float_json(x)).collect(),
        Array::Bool(v) => json!(v),
        Array::String(v) => v.iter().map(|text| json!(text.to_lossy())).collect(),
        Array::Array(v) => v.iter().map(array_json).collect(),
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
