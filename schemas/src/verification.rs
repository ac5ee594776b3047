//! Whether stored receipts can be believed: `lockstep verify-receipt --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::receipt::{ExitRecord, Verdict};
use crate::tag::{Kind, Tag};

/// What was found of some files. It is shown and not stored, so it may name paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// Kind and version of this object.
    pub schema: Tag<Verification>,
    /// The exit code of the command that wrote this; 0 when nothing was found.
    pub exit: ExitRecord,
    /// One for each file, in the order in which they were named.
    pub files: Vec<VerifiedFile>,
}

impl Kind for Verification {
    const SCHEMA: &'static str = "lockstep/verification/v1";
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifiedFile {
    /// Its path, as it was named.
    pub path: String,
    /// What it says, if it is a receipt; believe it where nothing was found.
    pub verdict: Option<Verdict>,
    /// All that is wrong with it.
    pub findings: Vec<VerificationFinding>,
}

/// Something that is wrong with a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationFinding {
    /// The way to the field.
    pub place: String,
    /// What is wrong there. It may repeat what the file says: escape before showing.
    pub problem: String,
}
