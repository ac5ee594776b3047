//! Q5_K: as Q4_K with a fifth bit for each code.
//!
//! ```text
//! d f16 | d_min f16 | 12 bytes of scales and minima (as Q4_K) | 32 bytes of fifth bits | 128 bytes
//! fifth bit of code l of group g: bit g of byte l
//! value = code · (d · scale) - d_min · minimum
//! ```

use super::coded::{Coded, GroupFactors, Packing};
use super::q4_k::{decode_groups, factors, factors_of_groups, scale_and_minimum};
use super::{Summation, Super256, SuperFactors};

/// The type, for generic code.
pub struct Q5K;

fn code(block: &[u8], group: usize, l: usize) -> u8 {
    let byte = block[48 + group / 2 * 32 + l];
    let low = if group.is_multiple_of(2) {
        byte & 15
    } else {
        byte >> 4
    };
    low | (block[16 + l] >> group & 1) << 4
}

impl Super256 for Q5K {
    const BYTES: usize = 176;
    const SUMMATION: Summation = Summation::LanesLessMinima;

    fn unpack(block: &[u8], scaled_codes: &mut [i16; 256]) -> SuperFactors {
        for (group, codes) in scaled_codes.chunks_exact_mut(32).enumerate() {
            let scale = i16::from(scale_and_minimum(&block[4..16], group).0);
            for (l, scaled) in codes.iter_mut().enumerate() {
                *scaled = i16::from(code(block, group, l)) * scale;
            }
        }
        factors(block)
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        decode_groups(block, values, |group, l| code(block, group, l));
    }
}

impl Coded for Q5K {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 32;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    const PACKING: Packing = Packing::Halves {
        at: 48,
        fifth: Some(16),
    };
    const SCALED: bool = true;

    #[inline(always)]
    fn group_factors(block: &[u8]) -> GroupFactors {
        factors_of_groups(block)
    }
}
