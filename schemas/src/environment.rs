//! What a run depends on and a result must not: times, hosts, paths, hashes of binaries.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tag::{Kind, Tag};

/// Where, when and by what a comparison was made. Outside every hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Kind and version of this object.
    pub schema: Tag<Environment>,
    /// The version of `lockstep`.
    pub lockstep_version: String,
    /// The machine's name.
    pub host: String,
    /// When the comparison began, in seconds since 1970.
    pub started_unix_s: u64,
    /// How long it took.
    pub wall_ns: u64,
    /// The model's path.
    pub model_path: String,
    /// The path of the reference's model, where it is another file.
    pub reference_model_path: Option<String>,
    /// The path of the candidate's tokenizer, where it is not the model's own.
    pub tokenizer_path: Option<String>,
    /// The candidate.
    pub candidate: EngineEnvironment,
    /// The reference.
    pub reference: EngineEnvironment,
}

impl Kind for Environment {
    const SCHEMA: &'static str = "lockstep/environment/v2";
}

/// One engine on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineEnvironment {
    /// The program and its leading arguments.
    pub command: Vec<String>,
    /// `sha256:` and the digest of the program's file; where arguments of its command are files, of them
    /// all.
    pub binary_sha256: Option<String>,
    /// The variables that its processes saw.
    pub variables: BTreeMap<String, String>,
    /// Its answer was kept from another time, which what follows is of.
    #[serde(default, skip_serializing_if = "is_false")]
    pub kept_answer: bool,
    /// The threads with which it evaluated, where it did.
    pub threads: Option<u32>,
    /// The engine's own time for the sequence.
    pub prefill_ns: Option<u64>,
    /// The engine's own time for the greedy steps.
    pub decode_ns: Option<u64>,
}

/// All that is of machine and time in a merged run: the only file of it that may be another one when
/// equal results are merged again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunEnvironment {
    /// Kind and version of this object.
    pub schema: Tag<RunEnvironment>,
    /// That of each case whose receipt came with one, by the case's id.
    pub cases: BTreeMap<String, Environment>,
}

impl Kind for RunEnvironment {
    const SCHEMA: &'static str = "lockstep/run-environment/v1";
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}
