//! RMS norm, as `ggml_compute_forward_rms_norm_f32` with the product fused into it.

#[cfg(feature = "faults")]
use crate::faults::in_pass;

/// Norms each row of `x` into `out`, both `[position][weight.len()]`.
///
/// Squares are rounded to f32 and added to a double in element order; the mean is a float.
pub(super) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weight.len();
    let count = width;
    #[cfg(feature = "faults")]
    let count = in_pass::norm_count(count);
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let sum: f64 = x.iter().fold(0.0, |sum, x| sum + f64::from(x * x));
        let mean = (sum / count as f64) as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * scale * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_equal_numbers_becomes_the_weight() {
        let mut out = [0.0; 4];
        rms_norm(&[2.0, 2.0, -2.0, -2.0], &[1.0, 3.0], 0.0, &mut out);
        assert_eq!(out, [1.0, 3.0, -1.0, -3.0]);
    }

    #[test]
    fn epsilon_counts() {
        let mut out = [0.0];
        rms_norm(&[1.0], &[1.0], 3.0, &mut out);
        assert_eq!(out, [0.5]);
    }
}
