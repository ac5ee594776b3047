//! What is in a model file: `lockstep inspect MODEL --format json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::norms::NormReport;
use crate::number::Finite;
use crate::preflight::EngineStatus;
use crate::receipt::ExitRecord;
use crate::tag::{Kind, Tag};

/// A GGUF file, and which engines can run it. It is shown and not stored: like `preflight` it
/// describes one machine at one moment, and may name paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// Kind and version of this object.
    pub schema: Tag<Inspection>,
    /// The exit code of the command that wrote this; 0 is `ok` here.
    pub exit: ExitRecord,
    /// The version of the container.
    pub version: u32,
    /// Size of the file.
    pub file_bytes: u64,
    /// Its hash, `sha256:` and the digits, if that was asked for.
    pub sha256: Option<String>,
    /// What the offset of every tensor is a multiple of.
    pub alignment: u64,
    /// Where the tensors begin.
    pub data_offset: u64,
    /// The metadata: all of it, or the keys that were asked for. A number that JSON has no form for
    /// is told by its name: `"NaN"`, `"inf"`.
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// What the metadata says of the tokenizer.
    pub tokenizer: TokenizerFacts,
    /// The chat templates by their names; the one that is meant unless another is asked for is
    /// called `default`.
    pub chat_templates: BTreeMap<String, String>,
    /// All tensors, in the file's order.
    pub tensors: Vec<TensorRecord>,
    /// How much there is of each tensor type, most bytes first.
    pub types: Vec<TypeTotal>,
    /// Which engines can run it; absent when they were not asked.
    pub engines: Option<Vec<EngineStatus>>,
    /// Its norm weights; absent when nobody asked for them.
    pub norms: Option<NormReport>,
}

impl Kind for Inspection {
    const SCHEMA: &'static str = "lockstep/inspect/v2";
}

/// What the metadata says of the tokenizer. What it does not say is absent, and so is what has
/// another type than it should; then a warning says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenizerFacts {
    /// The kind of tokenizer, as `gpt2` for byte-level BPE.
    pub model: Option<String>,
    /// How text is split before merges are applied.
    pub pre: Option<String>,
    /// How many tokens there are.
    pub n_tokens: Option<u64>,
    /// How many merges there are.
    pub n_merges: Option<u64>,
    /// How many tokens there are of each type, as `normal`, `control`, `byte`.
    pub token_types: Option<BTreeMap<String, u64>>,
    /// The tokens with a task, sorted by it.
    pub special: Vec<SpecialToken>,
    /// Whether a BOS token is put in front.
    pub add_bos: Option<bool>,
    /// Whether an EOS token is put behind.
    pub add_eos: Option<bool>,
    /// Whether a blank is put in front.
    pub add_space_prefix: Option<bool>,
    /// What will or may go wrong with it.
    pub warnings: Vec<String>,
}

/// A token with a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialToken {
    /// The task, as `bos`, `eos`, `unknown`.
    pub role: String,
    /// Its id.
    pub id: u32,
    /// Its text, U+FFFD for what is not UTF-8; absent for an id outside the vocabulary.
    pub text: Option<String>,
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

/// All tensors of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeTotal {
    /// The type.
    pub r#type: String,
    /// How many tensors have it.
    pub n_tensors: u64,
    /// How many elements they have.
    pub n_elements: u64,
    /// How many bytes they have; absent for a type of unknown layout.
    pub bytes: Option<u64>,
    /// Their share of the bytes of all tensors whose size is known, from 0 to 1.
    pub share: Option<Finite>,
}
