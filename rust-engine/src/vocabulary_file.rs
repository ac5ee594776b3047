//! `rust-engine vocabulary`: a file of a vocabulary alone, out of a `tokenizer.json`.
//!
//! So that llama.cpp and this engine can be compared on vocabularies whose models are not at hand.
//! Tokens, their types and merges are the file's. What it does not say in a way that can be carried
//! over is asked for: the pre-tokenizer's name, and which tokens begin and end a text. Both engines
//! open such a file to tokenize, and refuse to evaluate with it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use gguf::{Array, Text, Value, write};
use serde_json::Value as Json;

use crate::model::ModelError;
use crate::output;
use crate::serve::{ServeError, io_error};

/// What to convert, and what the file does not say.
#[derive(clap::Args)]
pub struct Flags {
    /// The tokenizer.json
    #[arg(long)]
    from: PathBuf,
    /// Its pre-tokenizer, by llama.cpp's name (default: the file names none, as some in the wild)
    #[arg(long)]
    pre: Option<String>,
    /// The text of the token that begins a text
    #[arg(long)]
    bos: Option<String>,
    /// The text of the token that ends a text
    #[arg(long)]
    eos: Option<String>,
    /// The file to write
    out: PathBuf,
}

const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;

/// Writes the vocabulary; it appears under its name when it is complete.
pub fn write(flags: &Flags) -> Result<(), ServeError> {
    let failed = |error| ServeError::Model {
        path: flags.from.display().to_string(),
        error,
    };
    output::check_target(&flags.out).map_err(ServeError::Usage)?;
    let bytes = std::fs::read(&flags.from).map_err(|error| failed(ModelError::Io(error)))?;
    let entries = serde_json::from_slice(&bytes)
        .map_err(|error| format!("no JSON: {error}"))
        .and_then(|json| entries(&json, flags))
        .map_err(|why| failed(ModelError::unsupported(why)))?;
    write_file(&entries, &flags.out).map_err(io_error(format!("writing {}", flags.out.display())))
}

fn write_file(entries: &[(String, Value)], out: &Path) -> io::Result<()> {
    let mut file = output::temporary_beside(out)?;
    file.write_all(&write::header(entries, &[])?)?;
    file.persist(out)?;
    Ok(())
}

fn entries(json: &Json, flags: &Flags) -> Result<Vec<(String, Value)>, String> {
    let model = &json["model"];
    // Old files do not name the kind; they have merges if it is BPE.
    let kind = model["type"].as_str().unwrap_or("BPE");
    let (Some(vocabulary), Some(merges), "BPE") =
        (model["vocab"].as_object(), model["merges"].as_array(), kind)
    else {
        return Err(format!(
            "its model is {kind}, with a vocabulary and merges only BPE can be carried over"
        ));
    };
    let is_text = model["byte_fallback"] == true;
    let pre = flags.pre.as_deref();
    let model_name = match (is_text, pre.unwrap_or_default()) {
        (true, "gemma4") => "gemma4",
        (false, pre) if pre != "gemma4" => "gpt2",
        (_, pre) => {
            let kind = if is_text { "text" } else { "bytes" };
            return Err(format!("its BPE is over {kind}, and `{pre}` is not"));
        }
    };
    let mut tokens = BTreeMap::new();
    for (text, id) in vocabulary {
        let token_type = if is_text && is_byte(text) {
            BYTE
        } else {
            NORMAL
        };
        add(&mut tokens, text, id, token_type)?;
    }
    for added in json["added_tokens"].as_array().into_iter().flatten() {
        let special = added["special"] == true;
        let token_type = if special { CONTROL } else { USER_DEFINED };
        let text = added["content"].as_str().unwrap_or_default();
        add(&mut tokens, text, &added["id"], token_type)?;
    }
    let id_of = |text: &str| {
        let found = tokens.iter().find(|(_, (token, _))| token == text);
        found
            .map(|(id, _)| *id)
            .ok_or(format!("it has no token `{text}`"))
    };
    let mut special_ids = Vec::new();
    for (key, text) in [
        ("tokenizer.ggml.bos_token_id", flags.bos.as_deref()),
        ("tokenizer.ggml.eos_token_id", flags.eos.as_deref()),
        (
            "tokenizer.ggml.unknown_token_id",
            model["unk_token"].as_str(),
        ),
    ] {
        if let Some(text) = text {
            special_ids.push((key.to_owned(), Value::U32(id_of(text)?)));
        }
    }
    if let Some(unknown) = model["unk_token"].as_str() {
        tokens
            .entry(id_of(unknown)?)
            .and_modify(|token| token.1 = UNKNOWN);
    }
    let merges = merges.iter().map(merge_line).collect::<Result<_, _>>()?;
    let mut entries = hyperparameters();
    entries.extend(tokenizer_entries(model_name, &tokens, merges));
    entries.extend(special_ids);
    if let Some(pre) = pre {
        let pre = Value::String(pre.into());
        entries.push(("tokenizer.ggml.pre".to_owned(), pre));
    }
    Ok(entries)
}

/// Ids run up to this, so that a wrong one does not ask for all memory.
const MOST_TOKENS: u64 = 1 << 24;

fn add(
    tokens: &mut BTreeMap<u32, (String, i32)>,
    text: &str,
    id: &Json,
    token_type: i32,
) -> Result<(), String> {
    let id = id.as_u64().filter(|id| *id < MOST_TOKENS);
    let id = id.ok_or_else(|| format!("the token `{text}` has no sensible id"))?;
    match tokens.insert(id as u32, (text.to_owned(), token_type)) {
        Some((other, _)) if other != text => {
            Err(format!("`{other}` and `{text}` have one id, {id}"))
        }
        _ => Ok(()),
    }
}

fn is_byte(text: &str) -> bool {
    let digits = text
        .strip_prefix("<0x")
        .and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && u8::from_str_radix(digits, 16).is_ok())
}

/// A merge is a line of two parts, or in newer files a pair.
fn merge_line(merge: &Json) -> Result<Text, String> {
    let line = match merge {
        Json::String(line) => line.clone(),
        _ => match (merge[0].as_str(), merge[1].as_str()) {
            (Some(left), Some(right)) if !left.contains(' ') && !right.contains(' ') => {
                format!("{left} {right}")
            }
            _ => {
                return Err(format!(
                    "the merge {merge} is no pair of texts without blanks"
                ));
            }
        },
    };
    Ok(Text::from(line.as_str()))
}

/// Ids that no token has are unused ones, as other converters have it.
fn tokenizer_entries(
    model: &str,
    tokens: &BTreeMap<u32, (String, i32)>,
    merges: Vec<Text>,
) -> Vec<(String, Value)> {
    let n_tokens = tokens.last_key_value().map_or(0, |(last, _)| last + 1);
    let (texts, types) = (0..n_tokens)
        .map(|id| match tokens.get(&id) {
            Some((text, token_type)) => (Text::from(text.as_str()), *token_type),
            None => (Text::from(format!("[PAD{id}]").as_str()), UNUSED),
        })
        .unzip();
    [
        ("tokenizer.ggml.model", Value::String(model.into())),
        ("tokenizer.ggml.tokens", Value::Array(Array::String(texts))),
        ("tokenizer.ggml.token_type", Value::Array(Array::I32(types))),
        ("tokenizer.ggml.merges", Value::Array(Array::String(merges))),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

/// llama.cpp asks for the shape of a model even where it reads only the vocabulary.
fn hyperparameters() -> Vec<(String, Value)> {
    [
        ("general.architecture", Value::String("llama".into())),
        ("general.name", Value::String("a vocabulary".into())),
        ("llama.block_count", Value::U32(1)),
        ("llama.context_length", Value::U32(1)),
        ("llama.embedding_length", Value::U32(32)),
        ("llama.feed_forward_length", Value::U32(32)),
        ("llama.attention.head_count", Value::U32(1)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}
