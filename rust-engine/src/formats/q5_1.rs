//! Q5_1: 5-bit codes, a scale and a minimum.
//!
//! ```text
//! d f16 | m f16 | fifth bits u32 | 16 bytes: low bits of code j and of code j + 16
//! value = code · d + m
//! ```

use super::coded::{Coded, Packing};
use super::{Block32, Factors, f16_at, high_bits};

/// The type, for generic code.
pub struct Q5_1;

impl Block32 for Q5_1 {
    const BYTES: usize = 24;
    const WITH_SUMS: bool = true;

    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors {
        let high = high_bits(block, 4);
        for (j, byte) in block[8..24].iter().enumerate() {
            codes[j] = i16::from(byte & 15) | ((high >> j & 1) << 4) as i16;
            codes[j + 16] = i16::from(byte >> 4) | ((high >> (j + 16) & 1) << 4) as i16;
        }
        Factors {
            d: f16_at(block, 0),
            m: f16_at(block, 2),
        }
    }

    /// As `ggml_vec_dot_q5_1_q8_1_generic`.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32 {
        weight.d * activation.d * sum as f32 + weight.m * activation.m
    }
}

impl Coded for Q5_1 {
    const BYTES: usize = <Self as Block32>::BYTES;
    const CODES: usize = 32;
    const GROUP: usize = 32;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    const PACKING: Packing = Packing::Nibbles {
        at: 8,
        fifth: Some(4),
        levels: None,
    };
    const HALVES: bool = true;
}
