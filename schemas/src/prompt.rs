//! One prompt of a set: a line of a file of JSON lines.
//!
//! What is written has a name; a line that a user wrote need not have one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::line::ItemId;
use crate::tag::{Kind, Tag};
use crate::tokenize::Text;

/// One prompt of a set, with its name. What need not be said may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptLine {
    /// Kind and version of this object.
    pub schema: Tag<PromptLine>,
    /// By which reports call it; no other prompt of the set has it.
    pub name: ItemId,
    /// What the user wrote.
    pub text: Text,
    /// The system prompt, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The template, where it has one of its own: as `--prompt-template` names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What it is good for. `code` says that the text has code in it; other words are for people.
    #[serde(default)]
    pub tags: Vec<ItemId>,
}

impl Kind for PromptLine {
    const SCHEMA: &'static str = "lockstep/prompt/v1";
}

/// One prompt of a set as users write it. What need not be said may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenPrompt {
    /// Kind and version of this object.
    pub schema: Tag<WrittenPrompt>,
    /// By which reports call it; no other prompt of the set has it. Without one it is `line-N`, by its
    /// place in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ItemId>,
    /// What the user wrote.
    pub text: Text,
    /// The system prompt, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The template, where it has one of its own: as `--prompt-template` names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What it is good for. `code` says that the text has code in it; other words are for people.
    #[serde(default)]
    pub tags: Vec<ItemId>,
}

impl Kind for WrittenPrompt {
    const SCHEMA: &'static str = PromptLine::SCHEMA;
}
