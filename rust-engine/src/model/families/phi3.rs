//! Phi-3: queries, keys and values in one matrix, gate and up in another, and two sets of divisors
//! of the rotation. Its window is not honoured by llama.cpp, which says so in its log.

use super::Matrix::{AttentionOutput, Key, Query, Value};
use super::{AttentionScale, Family, Fusion, PLAIN, RopeDivisors};

/// `phi3`
pub(super) const PHI3: Family = Family {
    architecture: "phi3",
    partial_rotation: true,
    rope_divisors: RopeDivisors::LongAndShort,
    biases: &[Query, Key, Value],
    scales: &[Query, Key, Value, AttentionOutput],
    fusion: Fusion::AttentionAndGate,
    attention_scale: AttentionScale::OfQueries,
    ..PLAIN
};
