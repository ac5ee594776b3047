//! A small, sound model file: one tensor, and the vocabulary of the table engine.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use gguf::write::PlannedTensor;
use gguf::{Array, TensorType, Text, Value};

/// Writes the model without a chat template; `add_bos` is what it says of a BOS token, `pre` how its text is split, if it
/// says so.
pub(crate) fn write(path: &Path, add_bos: bool, pre: Option<&str>) {
    write_with(path, add_bos, pre, &[]);
}

/// Writes the model with further texts in its metadata.
pub(crate) fn write_with(path: &Path, add_bos: bool, pre: Option<&str>, more: &[(&str, &str)]) {
    let bytes = (0..256).map(|byte| Text::from(format!("<{byte}>")));
    let control = [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|start_header_id|>",
    ];
    let control = control.iter().chain(&["<|end_header_id|>", "<|eot_id|>"]);
    let tokens = bytes.chain(control.map(|&text| Text::from(text))).collect();
    let text = |text: &str| Value::String(text.into());
    let mut entries = vec![
        ("general.architecture", text("llama")),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.tokens", Value::Array(Array::String(tokens))),
        ("tokenizer.ggml.bos_token_id", Value::U32(256)),
        ("tokenizer.ggml.eos_token_id", Value::U32(257)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(add_bos)),
    ];
    entries.extend(pre.map(|pre| ("tokenizer.ggml.pre", text(pre))));
    entries.extend(more.iter().map(|&(key, value)| (key, text(value))));
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let tensor = PlannedTensor {
        name: "output_norm.weight".to_owned(),
        dimensions: vec![4],
        tensor_type: TensorType::F32,
    };
    let mut file = File::create(path).expect("the folder can be written");
    gguf::write::file(&mut file, &entries, &[tensor], |_, out| {
        out.write_all(&[0; 16])
    })
    .expect("the file can be written");
}
