//! Gemma 3: norms on both sides of attention and feed-forward, a window in five of six layers,
//! scaled embeddings, GELU. Norm weights lie in the file with 1 already added.

use super::Matrix::{AttentionOutput, Key, Query, Value};
use super::{Activation, AttentionScale, Family, Norm, PLAIN, Typical, WindowPattern};

/// `gemma3`
pub(super) const GEMMA3: Family = Family {
    architecture: "gemma3",
    partial_rotation: true,
    activation: Activation::Gelu,
    norms: &[Norm::Query, Norm::Key, Norm::AttentionPost, Norm::FfnPost],
    biases: &[Query, Key, Value],
    scales: &[Query, Key, Value, AttentionOutput],
    scaled_embedding: true,
    window: Some(WindowPattern { period: 6 }),
    // 62 layers are the model of 27 thousand million weights.
    attention_scale: AttentionScale::OfQueriesByShare { layers: 62 },
    logit_cap: true,
    typical: Typical {
        rope_base: 1_000_000.0,
        wide_heads: true,
        ..Typical::PLAIN
    },
    ..PLAIN
};
