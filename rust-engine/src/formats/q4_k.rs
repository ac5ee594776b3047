//! Q4_K: 256 4-bit codes in eight groups of 32, each with a 6-bit scale and a 6-bit minimum.
//!
//! ```text
//! d f16 | d_min f16 | 12 bytes of scales and minima | 128 bytes of codes
//! codes: 32 bytes for each pair of groups, low halves the first group, high halves the second
//! value = code · (d · scale) - d_min · minimum
//! ```
//! The twelve bytes hold eight scales and eight minima of 6 bits:
//! ```text
//! group 0..3: scale = byte[g] & 63            minimum = byte[g + 4] & 63
//! group 4..7: scale = byte[g + 4] & 15, above it the top two bits of byte[g - 4]
//!             minimum = byte[g + 4] >> 4, above it the top two bits of byte[g]
//! ```

use super::coded::{Coded, GroupFactors, Packing, word_at};
use super::{Summation, Super256, SuperFactors, f16_at};

/// The type, for generic code.
pub struct Q4K;

/// Scale and minimum of a group of 32; shared with Q5_K.
pub(super) fn scale_and_minimum(bytes: &[u8], group: usize) -> (u8, u8) {
    if group < 4 {
        (bytes[group] & 63, bytes[group + 4] & 63)
    } else {
        (
            bytes[group + 4] & 15 | bytes[group - 4] >> 6 << 4,
            bytes[group + 4] >> 4 | bytes[group] >> 6 << 4,
        )
    }
}

/// The factors of a block whose header is that of Q4_K; shared with Q5_K.
pub(super) fn factors(block: &[u8]) -> SuperFactors {
    let mut minima = [0; 16];
    for (group, pair) in minima.chunks_exact_mut(2).enumerate() {
        // A minimum belongs to 32 codes, the sums that it meets to 16.
        pair.fill(scale_and_minimum(&block[4..16], group).1.into());
    }
    SuperFactors {
        d: f16_at(block, 0),
        d_min: f16_at(block, 2),
        minima,
        ..SuperFactors::default()
    }
}

/// The values of a block whose header is that of Q4_K, given code `l` of each group; shared with
/// Q5_K.
pub(super) fn decode_groups(
    block: &[u8],
    values: &mut [f32; 256],
    code: impl Fn(usize, usize) -> u8,
) {
    let SuperFactors { d, d_min, .. } = factors(block);
    for (group, values) in values.chunks_exact_mut(32).enumerate() {
        let (scale, minimum) = scale_and_minimum(&block[4..16], group);
        let (d, m) = (d * f32::from(scale), d_min * f32::from(minimum));
        for (l, value) in values.iter_mut().enumerate() {
            *value = d * f32::from(code(group, l)) - m;
        }
    }
}

/// What [`scale_and_minimum`] says, of four groups at a time; shared with Q5_K.
#[inline(always)]
pub(super) fn factors_of_groups(block: &[u8]) -> GroupFactors {
    const SIX: u32 = 0x3f3f_3f3f;
    const LOW: u32 = 0x0f0f_0f0f;
    const UPPER: u32 = 0x3030_3030;
    let (a, b, c) = (word_at(block, 4), word_at(block, 8), word_at(block, 12));
    let scales = (c & LOW | a >> 2 & UPPER, a & SIX);
    let minima = (c >> 4 & LOW | b >> 2 & UPPER, b & SIX);
    GroupFactors {
        halves: word_at(block, 0),
        scales: [u64::from(scales.0) << 32 | u64::from(scales.1), 0],
        minima: [u64::from(minima.0) << 32 | u64::from(minima.1), 0],
    }
}

fn code(block: &[u8], group: usize, l: usize) -> u8 {
    let byte = block[16 + group / 2 * 32 + l];
    if group.is_multiple_of(2) {
        byte & 15
    } else {
        byte >> 4
    }
}

impl Super256 for Q4K {
    const BYTES: usize = 144;
    const SUMMATION: Summation = Summation::LanesLessMinima;

    fn unpack(block: &[u8], scaled_codes: &mut [i16; 256]) -> SuperFactors {
        for (group, scaled) in scaled_codes.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let scale = i16::from(scale_and_minimum(&block[4..16], group).0);
            let bytes = &block[16 + group / 2 * 32..][..32];
            for (scaled, byte) in scaled.iter_mut().zip(bytes) {
                *scaled = (i16::from(*byte) >> (4 * (group % 2)) & 15) * scale;
            }
        }
        factors(block)
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        decode_groups(block, values, |group, l| code(block, group, l));
    }
}

impl Coded for Q4K {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 32;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    const PACKING: Packing = Packing::Halves {
        at: 16,
        fifth: None,
    };
    const SCALED: bool = true;

    #[inline(always)]
    fn group_factors(block: &[u8]) -> GroupFactors {
        factors_of_groups(block)
    }
}
