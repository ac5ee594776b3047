//! The exponential of the reference's vector code.
//!
//! x86-64 always has SSE2, so even the scalar build computes `exp` in softmax and SiLU with a
//! polynomial (`ggml_v_expf` in `vec.h`) and not with libm. Products and sums are rounded one by
//! one: SSE2 has no fused ones.
//!
//! ```text
//! n = nearest whole number to x / ln 2,  b = x - n ln 2 (ln 2 in two parts)
//! exp x = 2^n · (1 + j),  j = polynomial in b of degree 5
//! ```
//! Beyond |n| = 126 the power is applied in two steps, beyond 192 the result is 0 or infinite.

/// 1.5 · 2^23: adding it leaves the nearest whole number in the low bits.
const SHIFT: f32 = f32::from_bits(0x4b40_0000);
/// 1 / ln 2.
const PER_LN2: f32 = f32::from_bits(0x3fb8_aa3b);
/// ln 2, upper and lower part.
const LN2_HIGH: f32 = f32::from_bits(0x3f31_7200);
const LN2_LOW: f32 = f32::from_bits(0x35bf_be8e);
/// Coefficients of b to b^5.
const C: [f32; 5] = [
    f32::from_bits(0x3f7f_fff6),
    f32::from_bits(0x3eff_fedb),
    f32::from_bits(0x3e2a_af33),
    f32::from_bits(0x3d2b_9f17),
    f32::from_bits(0x3c07_2010),
];

/// `ggml_v_expf`, one lane of it.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    let z = x * PER_LN2 + SHIFT;
    let n = z - SHIFT;
    let b = (x - n * LN2_HIGH) - n * LN2_LOW;
    let e = z.to_bits() << 23;
    let k = f32::from_bits(e.wrapping_add(1f32.to_bits()));
    let u = b * b;
    let j = ((C[4] * b + C[3]) * u + (C[2] * b + C[1])) * u + C[0] * b;
    // Not for NaN, which so comes out as NaN.
    if n.abs() > 126.0 {
        return beyond(n, e, j);
    }
    j * k + k
}

fn beyond(n: f32, e: u32, j: f32) -> f32 {
    let g = if n <= 0.0 { 0x8200_0000u32 } else { 0 };
    let s1 = f32::from_bits(g.wrapping_add(0x7f00_0000));
    if n.abs() > 192.0 {
        return s1 * s1;
    }
    let s2 = f32::from_bits(e.wrapping_sub(g));
    (s2 * j + s2) * s1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_within_two_units_of_the_true_exponential() {
        let mut x = -103.0f32;
        while x < 88.0 {
            let (found, expected) = (f64::from(exp(x)), f64::from(x).exp());
            // The documented bound is 1.45 units in the last place and half a rounding; results
            // below the normal range lose bits of their own.
            let unit = (expected * 2f64.powi(-23)).max(2f64.powi(-149));
            assert!(
                (found - expected).abs() <= 2.0 * unit,
                "{x}: {found} {expected}"
            );
            x += 0.003;
        }
    }

    #[test]
    fn ends_in_zero_infinity_and_nan() {
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-200.0), 0.0);
        assert_eq!(exp(200.0), f32::INFINITY);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(0.0), 1.0);
    }
}
