//! IQ4_XS: the levels of IQ4_NL in eight groups of 32, each with a 6-bit scale around 32.
//!
//! ```text
//! d f16 | upper scale bits u16: two for each group
//! | 4 bytes of lower scale bits: four for each group
//! | 128 bytes of codes: 16 for each group, byte j holds codes j (low half) and j + 16 (high half)
//! value = d · (scale - 32) · LEVELS[code]
//! ```

use super::coded::{Coded, GroupFactors, Packing, half_at, less_32, word_at};
use super::iq4_nl::{LEVELS, UNSIGNED_LEVELS};
use super::{Summation, Super256, SuperFactors, f16_at};

/// The type, for generic code.
pub struct IQ4XS;

const CODES: usize = 8;

/// The scale of a group, less 32.
fn scale(block: &[u8], group: usize) -> i32 {
    let low = block[4 + group / 2] >> (group % 2 * 4) & 15;
    let high = u16::from_le_bytes([block[2], block[3]]) >> (2 * group) & 3;
    i32::from(low) + i32::from(high) * 16 - 32
}

impl Super256 for IQ4XS {
    const BYTES: usize = 136;
    const SUMMATION: Summation = Summation::Groups;

    fn unpack(block: &[u8], codes: &mut [i16; 256]) -> SuperFactors {
        let groups = block[CODES..136].chunks_exact(16);
        for (bytes, codes) in groups.zip(codes.chunks_exact_mut(32)) {
            for (j, byte) in bytes.iter().enumerate() {
                codes[j] = LEVELS[usize::from(byte & 15)];
                codes[j + 16] = LEVELS[usize::from(byte >> 4)];
            }
        }
        SuperFactors {
            d: f16_at(block, 0),
            scales: std::array::from_fn(|group| scale(block, group)),
            ..SuperFactors::default()
        }
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        let mut codes = [0; 256];
        let SuperFactors { d, scales, .. } = Self::unpack(block, &mut codes);
        let groups = values.chunks_exact_mut(32).zip(codes.chunks_exact(32));
        for ((values, codes), scale) in groups.zip(scales) {
            let d = d * scale as f32;
            for (value, &code) in values.iter_mut().zip(codes) {
                *value = d * f32::from(code);
            }
        }
    }
}

impl Coded for IQ4XS {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 32;
    const OFFSET: u8 = 128;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Nibbles {
        at: CODES,
        fifth: None,
        levels: Some(&UNSIGNED_LEVELS),
    };
    const SCALED: bool = true;

    /// What `scale` says, of all groups: bits are moved apart by halves.
    #[inline(always)]
    fn group_factors(block: &[u8]) -> GroupFactors {
        let mut low = u64::from(word_at(block, 4));
        low = (low | low << 16) & 0x0000_ffff_0000_ffff;
        low = (low | low << 8) & 0x00ff_00ff_00ff_00ff;
        low = (low | low << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        let mut high = u64::from(half_at(block, 2));
        high = (high | high << 24) & 0x0000_00ff_0000_00ff;
        high = (high | high << 12) & 0x000f_000f_000f_000f;
        high = (high | high << 6) & 0x0303_0303_0303_0303;
        GroupFactors {
            halves: half_at(block, 0),
            scales: [less_32(low | high << 4), 0],
            ..GroupFactors::default()
        }
    }
}
