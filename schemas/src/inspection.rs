//! What is in a model file: `lockstep inspect MODEL --format json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tag::{Kind, Tag};

/// The header of a GGUF file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// Kind and version of this object.
    pub schema: Tag<Inspection>,
    /// The version of the container.
    pub version: u32,
    /// What the offset of every tensor is a multiple of.
    pub alignment: u64,
    /// Where the tensors begin.
    pub data_offset: u64,
    /// All metadata. A number that JSON has no form for is told by its name: `"NaN"`, `"inf"`.
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// All tensors, in the file's order.
    pub tensors: Vec<TensorRecord>,
}

impl Kind for Inspection {
    const SCHEMA: &'static str = "lockstep/inspect/v1";
}

/// One tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TensorRecord {
    /// Its name.
    pub name: String,
    /// Its type, as `Q4_K`.
    pub r#type: String,
    /// Its dimensions, the one that lies together first.
    pub dimensions: Vec<u64>,
    /// Where it begins, from the beginning of the tensors.
    pub offset: u64,
    /// How many bytes it has; absent for a type of unknown layout.
    pub bytes: Option<u64>,
}
