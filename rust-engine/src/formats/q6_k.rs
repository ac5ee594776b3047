//! Q6_K: 256 6-bit codes around 32 in sixteen groups of 16, each with a signed 8-bit scale.
//!
//! ```text
//! 128 bytes of low bits | 64 bytes of high bits | 16 signed scales | d f16
//! For each half h of 128 codes, quarter r (0..3) of it and l in 0..32, code 128h + 32r + l has
//!   low bits:  half r / 2 of byte low[64h + 32(r % 2) + l]
//!   high bits: bits 2r, 2r + 1 of byte high[32h + l]
//! value = d · scale · (code - 32)
//! ```

use super::coded::{Coded, GroupFactors, Packing, half_at, long_at};
use super::{Summation, Super256, SuperFactors, f16_at};

/// The type, for generic code.
pub struct Q6K;

const LOW: usize = 0;
const HIGH: usize = 128;
const SCALES: usize = 192;
const D: usize = 208;

/// The code of element `128 * half + 32 * quarter + l`, less 32.
fn code(block: &[u8], half: usize, quarter: usize, l: usize) -> i16 {
    let low = block[LOW + 64 * half + 32 * (quarter % 2) + l] >> (4 * (quarter / 2)) & 15;
    let high = block[HIGH + 32 * half + l] >> (2 * quarter) & 3;
    i16::from(low | high << 4) - 32
}

fn scale(block: &[u8], half: usize, quarter: usize, l: usize) -> i8 {
    block[SCALES + 8 * half + 2 * quarter + l / 16].cast_signed()
}

impl Super256 for Q6K {
    const BYTES: usize = 210;
    const SUMMATION: Summation = Summation::Lanes;

    fn unpack(block: &[u8], scaled_codes: &mut [i16; 256]) -> SuperFactors {
        for (part, codes) in scaled_codes.chunks_exact_mut(32).enumerate() {
            let (half, quarter) = (part / 4, part % 4);
            for (l, scaled) in codes.iter_mut().enumerate() {
                let scale = i16::from(scale(block, half, quarter, l));
                *scaled = code(block, half, quarter, l) * scale;
            }
        }
        SuperFactors {
            d: f16_at(block, D),
            ..SuperFactors::default()
        }
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        let d = f16_at(block, D);
        for (part, values) in values.chunks_exact_mut(32).enumerate() {
            let (half, quarter) = (part / 4, part % 4);
            for (l, value) in values.iter_mut().enumerate() {
                let scale = f32::from(scale(block, half, quarter, l));
                *value = d * scale * f32::from(code(block, half, quarter, l));
            }
        }
    }
}

impl Coded for Q6K {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 16;
    const OFFSET: u8 = 32;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Sixes {
        low: LOW,
        high: HIGH,
    };
    const SCALED: bool = true;

    #[inline(always)]
    fn group_factors(block: &[u8]) -> GroupFactors {
        GroupFactors {
            halves: half_at(block, D),
            scales: [long_at(block, SCALES), long_at(block, SCALES + 8)],
            ..GroupFactors::default()
        }
    }
}
