//! Q4_0: 4-bit codes around 8, one scale.
//!
//! ```text
//! d f16 | 16 bytes: byte j holds code j (low half) and code j + 16 (high half)
//! value = (code - 8) · d
//! ```

use super::coded::{Coded, Packing};
use super::{Block32, Factors, f16_at};

/// The type, for generic code.
pub struct Q4_0;

impl Block32 for Q4_0 {
    const BYTES: usize = 18;
    const WITH_SUMS: bool = false;

    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors {
        for (j, byte) in block[2..18].iter().enumerate() {
            codes[j] = i16::from(byte & 15) - 8;
            codes[j + 16] = i16::from(byte >> 4) - 8;
        }
        Factors {
            d: f16_at(block, 0),
            m: 0.0,
        }
    }

    /// As `ggml_vec_dot_q4_0_q8_0` without AVX: one factor after the other.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32 {
        sum as f32 * weight.d * activation.d
    }
}

impl Coded for Q4_0 {
    const BYTES: usize = <Self as Block32>::BYTES;
    const CODES: usize = 32;
    const GROUP: usize = 32;
    const OFFSET: u8 = 8;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Nibbles {
        at: 2,
        fifth: None,
        levels: None,
    };
    const HALVES: bool = true;
}
