//! The exponential of eight floats at once.
//!
//! ```text
//! n = nearest whole number to x / ln 2,  r = x - n ln 2 (ln 2 in two parts)
//! exp x = 2^n · (1 + r + r² · p(r)),  p a polynomial of degree 5 (Cephes' expf)
//! ```
//! Within 2.5 units in the last place of the true value from -87.3 to 88.3, which is tried for every
//! float. Below it is 0, where the true value is less than the smallest normal number; above it is
//! infinite, a little before the largest float is reached. NaN stays NaN.

use wide::{CmpGt, CmpLt, f32x8, i32x8};

/// Where results begin to be less than normal numbers, and where 2^n overflows.
const LOW: f32 = -87.3;
const HIGH: f32 = 88.3;

/// 1.5 · 2^23: adding it leaves the nearest whole number in the low bits.
const SHIFT: f32 = 12_582_912.0;
/// ln 2: eleven bits of it, so that products with whole numbers are exact, and the rest.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Cephes' coefficients, the highest power first.
const P: [f32; 6] = [
    1.987_569_1e-4,
    1.398_2e-3,
    8.333_452e-3,
    4.166_579_6e-2,
    0.166_666_65,
    0.5,
];

/// Each lane's exponential.
#[inline]
pub(super) fn exp(x: f32x8) -> f32x8 {
    let z = x * f32x8::splat(std::f32::consts::LOG2_E) + f32x8::splat(SHIFT);
    let n = z - f32x8::splat(SHIFT);
    let r = x - n * f32x8::splat(LN2_HIGH) - n * f32x8::splat(LN2_LOW);
    let p = P[1..]
        .iter()
        .fold(f32x8::splat(P[0]), |p, &next| p * r + f32x8::splat(next));
    let z: i32x8 = bytemuck::cast(z);
    let power: f32x8 = bytemuck::cast((z << 23) + i32x8::splat(1f32.to_bits() as i32));
    let result = (p * r * r + r + f32x8::splat(1.0)) * power;
    let result = x.cmp_lt(f32x8::splat(LOW)).blend(f32x8::splat(0.0), result);
    x.cmp_gt(f32x8::splat(HIGH))
        .blend(f32x8::splat(f32::INFINITY), result)
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    /// The largest error of 2^23 floats from one on, in units of the last place.
    fn worst(first: u32) -> f64 {
        let mut worst = 0f64;
        for eight in 0..1 << 20 {
            let bits = first + 8 * eight;
            let x: [f32; 8] = std::array::from_fn(|lane| f32::from_bits(bits + lane as u32));
            let found = exp(f32x8::from(x)).to_array();
            for (x, found) in x.into_iter().zip(found) {
                if x.is_nan() {
                    assert!(found.is_nan(), "{:#x}: {found}", x.to_bits());
                } else if x < LOW {
                    assert_eq!(found, 0.0, "{x:e}");
                } else if x > HIGH {
                    assert_eq!(found, f32::INFINITY, "{x}");
                } else {
                    // The exponential of a tiny number is one and it, and takes no time.
                    let tiny = x.abs() < 1e-8;
                    let expected = if tiny {
                        1.0 + f64::from(x)
                    } else {
                        f64::from(x).exp()
                    };
                    let power_of_two = f32::from_bits((expected as f32).to_bits() & 0x7f80_0000);
                    let unit = f64::from(power_of_two) * 2f64.powi(-23);
                    worst = worst.max((f64::from(found) - expected).abs() / unit);
                }
            }
        }
        worst
    }

    #[test]
    fn is_within_its_bound_for_every_float() {
        let worst = (0..512u32)
            .into_par_iter()
            .map(|part| worst(part << 23))
            .reduce(|| 0.0, f64::max);
        assert!(worst <= 2.5, "{worst} units");
        assert!(worst > 0.5, "{worst}: nothing was compared");
    }
}
