//! Q3_K: 256 3-bit codes around 4 in sixteen groups of 16, each with a 6-bit scale around 32.
//!
//! ```text
//! 32 bytes of high bits | 64 bytes of low bits | 12 bytes of scales | d f16
//! For each half h of 128 codes, quarter r of it and l in 0..32, code 128h + 32r + l has
//!   low bits:  bits 2r, 2r + 1 of byte low[32h + l]
//!   high bit:  bit 4h + r of byte high[l]
//! Scale of group g: low four bits in byte g % 8 (low half for g < 8, else high half), upper two in
//!   bits 2 (g / 4), 2 (g / 4) + 1 of byte 8 + g % 4
//! value = d · (scale - 32) · (code - 4)
//! ```

use super::coded::{Coded, GroupFactors, Packing, half_at, less_32, long_at, word_at};
use super::{Summation, Super256, SuperFactors, f16_at};

/// The type, for generic code.
pub struct Q3K;

const HIGH: usize = 0;
const LOW: usize = 32;
const SCALES: usize = 96;
const D: usize = 108;

/// A code, less 4.
fn code(block: &[u8], element: usize) -> i16 {
    let (half, quarter, l) = (element / 128, element % 128 / 32, element % 32);
    let low = block[LOW + 32 * half + l] >> (2 * quarter) & 3;
    let high = block[HIGH + l] >> (4 * half + quarter) & 1;
    i16::from(low | high << 2) - 4
}

/// A scale, less 32.
fn scale(block: &[u8], group: usize) -> i16 {
    let scales = &block[SCALES..SCALES + 12];
    let low = scales[group % 8] >> (group / 8 * 4) & 15;
    let high = scales[8 + group % 4] >> (group / 4 * 2) & 3;
    i16::from(low | high << 4) - 32
}

impl Super256 for Q3K {
    const BYTES: usize = 110;
    const SUMMATION: Summation = Summation::Lanes;

    fn unpack(block: &[u8], scaled_codes: &mut [i16; 256]) -> SuperFactors {
        // Group by group, so that the inner loop is vectorised.
        for (group, scaled) in scaled_codes.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let (half, quarter, first) = (group / 8, group % 8 / 2, group % 2 * 16);
            let low = &block[LOW + 32 * half + first..][..16];
            let high = &block[HIGH + first..][..16];
            let scale = scale(block, group);
            for ((scaled, low), high) in scaled.iter_mut().zip(low).zip(high) {
                let low = i16::from(*low) >> (2 * quarter) & 3;
                let high = i16::from(*high) >> (4 * half + quarter) & 1;
                *scaled = (low + 4 * high - 4) * scale;
            }
        }
        SuperFactors {
            d: f16_at(block, D),
            ..SuperFactors::default()
        }
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        let d = f16_at(block, D);
        for (element, value) in values.iter_mut().enumerate() {
            let d = d * f32::from(scale(block, element / 16));
            *value = d * f32::from(code(block, element));
        }
    }
}

impl Coded for Q3K {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 16;
    const OFFSET: u8 = 4;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Pairs {
        at: LOW,
        third: Some(HIGH),
        highest_first: false,
    };
    const SCALED: bool = true;

    /// What `scale` says, of eight groups at a time.
    #[inline(always)]
    fn group_factors(block: &[u8]) -> GroupFactors {
        let low = long_at(block, SCALES);
        let high = u64::from(word_at(block, SCALES + 8));
        let mut scales = [0; 2];
        for half in 0..2 {
            let low = low >> (4 * half) & 0x0f0f_0f0f_0f0f_0f0f;
            let first = high >> (4 * half) & 0x0303_0303;
            let second = high >> (4 * half + 2) & 0x0303_0303;
            scales[half] = less_32(low | (first | second << 32) << 4);
        }
        GroupFactors {
            halves: half_at(block, D),
            scales,
            ..GroupFactors::default()
        }
    }
}
