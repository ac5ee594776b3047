//! e to the power of numbers that are not above 0, as softmax needs it.
//!
//! Not libm's, which is a call for each number and has other last bits on another CPU. Tried on
//! SSE2, which is all that every x86-64 has, for a row of 49,152: 122 µs with libm's; 187 µs with
//! `exp` of `wide::f64x4` and 235 µs with that of `f64x4`, which are polynomials of a high degree
//! without a rounding instruction; 75 to 130 µs with our own polynomial of degree 12; 55 µs with a
//! table of 256 and a polynomial of degree 4; 47 µs with the one below, in `f64x4`; 48 µs with the
//! same left to the compiler, which manages this loop, but not one that sums what comes out.

use std::f64::consts::LN_2;

use bytemuck::cast;
use wide::{CmpGe, f64x4, u64x4};

/// Steps from one power of two to the next: with 1,024 the rest needs no more than a cubic, and the
/// table takes 8 KiB of the first cache.
const STEPS: usize = 1024;
/// What one step adds to the exponent of e.
const STEP: f64 = LN_2 / STEPS as f64;
/// 2^(i / STEPS)
static POWERS: [f64; STEPS] = powers();
/// 1.5 · 2^52: so large that the last bit of a sum with it is worth 1. The low bits of the sum are
/// the other number, rounded, in two's complement.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// A power of less than this is 0: just above what f64 holds with all its digits.
const LEAST: f64 = -708.0;

/// e^x of x ≤ 0.
///
/// ```text
/// t = x / STEP                      k = t rounded, y = (t − k) · STEP, |y| ≤ STEP / 2
/// e^x = 2^(k div STEPS) · POWERS[k mod STEPS] · e^y
/// e^y = 1 + y + y²/2 + y³/6         the next member is at most 6 · 10⁻¹⁶
/// ```
///
/// Its error is at most 2⁻⁵² (|x| + 4): t is rounded, and so is what it is a multiple of. A logarithm
/// of a probability that is rounded before its power is taken is no better.
#[expect(
    clippy::inline_always,
    reason = "a call for every four numbers would be most of its cost"
)]
#[inline(always)]
pub(super) fn exp(x: f64x4) -> f64x4 {
    let t = x * (1.0 / STEP);
    let rounded = t + ROUNDER;
    let f = t - (rounded - ROUNDER);
    let k: u64x4 = cast(rounded);
    let within = k & u64x4::splat(STEPS as u64 - 1);
    let power = within.to_array().map(|i| POWERS[i as usize % STEPS]);
    // k div STEPS is added to the exponent, which begins at bit 52. Far below LEAST this makes
    // nonsense, which the last line takes away.
    let whole = (k ^ within) << (52 - STEPS.ilog2());
    let power: f64x4 = cast(cast::<_, u64x4>(power) + whole);
    let cubic = STEP + f * (STEP * STEP / 2.0 + f * (STEP * STEP * STEP / 6.0));
    (power + power * f * cubic) & x.cmp_ge(f64x4::splat(LEAST))
}

const fn powers() -> [f64; STEPS] {
    let mut powers = [0.0; STEPS];
    let mut i = 0;
    while i < STEPS {
        powers[i] = series(i as f64 * STEP);
        i += 1;
    }
    powers
}

/// e^y of 0 ≤ y < ln 2 by its series, the smallest member first: the thirtieth is below 10⁻³⁶.
const fn series(y: f64) -> f64 {
    let mut sum = 1.0;
    let mut member = 30;
    while member > 0 {
        sum = 1.0 + sum * y / member as f64;
        member -= 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(x: f64) -> f64 {
        exp(f64x4::splat(x)).to_array()[1]
    }

    #[test]
    fn powers_are_as_near_to_libms_as_the_rounding_of_t_allows() {
        // Over all steps and all powers of two, and not on a grid that the steps are on.
        for i in 0..2_000_000 {
            let x = f64::from(i) * -3.539_1e-4;
            let (found, libms) = (alone(x), x.exp());
            let bound = libms * (x.abs() + 4.0) * f64::EPSILON;
            let is_within = (found - libms).abs() <= bound || (x < LEAST && found == 0.0);
            assert!(is_within, "{x}: {found:e} and {libms:e}");
        }
    }

    #[test]
    fn lanes_do_not_mix_and_the_ends_are_exact() {
        let [zero, one, least, below] = exp(f64x4::new([0.0, -1.0, -708.0, -708.1])).to_array();
        assert_eq!((zero, below), (1.0, 0.0));
        assert!((one - (-1f64).exp()).abs() < 1e-16 && least > 3.3e-308);
        // Twice as far as f32 numbers can be apart, and where the table's index is nonsense.
        for far in [-709.0, -1e5, -1e9, -7e38, -1e300, f64::MIN] {
            assert_eq!(alone(far), 0.0, "{far:e}");
        }
        assert_eq!(alone(-0.0), 1.0);
    }
}
