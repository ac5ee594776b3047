//! What joins gate and up.

use crate::kernels::fast::{Fast, Gated};
use crate::model::families::Activation;

/// One row: the result takes the place of `gate`.
pub(in crate::forward) fn join(fast: Fast, activation: Activation, gate: &mut [f32], up: &[f32]) {
    let gated = Gated { gate, up };
    match activation {
        Activation::Silu => gated.silu(fast),
        Activation::Gelu => gated.gelu(fast),
        Activation::ReluSquared => gated.relu_squared(fast),
    }
}
