//! The chat template of a model file: which one it is, and the text that it makes of a chat.
//!
//! Templates are programs (Jinja) that come with a model, so they are not trusted. `render` runs
//! them within limits, in a process of its own that `isolated` starts and watches. In `generation`,
//! `literals`, `python`, `json` and `date` is what templates of models expect beyond Jinja.

mod date;
mod generation;
mod isolated;
mod job;
mod json;
mod literals;
mod python;
mod render;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gguf::{Header, Value};

pub use date::Date;
pub(crate) use isolated::SUBCOMMAND as RENDER_CHAT_TEMPLATE;
pub use isolated::serve;

use super::error::PromptError;
use crate::engine::Supervision;
use crate::model_file::CHAT_TEMPLATE_KEY;
use job::{Job, Message};

/// The longest template that is read. Published ones have up to some tens of kB.
const LONGEST_BYTES: usize = 1 << 20;

/// Transformers' names of special tokens, and the keys of their ids (one is misspelt by the format).
const SPECIAL_TOKENS: [(&str, &str); 7] = [
    ("bos_token", "tokenizer.ggml.bos_token_id"),
    ("eos_token", "tokenizer.ggml.eos_token_id"),
    ("unk_token", "tokenizer.ggml.unknown_token_id"),
    ("sep_token", "tokenizer.ggml.seperator_token_id"),
    ("pad_token", "tokenizer.ggml.padding_token_id"),
    ("cls_token", "tokenizer.ggml.cls_token_id"),
    ("mask_token", "tokenizer.ggml.mask_token_id"),
];

/// A template of a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChatTemplate {
    /// The key under which the file has it.
    pub(super) key: String,
    /// Its text.
    pub(super) source: String,
    /// The special tokens that the file names, by transformers' names.
    tokens: BTreeMap<String, String>,
}

/// The default template of a file, or the one of this name; `None` when the file has none such.
pub(super) fn find(
    header: &Header,
    name: Option<&str>,
) -> Result<Option<ChatTemplate>, PromptError> {
    let key = match name {
        None => CHAT_TEMPLATE_KEY.to_owned(),
        Some(name) => format!("{CHAT_TEMPLATE_KEY}.{name}"),
    };
    let wrong = |problem: String| PromptError::Template {
        key: key.clone(),
        problem,
    };
    let source = match header.metadata().get(&key) {
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => {
            return Err(wrong(format!(
                "is a {}, expected a text",
                other.type_name()
            )));
        }
    };
    let source_bytes = source.as_bytes().len();
    if source_bytes > LONGEST_BYTES {
        return Err(wrong(format!(
            "has {source_bytes} bytes, at most {LONGEST_BYTES} are read"
        )));
    }
    let source = source
        .as_str()
        .ok_or_else(|| wrong("is not UTF-8".to_owned()))?
        .to_owned();
    Ok(Some(ChatTemplate {
        source,
        tokens: special_tokens(header),
        key,
    }))
}

/// The names of the templates that a file has beside its default.
pub(super) fn names(header: &Header) -> Vec<String> {
    let prefix = format!("{CHAT_TEMPLATE_KEY}.");
    let entries = header.metadata().entries().iter();
    let named = entries.filter_map(|(key, _)| key.strip_prefix(&prefix));
    named.map(str::to_owned).collect()
}

/// What is ill-typed, out of range or no UTF-8 counts as absent: the engines will say so.
fn special_tokens(header: &Header) -> BTreeMap<String, String> {
    let metadata = header.metadata();
    let Ok(Some(texts)) = metadata.strings("tokenizer.ggml.tokens") else {
        return BTreeMap::new();
    };
    let token = |key| {
        let id = metadata.u32(key).ok().flatten()?;
        Some(texts.get(id as usize)?.as_str()?.to_owned())
    };
    let found = SPECIAL_TOKENS
        .into_iter()
        .filter_map(|(name, key)| Some((name.to_owned(), token(key)?)));
    found.collect()
}

/// What a template made of a chat.
pub(super) struct Rendered {
    /// The text.
    pub(super) text: String,
    /// The day that the template was told, if it was.
    pub(super) date: Option<Date>,
}

impl ChatTemplate {
    /// Whether it makes the same text of every chat: the texts of its tokens are part of that.
    pub(super) fn writes_as(&self, other: &Self) -> bool {
        (&self.source, &self.tokens) == (&other.source, &other.tokens)
    }

    /// Its name, where it is not the file's default.
    pub(super) fn name(&self) -> Option<&str> {
        self.key.strip_prefix(CHAT_TEMPLATE_KEY)?.strip_prefix('.')
    }

    /// The BOS token's text, where the file names one that has any.
    fn bos(&self) -> Option<&str> {
        let bos = self.tokens.get("bos_token")?;
        Some(bos.as_str()).filter(|text| !text.is_empty())
    }

    /// Whether a text begins with the BOS token's own text, so that a tokenizer that parses special
    /// tokens and puts BOS in front would make two of it.
    pub(super) fn begins_with_bos(&self, text: &str) -> bool {
        self.bos().is_some_and(|bos| text.starts_with(bos))
    }

    /// The text of a chat of one user message, ready for the assistant's answer.
    pub(super) fn apply(
        &self,
        system: Option<&str>,
        user: &str,
        date: Option<Date>,
        supervision: &Supervision,
    ) -> Result<Rendered, PromptError> {
        let message = |role: &str, content: &str| Message {
            role: role.to_owned(),
            content: content.to_owned(),
        };
        let system = system.map(|text| message("system", text));
        let told = date.unwrap_or(Date::FIXED);
        let job = Job {
            template: self.source.clone(),
            messages: system.into_iter().chain([message("user", user)]).collect(),
            tokens: self.tokens.clone(),
            date: told.to_string(),
            date_is_given: date.is_some(),
        };
        let wrong = |problem| PromptError::Template {
            key: self.key.clone(),
            problem,
        };
        match isolated::render(&job, supervision)? {
            job::Answer::Failed(problem) => Err(wrong(problem)),
            job::Answer::Rendered {
                text,
                asked_for_date,
            } => Ok(Rendered {
                text,
                date: asked_for_date.then_some(told),
            }),
        }
    }
}
