//! What joins gate and up: `activation(gate) · up`, each as the reference's fused operation.

use std::sync::LazyLock;

use half::f16;

use super::exp::exp;
use crate::model::families::Activation;

/// One row: the result takes the place of `gate`.
pub(super) fn join(activation: Activation, gate: &mut [f32], up: &[f32]) {
    match activation {
        Activation::Silu => swiglu(gate, up),
        Activation::Gelu => geglu(gate, up),
        Activation::ReluSquared => relu_squared(gate, up),
    }
}

/// SiLU of groups of four by [`exp`], of the last few by libm, as `ggml_vec_swiglu_f32` does.
fn swiglu(gate: &mut [f32], up: &[f32]) {
    let vectorised = gate.len() / 4 * 4;
    for (i, (gate, up)) in gate.iter_mut().zip(up).enumerate() {
        let x = *gate;
        // The vector code negates by subtracting from zero, the scalar code by a sign.
        let exponential = if i < vectorised {
            exp(0.0 - x)
        } else {
            (-x).exp()
        };
        *gate = x / (1.0 + exponential) * up;
    }
}

/// As `ggml_vec_geglu_f32`: the gate is rounded to F16 and looked up, unless it is so far from
/// zero that GELU is 0 or the gate itself.
fn geglu(gate: &mut [f32], up: &[f32]) {
    let table = &*GELU;
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = if *gate <= -10.0 {
            0.0
        } else if *gate >= 10.0 {
            *gate * up
        } else {
            table[usize::from(f16::from_f32(*gate).to_bits())] * up
        };
    }
}

/// As `ggml_relu`, `ggml_sqr` and `ggml_mul` one after another.
fn relu_squared(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        // NaN becomes 0, as there.
        let x = if *gate > 0.0 { *gate } else { 0.0 };
        *gate = x * x * up;
    }
}

/// GELU of every F16 number, rounded to F16: `ggml_table_gelu_f16`, filled by `ggml_gelu_f32`.
static GELU: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let gelu = |x: f32| {
        // √(2/π) and the cubic's coefficient as ggml has them.
        let inner = 0.797_884_6 * x * (1.0 + 0.044_715 * x * x);
        0.5 * x * (1.0 + inner.tanh())
    };
    let rounded = |x: f32| f16::from_f32(x).to_f32();
    (0..=u16::MAX)
        .map(|bits| rounded(gelu(f16::from_bits(bits).to_f32())))
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(activation: Activation, gate: f32) -> f32 {
        let mut row = [gate];
        join(activation, &mut row, &[2.0]);
        row[0]
    }

    #[test]
    fn each_function_is_itself() {
        assert_eq!(joined(Activation::ReluSquared, 3.0), 18.0);
        assert_eq!(joined(Activation::ReluSquared, -3.0), 0.0);
        assert_eq!(joined(Activation::Gelu, 11.0), 22.0);
        assert_eq!(joined(Activation::Gelu, -11.0), 0.0);
        assert!((joined(Activation::Gelu, 1.0) - 2.0 * 0.841_192).abs() < 2e-3);
        assert!((joined(Activation::Silu, 1.0) - 2.0 * 0.731_058_6).abs() < 1e-6);
    }

    #[test]
    fn what_is_not_a_number_stays_so_but_for_relu() {
        assert!(joined(Activation::Silu, f32::NAN).is_nan());
        assert!(joined(Activation::Gelu, f32::NAN).is_nan());
        assert_eq!(joined(Activation::ReluSquared, f32::NAN), 0.0);
    }
}
