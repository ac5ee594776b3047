//! What joins gate and up, eight floats at a time: `activation(gate) · up`.

use wide::f32x8;

use super::exp::exp;
use crate::model::families::Activation;

/// One row: the result takes the place of `gate`.
pub(in crate::forward) fn join(activation: Activation, gate: &mut [f32], up: &[f32]) {
    match activation {
        Activation::Silu => each(gate, up, |x| x / (f32x8::splat(1.0) + exp(-x))),
        // x · (1 + tanh u) / 2 is x / (1 + exp(-2u)).
        Activation::Gelu => each(gate, up, |x| {
            let cubic = f32x8::splat(1.0) + f32x8::splat(0.044_715) * x * x;
            let u = f32x8::splat(0.797_884_6) * x * cubic;
            x / (f32x8::splat(1.0) + exp(u * f32x8::splat(-2.0)))
        }),
        Activation::ReluSquared => {
            for (gate, up) in gate.iter_mut().zip(up) {
                let x = if *gate > 0.0 { *gate } else { 0.0 };
                *gate = x * x * up;
            }
        }
    }
}

fn each(gate: &mut [f32], up: &[f32], activation: impl Fn(f32x8) -> f32x8) {
    let (eights, rest) = gate.as_chunks_mut::<8>();
    let (up_eights, up_rest) = up.as_chunks::<8>();
    for (gate, up) in eights.iter_mut().zip(up_eights) {
        *gate = (activation(f32x8::from(*gate)) * f32x8::from(*up)).to_array();
    }
    let mut last = [0.0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = activation(f32x8::from(last)).to_array();
    for ((gate, up), x) in rest.iter_mut().zip(up_rest).zip(last) {
        *gate = x * up;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_is_itself_for_every_length() {
        let silu = |x: f64| x / (1.0 + (-x).exp());
        let gelu =
            |x: f64| 0.5 * x * (1.0 + (0.797_884_560_8 * (x + 0.044_715 * x * x * x)).tanh());
        let relu_squared = |x: f64| x.max(0.0).powi(2);
        let functions: [(Activation, &dyn Fn(f64) -> f64); 3] = [
            (Activation::Silu, &silu),
            (Activation::Gelu, &gelu),
            (Activation::ReluSquared, &relu_squared),
        ];
        for (activation, function) in functions {
            for n in 0..40 {
                let x: Vec<f32> = (0..n).map(|i| (i as f32 - 18.0) * 0.9).collect();
                let mut found = x.clone();
                join(activation, &mut found, &vec![2.0; n]);
                for (x, found) in x.iter().zip(found) {
                    let expected = 2.0 * function(f64::from(*x));
                    let error = (f64::from(found) - expected).abs();
                    assert!(
                        error <= 1e-6 * expected.abs() + 1e-7,
                        "{x}: {found} {expected}"
                    );
                }
            }
        }
    }
}
