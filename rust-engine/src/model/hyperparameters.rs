//! Sizes and constants of a model, from its metadata.

use super::families::{self, AttentionScale, Family};
use super::keys::Keys;
use super::rope::Rope;
use super::{ModelError, ModelFile};

/// What the forward pass needs to know.
#[derive(Clone)]
pub struct Hyperparameters {
    /// What the architecture's name stands for.
    pub family: &'static Family,
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
    /// Tokens that it was first trained with, where that was stretched later.
    pub trained_context: usize,
    /// Tokens of the vocabulary: rows of the embedding.
    pub vocabulary_size: usize,
    /// Multiplies embeddings.
    pub embedding_scale: Option<f32>,
    /// Added under the root of RMS norms.
    pub norm_epsilon: f32,
    /// Multiplies queries.
    pub query_scale: Option<f32>,
    /// Multiplies attention scores.
    pub score_scale: f32,
    /// Rotary position encoding.
    pub rope: Rope,
    /// What is different in layers that do not see all that is before them.
    pub window: Option<Window>,
    /// Logits stay within plus and minus this.
    pub logit_cap: Option<f32>,
}

/// Layers that see no further back than a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Tokens that a position sees, itself among them.
    pub length: usize,
    /// Whether each layer has it.
    pub layers: Vec<bool>,
    /// Their rotary position encoding.
    pub rope: Rope,
}

impl Hyperparameters {
    /// Reads and checks them.
    pub fn read(file: &ModelFile) -> Result<Self, ModelError> {
        let architecture = file.architecture()?;
        let family = Family::named(architecture).ok_or_else(|| {
            ModelError::unsupported(format!(
                "architecture {architecture:?} is not known (known: {})",
                families::architectures().join(", ")
            ))
        })?;
        let keys = Keys {
            metadata: file.header.metadata(),
            architecture,
        };
        keys.refuse_what_is_not_computed()?;
        let n_layers = n_layers(&keys)?;
        let width = keys.needed_size("embedding_length")?;
        let n_heads = keys.needed_size("attention.head_count")?;
        let n_kv_heads = keys.size("attention.head_count_kv")?.unwrap_or(n_heads);
        // Where the file is silent, a head has its share of the width.
        let share = width / n_heads;
        let head_width = keys.size("attention.key_length")?.unwrap_or(share);
        check_heads(&keys, n_heads, n_kv_heads, head_width, share)?;
        let context = keys.needed_size("context_length")?;
        let rope = Rope::read(&keys, family, head_width, context)?;
        let trained = keys.size("rope.scaling.original_context_length")?;
        let trained_context = trained.unwrap_or(context);
        let (query_scale, score_scale) = attention_scales(family, n_layers, head_width, share);
        Ok(Self {
            family,
            n_layers,
            width,
            ffn_width: keys.needed_size("feed_forward_length")?,
            n_heads,
            n_kv_heads,
            head_width,
            context,
            trained_context,
            vocabulary_size: vocabulary_size(file)?,
            embedding_scale: family.scaled_embedding.then(|| (width as f32).sqrt()),
            norm_epsilon: norm_epsilon(&keys)?,
            query_scale,
            score_scale,
            window: window(&keys, family, n_layers, &rope, trained_context)?,
            rope,
            logit_cap: if family.logit_cap {
                keys.float("final_logit_softcapping")?
                    .filter(|&cap| cap != 0.0)
            } else {
                None
            },
        })
    }

    /// Rows of the matrices for queries, keys and values.
    pub fn qkv_widths(&self) -> [usize; 3] {
        let kv_width = self.n_kv_heads * self.head_width;
        [self.n_heads * self.head_width, kv_width, kv_width]
    }
}

/// More layers than the reference can hold are refused before anything is made for each of them.
fn n_layers(keys: &Keys<'_>) -> Result<usize, ModelError> {
    /// llama.cpp's `LLAMA_MAX_LAYERS`.
    const MOST: usize = 512;
    let n_layers = keys.needed_size("block_count")?;
    if n_layers > MOST {
        return Err(ModelError::unsupported(format!(
            "{:?} is {n_layers}: at most {MOST} layers are known",
            keys.key("block_count")
        )));
    }
    Ok(n_layers)
}

fn norm_epsilon(keys: &Keys<'_>) -> Result<f32, ModelError> {
    let name = "attention.layer_norm_rms_epsilon";
    let epsilon = keys.needed_float(name)?;
    if epsilon < 0.0 {
        return Err(ModelError::unsupported(format!(
            "{:?} is {epsilon}: a root of a negative number could be asked for",
            keys.key(name)
        )));
    }
    Ok(epsilon)
}

fn check_heads(
    keys: &Keys<'_>,
    n_heads: usize,
    n_kv_heads: usize,
    head_width: usize,
    share: usize,
) -> Result<(), ModelError> {
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
    // The reference counts in 32 bits, and sums of these must not wrap here either.
    if n_heads
        .checked_mul(head_width)
        .is_none_or(|width| width > i32::MAX as usize)
    {
        return Err(ModelError::unsupported(format!(
            "{n_heads} heads of {head_width} numbers are more than can be counted"
        )));
    }
    // Values have their share of the width even where keys have not.
    let values = keys.size("attention.value_length")?.unwrap_or(share);
    let in_window = |name| Ok::<_, ModelError>(keys.size(name)?.unwrap_or(head_width));
    for (name, found) in [
        ("attention.value_length", values),
        (
            "attention.key_length_swa",
            in_window("attention.key_length_swa")?,
        ),
        (
            "attention.value_length_swa",
            in_window("attention.value_length_swa")?,
        ),
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

/// What queries and scores are multiplied with. llama.cpp reads `attention.scale` for other
/// architectures alone.
fn attention_scales(
    family: &Family,
    n_layers: usize,
    head_width: usize,
    share: usize,
) -> (Option<f32>, f32) {
    let of = |width: usize| 1.0 / (width as f32).sqrt();
    match family.attention_scale {
        AttentionScale::OfScores => (None, of(head_width)),
        AttentionScale::OfQueriesByShare { layers } if layers == n_layers => (Some(of(share)), 1.0),
        AttentionScale::OfQueries | AttentionScale::OfQueriesByShare { .. } => {
            (Some(of(head_width)), 1.0)
        }
    }
}

fn window(
    keys: &Keys<'_>,
    family: &Family,
    n_layers: usize,
    rope: &Rope,
    trained: usize,
) -> Result<Option<Window>, ModelError> {
    let Some(pattern) = family.window else {
        return Ok(None);
    };
    let Some(length) = keys
        .whole("attention.sliding_window")?
        .filter(|&length| length > 0)
    else {
        return Ok(None);
    };
    if length > i32::MAX as usize {
        return Err(ModelError::unsupported(format!(
            "{:?} is {length}: the reference counts with a sign, in 32 bits",
            keys.key("attention.sliding_window")
        )));
    }
    let name = "attention.sliding_window_pattern";
    let layers = if let Some(layers) = keys.flags(name, n_layers)? {
        layers
    } else {
        // The last of each period sees everything; a period of 0 has no last.
        let period = keys.whole(name)?.unwrap_or(pattern.period);
        let sees_all = |layer: usize| period > 0 && layer % period == period - 1;
        (0..n_layers).map(|layer| !sees_all(layer)).collect()
    };
    let rotated = keys
        .size("rope.dimension_count_swa")?
        .unwrap_or(rope.rotated);
    if rotated != rope.rotated {
        return Err(ModelError::unsupported(format!(
            "{:?} is {rotated}, other layers rotate {} numbers",
            keys.key("rope.dimension_count_swa"),
            rope.rotated
        )));
    }
    let base = keys.float("rope.freq_base_swa")?.unwrap_or(10_000.0);
    Ok(Some(Window {
        length,
        layers,
        rope: rope.in_window(base, trained),
    }))
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
