//! Q8_0: 8-bit codes, one scale.
//!
//! ```text
//! d f16 | 32 signed bytes
//! value = code · d
//! ```

use super::coded::{Coded, Packing};
use super::{Block32, Factors, f16_at};

/// The type, for generic code.
pub struct Q8_0;

impl Block32 for Q8_0 {
    const BYTES: usize = 34;
    const WITH_SUMS: bool = false;

    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors {
        for (code, byte) in codes.iter_mut().zip(&block[2..34]) {
            *code = i16::from(byte.cast_signed());
        }
        Factors {
            d: f16_at(block, 0),
            m: 0.0,
        }
    }

    /// As `ggml_vec_dot_q8_0_q8_0` without AVX.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32 {
        sum as f32 * (weight.d * activation.d)
    }
}

impl Coded for Q8_0 {
    const BYTES: usize = <Self as Block32>::BYTES;
    const CODES: usize = 32;
    const GROUP: usize = 32;
    const OFFSET: u8 = 128;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Signed { at: 2 };
    const HALVES: bool = true;
}
