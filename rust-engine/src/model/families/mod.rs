//! The architectures that can be evaluated, each as data over the one forward pass.
//!
//! To add one: copy the neighbour that comes nearest, say where it differs from `PLAIN` and what
//! its files usually have (`Typical`), and list it in [`FAMILIES`]. Fixtures are made from this
//! alone, and with them the tests compare each family that llama.cpp has, too, with it bit by bit.

mod bitnet;
mod gemma3;
mod llama;
mod phi3;
mod qwen;

use Matrix::{AttentionOutput, Key, Query, Value};

/// Every family that is known.
pub const FAMILIES: &[&Family] = &[
    &llama::LLAMA,
    &qwen::QWEN2,
    &qwen::QWEN3,
    &gemma3::GEMMA3,
    &phi3::PHI3,
    &bitnet::BITNET,
    &bitnet::BITNET_B1_58,
    &bitnet::BITNET_25,
];

/// How an architecture differs from others.
#[derive(Debug)]
pub struct Family {
    /// `general.architecture`, which metadata keys begin with.
    pub architecture: &'static str,
    /// Which elements of a head turn together.
    pub rope_pairs: RopePairs,
    /// Whether the file may leave the end of each head unrotated.
    pub partial_rotation: bool,
    /// Where the divisors of the rotation angles are, for those that can have them.
    pub rope_divisors: RopeDivisors,
    /// What becomes of the gate before it meets `up`.
    pub activation: Activation,
    /// Norms beside those that every family has, in every layer.
    pub norms: &'static [Norm],
    /// Matrices that may have a bias.
    pub biases: &'static [Matrix],
    /// Matrices that may have a factor of one number.
    pub scales: &'static [Matrix],
    /// Whether queries, keys and values may be one matrix, and gate and up must be.
    pub fusion: Fusion,
    /// Which matrix gives the logits.
    pub output: Output,
    /// Whether embeddings are multiplied by the root of the width.
    pub scaled_embedding: bool,
    /// Whether a layer may see no further back than a window, and which layers do by default.
    pub window: Option<WindowPattern>,
    /// Where attention scores get their scale.
    pub attention_scale: AttentionScale,
    /// Whether logits may be capped by a tanh.
    pub logit_cap: bool,
    /// What its files usually have.
    pub typical: Typical,
}

/// What the files of a family usually have of what they may have. Evaluating a model never asks for
/// it: there the file decides. Fixtures are made like this.
#[derive(Clone, Copy, Debug)]
pub struct Typical {
    /// Matrices with a bias.
    pub biases: &'static [Matrix],
    /// Matrices with a factor.
    pub scales: &'static [Matrix],
    /// Whether the weights of layers are minus one, zero and one times one factor.
    pub ternary: bool,
    /// Whether the file has `rope_freqs.weight`.
    pub rope_freqs: bool,
    /// The base of the rotation's wavelengths, as in published models.
    pub rope_base: f32,
    /// Whether heads are wider than their share of the width.
    pub wide_heads: bool,
}

/// Which elements of a head turn together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopePairs {
    /// Element `2i` with `2i + 1`.
    Neighbours,
    /// Element `i` with `i + n/2`, of `n` that are rotated.
    Halves,
}

/// Divisors of the rotation angles, one for each pair, as tensors of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopeDivisors {
    /// None.
    None,
    /// `rope_freqs.weight`, if it is there.
    Optional,
    /// `rope_factors_long.weight` and `rope_factors_short.weight`, if they are there: the long ones
    /// in a context beyond the one of the training.
    LongAndShort,
}

/// The function between gate and up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x · sigmoid(x)`
    Silu,
    /// The GELU with tanh, from a table of F16 numbers.
    Gelu,
    /// `max(x, 0)²`
    ReluSquared,
}

/// A norm that only some families have. Its place in the pass is in `forward/mod.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Of each head's query, before it is rotated.
    Query,
    /// Of each head's key, before it is rotated.
    Key,
    /// Of the merged heads, before the output projection.
    AttentionSub,
    /// Of what attention adds, after the output projection.
    AttentionPost,
    /// Of the product of gate and up, before down.
    FfnSub,
    /// Of what the feed-forward part adds, after down.
    FfnPost,
}

/// A matrix that a bias or a scale can belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// Queries.
    Query,
    /// Keys.
    Key,
    /// Values.
    Value,
    /// From merged heads to the width.
    AttentionOutput,
    /// The gate of the feed-forward part.
    Gate,
    /// What the gate is multiplied with.
    Up,
    /// Back to the width.
    Down,
    /// From the last norm to logits.
    Output,
}

/// Matrices that lie in one tensor, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// All are apart.
    None,
    /// `attn_qkv.weight` may stand for the three.
    Attention,
    /// That, and `ffn_up.weight` has the gate before `up`.
    AttentionAndGate,
}

/// The matrix from the last norm to logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// `output.weight`, or the embedding where that is missing.
    OwnOrEmbedding,
    /// The embedding.
    Embedding,
    /// The embedding, even if the file has an `output.weight`.
    EmbeddingAlways,
}

/// Which layers see no further back than a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPattern {
    /// All but the last of this many, if the file does not say.
    pub period: usize,
}

/// What attention scores are multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionScale {
    /// The scores with 1 / √(head width).
    OfScores,
    /// The queries with it, before they are rounded to the cache's type.
    OfQueries,
    /// As `OfQueries`, but models of this many layers use the width of a head's share instead.
    OfQueriesByShare {
        /// As many layers as the model has that is the exception.
        layers: usize,
    },
}

/// Queries, keys, values and what merges them.
const ATTENTION: &[Matrix] = &[Query, Key, Value, AttentionOutput];

/// What most families have in common: rotated halves, SiLU, no bias, an output matrix of their own
/// or the embedding.
const PLAIN: Family = Family {
    architecture: "",
    rope_pairs: RopePairs::Halves,
    partial_rotation: false,
    rope_divisors: RopeDivisors::None,
    activation: Activation::Silu,
    norms: &[],
    biases: &[],
    scales: ATTENTION,
    fusion: Fusion::Attention,
    output: Output::OwnOrEmbedding,
    scaled_embedding: false,
    window: None,
    attention_scale: AttentionScale::OfScores,
    logit_cap: false,
    typical: Typical::PLAIN,
};

impl Typical {
    /// As most have it.
    const PLAIN: Self = Self {
        biases: &[],
        scales: &[],
        ternary: false,
        rope_freqs: false,
        rope_base: 10_000.0,
        wide_heads: false,
    };
}

impl Family {
    /// The family of that architecture.
    pub fn named(architecture: &str) -> Option<&'static Self> {
        FAMILIES
            .iter()
            .find(|family| family.architecture == architecture)
            .copied()
    }

    /// Whether every layer has this norm.
    pub fn has(&self, norm: Norm) -> bool {
        self.norms.contains(&norm)
    }
}

/// The names of all, as they stand in files.
pub fn architectures() -> Vec<&'static str> {
    FAMILIES.iter().map(|family| family.architecture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once() {
        let mut names = architectures();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAMILIES.len());
        assert!(Family::named("").is_none(), "PLAIN is no family");
    }
}
