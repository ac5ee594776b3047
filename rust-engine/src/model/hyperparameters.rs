//! Sizes and constants of a model, from its metadata.

use gguf::{Metadata, Value};

use super::{ARCHITECTURES, ModelError, ModelFile, required};

/// How a rotated head pairs its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopePairs {
    /// Element `2i` with `2i + 1`.
    Neighbours,
}

/// Rotary position encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    /// Which elements turn together.
    pub pairs: RopePairs,
    /// The base whose powers are the wavelengths.
    pub base: f32,
    /// 1 over the factor of linear scaling.
    pub scale: f32,
    /// Multiplies sines and cosines.
    pub attention_factor: f32,
}

/// What the forward pass needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperparameters {
    /// Blocks of attention and feed-forward.
    pub n_layers: usize,
    /// Numbers of a token's embedding.
    pub width: usize,
    /// Numbers inside the feed-forward part.
    pub ffn_width: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; each serves `n_heads / n_kv_heads` query heads.
    pub n_kv_heads: usize,
    /// Numbers of a head.
    pub head_width: usize,
    /// Tokens that the model was made for.
    pub context: usize,
    /// Tokens of the vocabulary: rows of the embedding.
    pub vocabulary_size: usize,
    /// Added under the root of RMS norms.
    pub norm_epsilon: f32,
    /// Multiplies attention scores.
    pub attention_scale: f32,
    /// Rotary position encoding.
    pub rope: Rope,
}

/// Metadata of one architecture: keys begin with its name.
struct Keys<'a> {
    metadata: &'a Metadata,
    architecture: &'a str,
}

impl Keys<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    fn size(&self, name: &str) -> Result<Option<usize>, ModelError> {
        let key = self.key(name);
        if let Some(Value::Array(_)) = self.metadata.get(&key) {
            return Err(ModelError::unsupported(format!(
                "metadata {key:?} has a value for each layer: only layers of one shape are known"
            )));
        }
        let size = self.metadata.u32(&key)?.map(|n| n as usize);
        if size == Some(0) {
            return Err(ModelError::unsupported(format!("metadata {key:?} is 0")));
        }
        Ok(size)
    }

    fn needed_size(&self, name: &str) -> Result<usize, ModelError> {
        Ok(required(self.size(name)?, &self.key(name))?)
    }

    fn float(&self, name: &str) -> Result<Option<f32>, ModelError> {
        let key = self.key(name);
        let value = self.metadata.f32(&key)?;
        match value {
            Some(number) if !number.is_finite() => Err(ModelError::unsupported(format!(
                "metadata {key:?} is {number}"
            ))),
            value => Ok(value),
        }
    }

    fn needed_float(&self, name: &str) -> Result<f32, ModelError> {
        Ok(required(self.float(name)?, &self.key(name))?)
    }

    /// What llama.cpp would honour for these architectures, and the forward pass does not know:
    /// to leave it out is to compute something else.
    fn refuse_what_is_not_computed(&self) -> Result<(), ModelError> {
        for (name, what) in [
            ("expert_count", "a mixture of experts"),
            ("nextn_predict_layers", "layers that predict further tokens"),
        ] {
            let key = self.key(name);
            if let Some(count) = self.metadata.u32(&key)?.filter(|&count| count > 0) {
                return Err(ModelError::unsupported(format!(
                    "metadata {key:?} is {count}, which means {what}: that is not known"
                )));
            }
        }
        if let Some(parts) = self.metadata.u32("split.count")?.filter(|&parts| parts > 1) {
            return Err(ModelError::unsupported(format!(
                "the file is one of {parts} parts of a model: only whole files are known"
            )));
        }
        let key = self.key("attention.causal");
        if self.metadata.bool(&key)? == Some(false) {
            return Err(ModelError::unsupported(format!(
                "metadata {key:?} is false: every position would see those after it"
            )));
        }
        Ok(())
    }

    fn text(&self, name: &str) -> Result<Option<&str>, ModelError> {
        Ok(self.metadata.str(&self.key(name))?)
    }
}

impl Hyperparameters {
    /// Reads and checks them.
    pub fn read(file: &ModelFile) -> Result<Self, ModelError> {
        let metadata = file.header.metadata();
        let architecture = file.architecture()?;
        if !ARCHITECTURES.contains(&architecture) {
            return Err(ModelError::unsupported(format!(
                "architecture {architecture:?} is not known (known: {})",
                ARCHITECTURES.join(", ")
            )));
        }
        let keys = Keys {
            metadata,
            architecture,
        };
        keys.refuse_what_is_not_computed()?;
        let width = keys.needed_size("embedding_length")?;
        let n_heads = keys.needed_size("attention.head_count")?;
        let n_kv_heads = keys.size("attention.head_count_kv")?.unwrap_or(n_heads);
        let head_width = keys
            .size("attention.key_length")?
            .unwrap_or(width / n_heads);
        let sizes = Self {
            n_layers: keys.needed_size("block_count")?,
            width,
            ffn_width: keys.needed_size("feed_forward_length")?,
            n_heads,
            n_kv_heads,
            head_width,
            context: keys.needed_size("context_length")?,
            vocabulary_size: vocabulary_size(file)?,
            norm_epsilon: keys.needed_float("attention.layer_norm_rms_epsilon")?,
            // llama.cpp reads `attention.scale` for other architectures alone.
            attention_scale: 1.0 / (head_width as f32).sqrt(),
            rope: rope(&keys)?,
        };
        sizes.check(&keys)?;
        Ok(sizes)
    }

    fn check(&self, keys: &Keys<'_>) -> Result<(), ModelError> {
        let Self {
            n_heads,
            n_kv_heads,
            head_width,
            ..
        } = *self;
        if !n_heads.is_multiple_of(n_kv_heads) {
            return Err(ModelError::unsupported(format!(
                "{n_heads} query heads cannot share {n_kv_heads} key heads"
            )));
        }
        if head_width == 0 || !head_width.is_multiple_of(2) {
            return Err(ModelError::unsupported(format!(
                "heads of {head_width} numbers cannot be rotated in pairs"
            )));
        }
        // Where the file is silent, values have their share of the width even if keys have not.
        let value_width = keys.size("attention.value_length")?;
        let rotated = keys.size("rope.dimension_count")?;
        for (name, found) in [
            (
                "attention.value_length",
                value_width.unwrap_or(self.width / n_heads),
            ),
            ("rope.dimension_count", rotated.unwrap_or(head_width)),
        ] {
            if found != head_width {
                return Err(ModelError::unsupported(format!(
                    "{:?} is {found}, a head has {head_width} numbers",
                    keys.key(name)
                )));
            }
        }
        Ok(())
    }
}

/// Rows of the embedding; the list of tokens must be as long, or a chosen id could have no text.
fn vocabulary_size(file: &ModelFile) -> Result<usize, ModelError> {
    let embedding = file.header.tensor("token_embd.weight");
    let embedding = embedding
        .ok_or_else(|| ModelError::unsupported("tensor \"token_embd.weight\" is missing"))?;
    let rows = embedding.rows() as usize;
    let tokens = file.header.metadata().strings("tokenizer.ggml.tokens")?;
    match tokens {
        Some(tokens) if tokens.len() != rows => Err(ModelError::unsupported(format!(
            "tensor \"token_embd.weight\" has {rows} rows, the vocabulary {} tokens",
            tokens.len()
        ))),
        _ => Ok(rows),
    }
}

fn rope(keys: &Keys<'_>) -> Result<Rope, ModelError> {
    let scaling = keys.text("rope.scaling.type")?.unwrap_or("linear");
    // The older key `rope.scale_linear` is read when the newer one is absent; 0 means 1.
    let factor = match keys.float("rope.scaling.factor")? {
        Some(factor) => Some(factor),
        None => keys.float("rope.scale_linear")?,
    };
    let scale = match (scaling, factor) {
        ("none", _) | ("linear", None | Some(0.0)) => 1.0,
        ("linear", Some(factor)) => 1.0 / factor,
        (other, _) => {
            return Err(ModelError::unsupported(format!(
                "RoPE scaling {other:?} is not known (known: none, linear)"
            )));
        }
    };
    Ok(Rope {
        pairs: RopePairs::Neighbours,
        // The format's own default, which files of the first models rely on.
        base: keys.float("rope.freq_base")?.unwrap_or(10_000.0),
        scale,
        attention_factor: keys.float("rope.scaling.attn_factor")?.unwrap_or(1.0),
    })
}
