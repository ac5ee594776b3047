//! Q4_1: 4-bit codes, a scale and a minimum.
//!
//! ```text
//! d f16 | m f16 | 16 bytes: byte j holds code j (low half) and code j + 16 (high half)
//! value = code · d + m
//! ```

use super::coded::{Coded, Packing};
use super::{Block32, Factors, f16_at};

/// The type, for generic code.
pub struct Q4_1;

impl Block32 for Q4_1 {
    const BYTES: usize = 20;
    const WITH_SUMS: bool = true;

    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors {
        for (j, byte) in block[4..20].iter().enumerate() {
            codes[j] = i16::from(byte & 15);
            codes[j + 16] = i16::from(byte >> 4);
        }
        Factors {
            d: f16_at(block, 0),
            m: f16_at(block, 2),
        }
    }

    /// As `ggml_vec_dot_q4_1_q8_1_generic`.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32 {
        weight.d * activation.d * sum as f32 + weight.m * activation.m
    }
}

impl Coded for Q4_1 {
    const BYTES: usize = <Self as Block32>::BYTES;
    const CODES: usize = 32;
    const GROUP: usize = 32;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    const PACKING: Packing = Packing::Nibbles {
        at: 4,
        fifth: None,
        levels: None,
    };
    const HALVES: bool = true;
}
