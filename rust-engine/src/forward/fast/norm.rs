//! RMS norm, eight floats at a time.

use wide::f32x8;

#[cfg(feature = "faults")]
use crate::faults::in_pass;

/// Norms each row of `x` into `out`, both `[position][weight.len()]`.
///
/// Squares are summed in sixteen floats side by side: with n numbers the sum is off by at most n / 16
/// units of the last place, and by far less as a rule.
pub fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weight.len();
    let count = width;
    #[cfg(feature = "faults")]
    let count = in_pass::norm_count(count);
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mean = sum_of_squares(x) / count as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * scale * weight;
        }
    }
}

fn sum_of_squares(x: &[f32]) -> f32 {
    let (pairs, rest) = x.as_chunks::<16>();
    let mut sums = [f32x8::splat(0.0); 2];
    for pair in pairs {
        let [a, b]: [f32x8; 2] = bytemuck::cast(*pair);
        sums[0] += a * a;
        sums[1] += b * b;
    }
    (sums[0] + sums[1]).reduce_add() + rest.iter().map(|x| x * x).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_the_definition_says_for_every_width() {
        for width in 1..70 {
            let x: Vec<f32> = (0..2 * width)
                .map(|i| (i as f32 * 0.7).sin() * 3.0)
                .collect();
            let weight: Vec<f32> = (0..width).map(|i| 1.0 + i as f32 * 0.01).collect();
            let mut out = vec![0.0; 2 * width];
            rms_norm(&x, &weight, 1e-5, &mut out);
            for (x, out) in x.chunks(width).zip(out.chunks(width)) {
                let squares: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
                let scale = 1.0 / (squares / width as f64 + 1e-5).sqrt();
                for ((x, weight), out) in x.iter().zip(&weight).zip(out) {
                    let expected = f64::from(*x) * scale * f64::from(*weight);
                    assert!((f64::from(*out) - expected).abs() <= 1e-6 * expected.abs().max(1e-3));
                }
            }
        }
    }
}
