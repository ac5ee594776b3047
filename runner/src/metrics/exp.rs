//! e to the power of numbers that are not above 0, as softmax needs it.
//!
//! Not libm's, which is a call for each number and has other last bits on another CPU. Tried for a row
//! of 49,152 on SSE2, which is all that every x86-64 has: 122 µs with libm's; 75 to 130 µs with a
//! polynomial of degree 12; 55 µs with a table of 256 and a polynomial of degree 4; 47 µs with the one
//! below. On AVX-512, where eight numbers are looked up by one instruction, two rows take 50 µs with
//! all that is done with the powers; the table has 9 µs of them.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined gets the instructions of the loop around it"
)]

use std::f64::consts::LN_2;

use super::lanes::{LANES, Lanes};

/// Steps from one power of two to the next: with 1,024 the rest needs no more than a cubic, and the
/// table takes 8 KiB of the first cache.
const STEPS: usize = 1024;
/// What one step adds to the exponent of e.
const STEP: f64 = LN_2 / STEPS as f64;
/// The bits of 2^(i / STEPS), with i taken off where the whole of k is added.
static POWERS: [u64; STEPS] = powers();
/// Where k is added, so that its whole steps of two come to the exponent, which begins at bit 52.
const PLACE: u32 = 52 - STEPS.ilog2();
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
#[inline(always)]
pub(super) fn exp(x: Lanes) -> Lanes {
    let t = x * Lanes::splat(1.0 / STEP);
    let rounded = t + Lanes::splat(ROUNDER);
    let f = t - (rounded - Lanes::splat(ROUNDER));
    let mut power = Lanes::ZERO;
    for lane in 0..LANES {
        let k = rounded.0[lane].to_bits();
        let bits = POWERS[k as usize % STEPS].wrapping_add(k << PLACE);
        power.0[lane] = f64::from_bits(bits);
    }
    let cubic = Lanes::splat(STEP * STEP * STEP / 6.0) * f + Lanes::splat(STEP * STEP / 2.0);
    let cubic = cubic * f + Lanes::splat(STEP);
    // Far below LEAST the bits are nonsense.
    (power + power * (f * cubic)).with(x, |power, x| if x >= LEAST { power } else { 0.0 })
}

const fn powers() -> [u64; STEPS] {
    let mut powers = [0; STEPS];
    let mut i = 0;
    while i < STEPS {
        let power = series(i as f64 * STEP).to_bits();
        powers[i] = power.wrapping_sub((i as u64) << PLACE);
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
        exp(Lanes::splat(x)).0[1]
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
        let powers = exp(Lanes::of(&[0.0, -1.0, -708.0, -708.1, 0.0, 0.0, 0.0, 0.0]));
        let [zero, one, least, below, ..] = powers.0;
        assert_eq!((zero, below), (1.0, 0.0));
        assert!((one - (-1f64).exp()).abs() < 1e-16 && least > 3.3e-308);
        // Twice as far as f32 numbers can be apart, and where the table's index is nonsense.
        for far in [-709.0, -1e5, -1e9, -7e38, -1e300, f64::MIN] {
            assert_eq!(alone(far), 0.0, "{far:e}");
        }
        assert_eq!(alone(-0.0), 1.0);
    }
}
