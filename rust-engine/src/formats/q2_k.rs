//! Q2_K: 256 2-bit codes in sixteen groups of 16, each with a 4-bit scale and a 4-bit minimum.
//!
//! ```text
//! 16 bytes, one a group: scale (low half), minimum (high half) | 64 bytes of codes
//! | d f16 | d_min f16
//! byte 32h + l holds, lowest bits first, elements 128h + l, 128h + 32 + l, 128h + 64 + l and
//!   128h + 96 + l
//! value = (d · scale) · code - d_min · minimum
//! ```

use super::coded::{Coded, GroupFactors, Packing, long_at, word_at};
use super::{Summation, Super256, SuperFactors, f16_at};

/// The type, for generic code.
pub struct Q2K;

const CODES: usize = 16;
const D: usize = 80;
const D_MIN: usize = 82;

fn code(block: &[u8], element: usize) -> u8 {
    let (half, quarter, l) = (element / 128, element % 128 / 32, element % 32);
    block[CODES + 32 * half + l] >> (2 * quarter) & 3
}

impl Super256 for Q2K {
    const BYTES: usize = 84;
    const SUMMATION: Summation = Summation::WholeLessMinima;

    fn unpack(block: &[u8], scaled_codes: &mut [i16; 256]) -> SuperFactors {
        // Group by group, so that the inner loop is vectorised.
        for (group, scaled) in scaled_codes.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let (half, quarter) = (group / 8, group % 8 / 2);
            let bytes = &block[CODES + 32 * half + group % 2 * 16..][..16];
            let scale = i16::from(block[group] & 15);
            for (scaled, byte) in scaled.iter_mut().zip(bytes) {
                *scaled = i16::from(byte >> (2 * quarter) & 3) * scale;
            }
        }
        SuperFactors {
            d: f16_at(block, D),
            d_min: f16_at(block, D_MIN),
            minima: std::array::from_fn(|group| i32::from(block[group] >> 4)),
            ..SuperFactors::default()
        }
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        let (d, d_min) = (f16_at(block, D), f16_at(block, D_MIN));
        for (element, value) in values.iter_mut().enumerate() {
            let factors = block[element / 16];
            let (d, m) = (d * f32::from(factors & 15), d_min * f32::from(factors >> 4));
            *value = d * f32::from(code(block, element)) - m;
        }
    }
}

impl Coded for Q2K {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 16;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    const PACKING: Packing = Packing::Pairs {
        at: CODES,
        third: None,
        highest_first: false,
    };
    const SCALED: bool = true;

    #[inline(always)]
    fn group_factors(block: &[u8]) -> GroupFactors {
        const LOW: u64 = 0x0f0f_0f0f_0f0f_0f0f;
        let (first, second) = (long_at(block, 0), long_at(block, 8));
        GroupFactors {
            halves: word_at(block, D),
            scales: [first & LOW, second & LOW],
            minima: [first >> 4 & LOW, second >> 4 & LOW],
        }
    }
}
