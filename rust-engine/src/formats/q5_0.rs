//! Q5_0: 5-bit codes around 16, one scale.
//!
//! ```text
//! d f16 | fifth bits u32 | 16 bytes: byte j holds the low bits of code j and of code j + 16
//! value = (code - 16) · d
//! ```

use super::coded::{Coded, Packing};
use super::{Block32, Factors, f16_at, high_bits};

/// The type, for generic code.
pub struct Q5_0;

impl Block32 for Q5_0 {
    const BYTES: usize = 22;
    const WITH_SUMS: bool = false;

    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors {
        let high = high_bits(block, 2);
        for (j, byte) in block[6..22].iter().enumerate() {
            codes[j] = (i16::from(byte & 15) | ((high >> j & 1) << 4) as i16) - 16;
            codes[j + 16] = (i16::from(byte >> 4) | ((high >> (j + 16) & 1) << 4) as i16) - 16;
        }
        Factors {
            d: f16_at(block, 0),
            m: 0.0,
        }
    }

    /// As `ggml_vec_dot_q5_0_q8_0_generic`: the two scales first, unlike Q4_0.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32 {
        weight.d * activation.d * sum as f32
    }
}

impl Coded for Q5_0 {
    const BYTES: usize = <Self as Block32>::BYTES;
    const CODES: usize = 32;
    const GROUP: usize = 32;
    const OFFSET: u8 = 16;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Nibbles {
        at: 6,
        fifth: Some(2),
        levels: None,
    };
    const HALVES: bool = true;
}
