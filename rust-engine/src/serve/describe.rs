//! `rust-engine describe`: who this engine is and what it can do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gguf::Metadata;
use schemas::describe::{
    Arithmetic, Build, DescribeResponse, KvType, Library, ModelFacts, Settings,
};
use schemas::tag::Tag;

use super::ServeError;
use crate::formats;
use crate::forward::Kernels;
use crate::model::{Model, ModelError, ModelFile, families, vocabulary};
use crate::tokenizer::{self, Role, SPECIAL_ID_KEYS};

/// The engine's name in answers and receipts.
pub const NAME: &str = "rust-engine";
/// Tokens evaluated together unless a flag says otherwise; the reference's own default.
pub const MICRO_BATCH: u32 = 512;

/// The special tokens that are told, by the names that the harness has for them too.
const SPECIAL_TOKENS: [(&str, Role); 6] = [
    ("bos", Role::Bos),
    ("eos", Role::Eos),
    ("eot", Role::Eot),
    ("unk", Role::Unk),
    ("sep", Role::Sep),
    ("pad", Role::Pad),
];

/// Describes the engine, and the model if one is named.
pub fn describe(model: Option<&Path>) -> Result<DescribeResponse, ServeError> {
    let kernels = [Arithmetic::Exact, Arithmetic::Fast].map(best);
    let mut answer = DescribeResponse {
        schema: Tag::new(),
        name: NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: build(&kernels),
        arithmetics: vec![Arithmetic::Exact, Arithmetic::F32, Arithmetic::Fast],
        architectures: families::architectures()
            .iter()
            .map(ToString::to_string)
            .collect(),
        tensor_types: formats::SUPPORTED.iter().map(ToString::to_string).collect(),
        tokenizers: Some(tokenizers()),
        kernels: kernels.iter().map(|it| it.name().to_owned()).collect(),
        settings: default_settings(&kernels[0]),
        model: None,
        can_run: None,
        reason: None,
    };
    if let Some(path) = model {
        let failed = |error| ServeError::Model {
            path: path.display().to_string(),
            error,
        };
        let file = ModelFile::open(path).map_err(failed)?;
        answer.model = Some(facts(&file).map_err(failed)?);
        answer.reason = Model::new(file).err().map(|error| error.to_string());
        answer.can_run = Some(answer.reason.is_none());
    }
    Ok(answer)
}

/// The kernels that an arithmetic runs unless others are asked for.
fn best(arithmetic: Arithmetic) -> Kernels {
    Kernels::choose(arithmetic, None).expect("without a name there is always a set")
}

fn tokenizers() -> BTreeMap<String, Vec<String>> {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    tokenizer::known()
        .into_iter()
        .map(|(model, pre)| (model.to_owned(), owned(pre)))
        .collect()
}

fn build(kernels: &[Kernels]) -> Build {
    let flags = vec![
        format!("opt-level={}", env!("ENGINE_OPT_LEVEL")),
        format!("target={}", env!("ENGINE_TARGET")),
    ];
    #[cfg(feature = "faults")]
    let flags = [flags, crate::faults::build_flags()].concat();
    Build {
        compiler: env!("ENGINE_COMPILER").to_owned(),
        flags,
        simd: simd(kernels),
        library: Some(library()),
    }
}

/// The engine's own code: two programs of one version that compute otherwise differ in this.
fn library() -> Library {
    Library {
        name: NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        source_checksum: env!("ENGINE_SOURCES").to_owned(),
    }
}

/// What the compiler may use everywhere, and what these kernels use beside it.
fn simd(kernels: &[Kernels]) -> Vec<String> {
    let of_kernels = kernels.iter().flat_map(Kernels::simd);
    let mut simd: BTreeSet<_> = of_kernels.map(ToString::to_string).collect();
    if cfg!(target_feature = "sse2") {
        simd.insert("sse2".to_owned());
    }
    simd.into_iter().collect()
}

/// The settings that hold when no flag changes them; a context of 0 stands for the model's own.
pub fn default_settings(kernels: &Kernels) -> Settings {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Settings {
        arithmetic: Arithmetic::Exact,
        threads: threads as u32,
        context: 0,
        micro_batch: MICRO_BATCH,
        kv: KvType::F16,
        flash_attention: false,
        repack: None,
        library: Some(library()),
        cpu_features: simd(std::slice::from_ref(kernels)),
        kernels: Some(vec![kernels.name().to_owned()]),
    }
}

fn facts(file: &ModelFile) -> Result<ModelFacts, ModelError> {
    let metadata = file.header.metadata();
    let architecture = file.architecture()?;
    let mut tensor_type_counts = BTreeMap::new();
    for tensor in file.header.tensors() {
        *tensor_type_counts
            .entry(tensor.tensor_type.to_string())
            .or_insert(0) += 1;
    }
    let embedding = file.header.tensor("token_embd.weight");
    Ok(ModelFacts {
        architecture: architecture.to_owned(),
        vocabulary_size: embedding.map_or(0, |tensor| tensor.rows() as u32),
        context: metadata
            .u32(&format!("{architecture}.context_length"))?
            .unwrap_or(0),
        special_tokens: special_tokens(metadata)?,
        tensor_type_counts,
    })
}

/// As the tokenizer has them: named by the file, or known by their texts. Of a vocabulary that
/// makes no tokenizer here, those that the file names.
fn special_tokens(metadata: &Metadata) -> Result<BTreeMap<String, u32>, ModelError> {
    let tokenizer = vocabulary::tokenizer(metadata);
    let mut found = BTreeMap::new();
    for (name, role) in SPECIAL_TOKENS {
        let id = match &tokenizer {
            Some(tokenizer) => tokenizer.special_id(role),
            None => named_id(metadata, role)?,
        };
        found.extend(id.map(|id| (name.to_owned(), id)));
    }
    Ok(found)
}

fn named_id(metadata: &Metadata, role: Role) -> Result<Option<u32>, ModelError> {
    let keys = SPECIAL_ID_KEYS.iter().filter(|(_, its)| *its == role);
    for (key, _) in keys {
        if let Some(id) = metadata.u32(key)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
