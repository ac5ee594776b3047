//! The tokens that both engines agreed on, as a file beside the receipt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tag::{Kind, Tag};

/// The agreed tokens of one comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreedTokensFile {
    /// Kind and version of this object.
    pub schema: Tag<AgreedTokensFile>,
    /// The tokens that were evaluated.
    pub ids: Vec<u32>,
}

impl Kind for AgreedTokensFile {
    const SCHEMA: &'static str = "lockstep/agreed-tokens/v1";
}
