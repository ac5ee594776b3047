//! Which engines are there and what they can do: `lockstep preflight --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::describe::DescribeResponse;
use crate::receipt::{ExitRecord, Profile};
use crate::tag::{Kind, Tag};

/// Whether a comparison can begin, and what is missing. It describes one machine at one moment:
/// it is shown and not stored, so it may name paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    /// Kind and version of this object.
    pub schema: Tag<Preflight>,
    /// Whether a comparison without a flag can begin: that of the default profile.
    pub ready: bool,
    /// The exit code of the command that wrote this; 0 is `ready` here.
    pub exit: ExitRecord,
    /// The model that was named.
    pub model: Option<String>,
    /// For each profile, whether its default candidate and reference can be compared.
    pub profiles: Vec<ProfileStatus>,
    /// All engines that are known, in the order of the catalogue.
    pub engines: Vec<EngineStatus>,
}

impl Kind for Preflight {
    const SCHEMA: &'static str = "lockstep/preflight/v2";
}

/// One profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileStatus {
    /// The profile.
    pub profile: Profile,
    /// Whether its default candidate and its default reference can be used, with the model if one
    /// was named.
    pub ready: bool,
    /// The reference that it takes when no flag says otherwise.
    pub default_reference: String,
    /// All references that can be used and compute what it needs.
    pub references: Vec<String>,
}

/// One engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineStatus {
    /// The name by which it is asked for.
    pub name: String,
    /// What it is for when no flag says otherwise.
    pub role: Role,
    /// Whether it could be started and described itself.
    pub available: bool,
    /// Whether it can be used here: it is available and can run the model, if one was named.
    pub usable: bool,
    /// Whether it can run the model: `null` without one, and where nobody could tell.
    pub can_run: Option<bool>,
    /// Who configured it: `built-in`, or the configuration file.
    pub origin: String,
    /// The program and its leading arguments; empty for an engine that nothing can start yet.
    pub command: Vec<String>,
    /// What it says of itself, and of the model if it could read it.
    pub description: Option<DescribeResponse>,
    /// Why it cannot be used. It may repeat what the engine said: escape before showing.
    pub problem: Option<String>,
    /// A reference that nothing is known against, where this one is known to be unfit for the model.
    pub better: Option<String>,
    /// Its last words on standard error, when it failed, as it wrote them.
    pub last_words: Vec<String>,
    /// What mends it: a command, if there is one.
    pub mend: Option<String>,
}

/// What an engine is for when no flag says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It is judged.
    Candidate,
    /// The candidate is judged against it.
    Reference,
}
