//! What is asked of the process that renders a chat template, and what it answers: a line of JSON
//! each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One template and what it is filled with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    /// The template.
    pub(super) template: String,
    /// The chat.
    pub(super) messages: Vec<Message>,
    /// The texts of special tokens, by the names that transformers give them (`bos_token`).
    pub(super) tokens: BTreeMap<String, String>,
    /// The day, as YYYY-MM-DD.
    pub(super) date: String,
    /// The user named the day, so it is also given as `date_string`.
    pub(super) date_is_given: bool,
}

/// One message of a chat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    /// `system` or `user`.
    pub(super) role: String,
    /// Its text.
    pub(super) content: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The template was rendered.
    Rendered {
        /// The text.
        text: String,
        /// Whether the template asked for the day.
        asked_for_date: bool,
    },
    /// It could not be; why.
    Failed(String),
}
