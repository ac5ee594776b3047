//! The exponential of one float, without a branch or a call: a loop of it becomes vectors.
//!
//! ```text
//! n = nearest whole number to x / ln 2,  r = x - n ln 2 (ln 2 in two parts)
//! exp x = 2^n · (1 + r + r² · p(r)),  p a polynomial of degree 5 (Cephes' expf)
//! ```
//! Within 2.5 units in the last place of the true value from -87.3 to 88.3, which is tried for every
//! float. Below it is 0, where the true value is less than the smallest normal number; above it is
//! infinite, a little before the largest float is reached. NaN stays NaN. The result is the same with all
//! instructions: products and sums are rounded each by itself.

/// Where results begin to be less than normal numbers, and where 2^n overflows.
const LOW: f32 = -87.3;
const HIGH: f32 = 88.3;

/// 1.5 · 2^23: adding it leaves the nearest whole number in the low bits.
const SHIFT: f32 = 12_582_912.0;
/// ln 2: eleven bits of it, so that products with whole numbers are exact, and the rest.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// The exponential of `x`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let z = x * std::f32::consts::LOG2_E + SHIFT;
    let n = z - SHIFT;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    // Cephes' coefficients, the highest power first.
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 0.166_666_65;
    let p = p * r + 0.5;
    let power = f32::from_bits((z.to_bits() << 23).wrapping_add(1f32.to_bits()));
    let result = (p * r * r + r + 1.0) * power;
    let result = if x < LOW { 0.0 } else { result };
    if x > HIGH { f32::INFINITY } else { result }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;
    use crate::kernels::fast::Fast;
    use crate::kernels::fast::isa::{Isa, Task};

    /// Takes the place of numbers.
    struct Each<'a>(&'a mut [f32]);

    impl Task for Each<'_> {
        type Output = ();

        #[inline(always)]
        fn run<I: Isa>(self, _: I) {
            for x in self.0 {
                *x = exp(*x);
            }
        }
    }

    /// The exponentials of 2^23 floats from one on, and their largest error in units of the last place.
    fn worst(first: u32) -> f64 {
        let mut worst = 0f64;
        let mut found = [0.0; 1 << 12];
        for start in (first..=first + 0x7f_ffff).step_by(found.len()) {
            let all = start..=start + (found.len() - 1) as u32;
            for (bits, x) in all.clone().zip(&mut found) {
                *x = f32::from_bits(bits);
            }
            Fast::detect().run(Each(&mut found));
            for (bits, &found) in all.zip(&found) {
                let x = f32::from_bits(bits);
                if x.is_nan() {
                    assert!(found.is_nan(), "{bits:#x}: {found}");
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
    #[cfg_attr(miri, ignore = "takes too long")]
    fn is_within_its_bound_for_every_float() {
        let worst = (0..512u32)
            .into_par_iter()
            .map(|part| worst(part << 23))
            .reduce(|| 0.0, f64::max);
        assert!(worst <= 2.5, "{worst} units");
        assert!(worst > 0.5, "{worst}: nothing was compared");
    }

    #[test]
    fn is_the_same_with_all_instructions() {
        let numbers: Vec<f32> = (0..1 << 12)
            .map(|i: u32| f32::from_bits(i << 20 | i.wrapping_mul(0x9_e377) & 0xf_ffff))
            .collect();
        let bits = |fast: Fast| -> Vec<u32> {
            let mut numbers = numbers.clone();
            fast.run(Each(&mut numbers));
            let of = |x: &f32| if x.is_nan() { u32::MAX } else { x.to_bits() };
            numbers.iter().map(of).collect()
        };
        for fast in Fast::available() {
            assert!(bits(fast) == bits(Fast::detect()), "{}", fast.name());
        }
    }
}
