//! Copies a vocabulary's facts from a file's metadata, for the tokenizer, and makes it.

use gguf::{Array, GgufError, Metadata, Text, Value};

use crate::tokenizer::{SPECIAL_ID_KEYS, Tokenizer, VocabularyFacts};

/// All that the tokenizer wants to know.
pub fn facts(metadata: &Metadata) -> Result<VocabularyFacts, GgufError> {
    let text = |key: &str| Ok::<_, GgufError>(metadata.str(key)?.map(str::to_owned));
    let model = text("tokenizer.ggml.model")?;
    let tokens = metadata.strings("tokenizer.ggml.tokens")?;
    let mut special_ids = Vec::new();
    for (key, role) in SPECIAL_ID_KEYS {
        if let Some(id) = metadata.u32(key)? {
            special_ids.push((role, id));
        }
    }
    Ok(VocabularyFacts {
        model: super::required(model, "tokenizer.ggml.model")?,
        pre: text("tokenizer.ggml.pre")?,
        tokens: bytes(super::required(tokens, "tokenizer.ggml.tokens")?),
        token_types: metadata
            .i32s("tokenizer.ggml.token_type")?
            .map(<[i32]>::to_vec),
        scores: scores(metadata)?,
        merges: metadata.strings("tokenizer.ggml.merges")?.map(bytes),
        special_ids,
        add_bos: metadata.bool("tokenizer.ggml.add_bos_token")?,
        add_eos: metadata.bool("tokenizer.ggml.add_eos_token")?,
        add_space_prefix: metadata.bool("tokenizer.ggml.add_space_prefix")?,
        general_name: text("general.name")?,
        architecture: text("general.architecture")?,
    })
}

/// The tokenizer of a vocabulary, if it makes one here.
pub fn tokenizer(metadata: &Metadata) -> Option<Tokenizer> {
    let facts = facts(metadata).ok()?;
    Tokenizer::from_vocabulary(&facts).ok()
}

fn bytes(texts: &[Text]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Some files write scores as integers.
fn scores(metadata: &Metadata) -> Result<Option<Vec<f32>>, GgufError> {
    let key = "tokenizer.ggml.scores";
    match metadata.get(key) {
        Some(Value::Array(Array::I32(scores))) => {
            Ok(Some(scores.iter().map(|&score| score as f32).collect()))
        }
        _ => Ok(metadata.f32s(key)?.map(<[f32]>::to_vec)),
    }
}
