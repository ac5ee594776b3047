//! TQ2_0: 256 ternary codes of two bits, and a scale.
//!
//! ```text
//! 64 bytes of codes | d f16
//! byte 32h + m holds, lowest bits first, elements 128h + m, 128h + 32 + m, 128h + 64 + m and
//!   128h + 96 + m
//! value = (code - 1) · d; code 3, which no quantiser writes, is 2 · d
//! ```

use super::coded::{self, Coded, Packing};
use super::{Summation, Super256, SuperFactors, f16_at};

/// The type, for generic code.
pub struct TQ2_0;

impl TQ2_0 {
    /// What a code of a block is worth, for kernels that take the codes as they are.
    #[inline(always)]
    pub(crate) fn step(block: &[u8]) -> f32 {
        coded::f16_at(block, 64)
    }
}

impl Super256 for TQ2_0 {
    const BYTES: usize = 66;
    const SUMMATION: Summation = Summation::Whole;

    fn unpack(block: &[u8], codes: &mut [i16; 256]) -> SuperFactors {
        for (bytes, codes) in block[..64]
            .chunks_exact(32)
            .zip(codes.chunks_exact_mut(128))
        {
            for (l, codes) in codes.chunks_exact_mut(32).enumerate() {
                for (code, byte) in codes.iter_mut().zip(bytes) {
                    *code = i16::from(byte >> (2 * l) & 3) - 1;
                }
            }
        }
        SuperFactors {
            d: f16_at(block, 64),
            ..SuperFactors::default()
        }
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        let mut codes = [0; 256];
        let SuperFactors { d, .. } = Self::unpack(block, &mut codes);
        *values = codes.map(|code| f32::from(code) * d);
    }
}

impl Coded for TQ2_0 {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 256;
    const OFFSET: u8 = 1;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Pairs {
        at: 0,
        third: None,
        highest_first: false,
    };

    #[inline(always)]
    fn steps(block: &[u8], steps: &mut [f32], _: &mut [f32]) {
        steps[0] = Self::step(block);
    }
}
