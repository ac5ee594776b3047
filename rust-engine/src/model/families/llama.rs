//! LLaMA, and what shares its files: Mistral, SmolLM2, LLaMA-3 with its divided rotation.
//!
//! llama.cpp reads no window here, so Mistral's is not honoured there either. Heads may be wider or
//! narrower than their share of the width (Mistral Nemo).

use super::Matrix::{AttentionOutput, Down, Gate, Key, Query, Up, Value};
use super::{Family, Matrix, PLAIN, RopeDivisors, RopePairs, Typical};

const ALL: &[Matrix] = &[Query, Key, Value, AttentionOutput, Gate, Up, Down];

/// `llama`
pub(super) const LLAMA: Family = Family {
    architecture: "llama",
    rope_pairs: RopePairs::Neighbours,
    rope_divisors: RopeDivisors::Optional,
    biases: ALL,
    scales: ALL,
    // LLaMA-3.
    typical: Typical {
        rope_freqs: true,
        rope_base: 500_000.0,
        ..Typical::PLAIN
    },
    ..PLAIN
};
