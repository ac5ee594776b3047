//! BitNet: ternary matrices, norms before the output projection and before down, logits from the
//! embedding.
//!
//! The two names with 1.58-bit weights of the 2B-4T model are one graph, which bitnet.cpp alone
//! has; `bitnet` is upstream's older one, with SiLU.

use super::Matrix::{AttentionOutput, Down, Gate, Key, Query, Up, Value};
use super::{Activation, Family, Fusion, Matrix, Norm, Output, PLAIN, RopeDivisors, Typical};

const ALL: &[Matrix] = &[Query, Key, Value, AttentionOutput, Gate, Up, Down];

/// `bitnet`
pub(super) const BITNET: Family = Family {
    architecture: "bitnet",
    partial_rotation: true,
    norms: &[Norm::AttentionSub, Norm::FfnSub],
    scales: ALL,
    fusion: Fusion::None,
    output: Output::Embedding,
    typical: Typical {
        scales: ALL,
        ternary: true,
        ..Typical::PLAIN
    },
    ..PLAIN
};

/// `bitnet-b1.58`
pub(super) const BITNET_B1_58: Family = Family {
    architecture: "bitnet-b1.58",
    rope_divisors: RopeDivisors::Optional,
    activation: Activation::ReluSquared,
    scales: &[],
    output: Output::EmbeddingAlways,
    typical: Typical {
        ternary: true,
        rope_base: 500_000.0,
        ..Typical::PLAIN
    },
    ..BITNET
};

/// `bitnet-25`: another name of the same.
pub(super) const BITNET_25: Family = Family {
    architecture: "bitnet-25",
    ..BITNET_B1_58
};
