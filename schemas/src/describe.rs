//! What an engine says of itself: `ENGINE describe [--model M]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tag::{Kind, Tag};

/// One object on standard output, the whole answer of `describe`.
///
/// The last three fields are there exactly when a model was named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeResponse {
    /// Kind and version of this object.
    pub schema: Tag<DescribeResponse>,
    /// The engine's name, for example `rust-engine` or `llama-scalar`.
    pub name: String,
    /// The version of the engine's own program.
    pub version: String,
    /// How the program was built.
    pub build: Build,
    /// The arithmetics that this build can compute, of `exact`, `f32`, `fast`.
    pub arithmetics: Vec<Arithmetic>,
    /// The architectures (as GGUF names them) that it was made for.
    pub architectures: Vec<String>,
    /// The tensor types (as GGUF names them) that it can read.
    pub tensor_types: Vec<String>,
    /// The tokenizers (as `tokenizer.ggml.model` names them) that it has, each with the values of
    /// `tokenizer.ggml.pre` that it knows for it. An engine need not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizers: Option<BTreeMap<String, Vec<String>>>,
    /// The names of the kernels that this machine would run, the best of each arithmetic.
    pub kernels: Vec<String>,
    /// The settings that hold when no flag changes them.
    pub settings: Settings,
    /// Facts of the model that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelFacts>,
    /// Whether this engine can evaluate that model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_run: Option<bool>,
    /// Why it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Kind for DescribeResponse {
    const SCHEMA: &'static str = "lockstep/describe-response/v1";
}

/// How an engine was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Compiler and version.
    pub compiler: String,
    /// The flags and options that make this build what it is.
    pub flags: Vec<String>,
    /// The SIMD sets that the code uses, in lower case, sorted.
    pub simd: Vec<String>,
    /// What does the work: a library, or the engine's own sources.
    pub library: Option<Library>,
}

/// A library, identified by what the registry knows of it; or an engine's own code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// For example `llama.cpp`.
    pub name: String,
    /// For example `llama-cpp-sys-2 0.1.161`.
    pub version: String,
    /// `sha256:` and the checksum of the source package, or of the engine's sources.
    pub source_checksum: String,
}

/// Which numbers an engine computes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Arithmetic {
    /// The scalar reference build's, operation by operation.
    Exact,
    /// Weights decoded to F32, no quantisation of activations, F32 KV cache.
    F32,
    /// The engine's own kernels and order.
    Fast,
}

/// The element type of the KV cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KvType {
    /// Keys and values rounded to half precision.
    F16,
    /// Keys and values as computed.
    F32,
}

/// What an evaluation ran with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The numbers computed.
    pub arithmetic: Arithmetic,
    /// Worker threads.
    pub threads: u32,
    /// Tokens that the KV cache holds; 0 stands for the model's own context before one is known.
    pub context: u32,
    /// Tokens evaluated together.
    pub micro_batch: u32,
    /// Element type of the KV cache.
    pub kv: KvType,
    /// Whether attention is computed in one fused pass.
    pub flash_attention: bool,
    /// Whether matrices are rearranged for the kernels when the model is loaded. Who does not say
    /// cannot be asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repack: Option<bool>,
    /// As in `build`: repeated so that each answer says by itself who gave it.
    pub library: Option<Library>,
    /// The SIMD sets that the code uses with these settings, in lower case, sorted.
    pub cpu_features: Vec<String>,
    /// The names of the kernels that ran; in a description, of those that would run. An engine need not
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernels: Option<Vec<String>>,
}

/// Facts of a model file, as the engine read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelFacts {
    /// `general.architecture`.
    pub architecture: String,
    /// Tokens in the vocabulary; each row of logits has as many numbers.
    pub vocabulary_size: u32,
    /// The context that the model was made for.
    pub context: u32,
    /// Ids by name, of `bos`, `eos`, `eot`, `unk`, `sep`, `pad`; those that the file has.
    pub special_tokens: BTreeMap<String, u32>,
    /// How many tensors there are of each type.
    pub tensor_type_counts: BTreeMap<String, u32>,
}
