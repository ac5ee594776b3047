//! MXFP4: 4-bit floats with a power of two as scale, as the Open Compute Project has them.
//!
//! ```text
//! e, an exponent of 8 bits | 16 bytes: byte j holds code j (low half) and code j + 16 (high half)
//! code = sign, 2 bits of exponent, 1 of fraction: LEVELS holds twice what it stands for
//! value = LEVELS[code] · 2^(e - 128)
//! ```

use super::coded::{self, Coded, Packing};
use super::{Block32, Factors};

/// The type, for generic code.
pub struct MXFP4;

/// Twice the values of the codes.
const LEVELS: [i16; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];
/// The same, 16 higher.
const UNSIGNED_LEVELS: [u8; 16] = coded::raised(&LEVELS, 16);

/// 2^(e - 128), as `ggml_e8m0_to_fp32_half`: 255, which the format keeps for "not a number", is
/// 2^127 there.
fn scale(e: u8) -> f32 {
    // The two smallest are below the normal range.
    f32::from_bits(match e {
        0 => 0x0020_0000,
        1 => 0x0040_0000,
        e => u32::from(e - 1) << 23,
    })
}

impl Block32 for MXFP4 {
    const BYTES: usize = 17;
    const WITH_SUMS: bool = false;

    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors {
        for (j, byte) in block[1..17].iter().enumerate() {
            codes[j] = LEVELS[usize::from(byte & 15)];
            codes[j + 16] = LEVELS[usize::from(byte >> 4)];
        }
        Factors {
            d: scale(block[0]),
            m: 0.0,
        }
    }

    /// As `ggml_vec_dot_mxfp4_q8_0_generic`.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32 {
        weight.d * activation.d * sum as f32
    }
}

impl Coded for MXFP4 {
    const BYTES: usize = <Self as Block32>::BYTES;
    const CODES: usize = 32;
    const GROUP: usize = 32;
    const OFFSET: u8 = 16;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Nibbles {
        at: 1,
        fifth: None,
        levels: Some(&UNSIGNED_LEVELS),
    };

    #[inline(always)]
    fn steps(block: &[u8], steps: &mut [f32], _: &mut [f32]) {
        steps[0] = scale(block[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_powers_of_two() {
        for e in 0..=255u8 {
            assert_eq!(f64::from(scale(e)), 2f64.powi(i32::from(e) - 128), "{e}");
        }
    }
}
