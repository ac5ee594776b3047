//! Why a command has nothing to show: what `--format json` prints in place of its own object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::receipt::ExitRecord;
use crate::tag::{Kind, Tag};

/// A command that failed before it had anything to record: wrong flags, a file of no use, an engine
/// that nobody knows. What comes later has a verdict and is a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandFailure {
    /// Kind and version of this object.
    pub schema: Tag<CommandFailure>,
    /// What went wrong, as on standard error.
    pub error: String,
    /// The exit code of the command.
    pub exit: ExitRecord,
}

impl Kind for CommandFailure {
    const SCHEMA: &'static str = "lockstep/failure/v1";
}
