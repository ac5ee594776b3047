//! What a reference has answered, kept so that it need not be asked again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluate::Evaluated;
use crate::tag::{Kind, Tag};

/// An answer; its numbers lie in files beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceAnswer {
    /// Kind and version of this object.
    pub schema: Tag<ReferenceAnswer>,
    /// `sha256:` and the digest of all that the answer depends on.
    pub key: String,
    /// What the engine said.
    pub response: Evaluated,
    /// `sha256:` and the digest of the file of logits.
    pub logits_sha256: String,
    /// The same of the greedy steps' logits.
    pub greedy_sha256: String,
    /// `sha256:` and the digest of this object in its canonical form, with nothing in this field.
    pub digest: String,
}

impl Kind for ReferenceAnswer {
    const SCHEMA: &'static str = "lockstep/reference-answer/v1";
}
