//! Qwen2 (biases) and Qwen3 (norms of queries and keys).

use super::Matrix::{AttentionOutput, Down, Gate, Key, Output, Query, Up, Value};
use super::{Family, Norm, PLAIN, Typical};

/// `qwen2`, which also names Qwen2.5.
pub(super) const QWEN2: Family = Family {
    architecture: "qwen2",
    biases: &[Query, Key, Value, Output],
    scales: &[Query, Key, Value, AttentionOutput],
    typical: Typical {
        biases: &[Query, Key, Value],
        rope_base: 1_000_000.0,
        ..Typical::PLAIN
    },
    ..PLAIN
};

/// `qwen3`
pub(super) const QWEN3: Family = Family {
    architecture: "qwen3",
    norms: &[Norm::Query, Norm::Key],
    biases: &[Query, Key, Value],
    scales: &[Query, Key, Value, AttentionOutput, Gate, Up, Down],
    typical: Typical {
        rope_base: 1_000_000.0,
        wide_heads: true,
        ..Typical::PLAIN
    },
    ..PLAIN
};
