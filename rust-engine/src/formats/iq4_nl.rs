//! IQ4_NL: 4-bit codes that stand for sixteen unevenly spaced numbers, and a scale.
//!
//! ```text
//! d f16 | 16 bytes: byte j holds code j (low half) and code j + 16 (high half)
//! value = d · LEVELS[code]
//! ```

use super::coded::{self, Coded, Packing};
use super::{Block32, Factors, f16_at};

/// The type, for generic code.
pub struct IQ4NL;

/// What the codes stand for: ggml's `kvalues_iq4nl`; shared with IQ4_XS.
pub(super) const LEVELS: [i16; 16] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
];

/// The same, 128 higher; shared with IQ4_XS.
pub(super) const UNSIGNED_LEVELS: [u8; 16] = coded::raised(&LEVELS, 128);

impl Block32 for IQ4NL {
    const BYTES: usize = 18;
    const WITH_SUMS: bool = false;

    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors {
        for (j, byte) in block[2..18].iter().enumerate() {
            codes[j] = LEVELS[usize::from(byte & 15)];
            codes[j + 16] = LEVELS[usize::from(byte >> 4)];
        }
        Factors {
            d: f16_at(block, 0),
            m: 0.0,
        }
    }

    /// As `ggml_vec_dot_iq4_nl_q8_0_generic`.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32 {
        weight.d * activation.d * sum as f32
    }
}

impl Coded for IQ4NL {
    const BYTES: usize = <Self as Block32>::BYTES;
    const CODES: usize = 32;
    const GROUP: usize = 32;
    const OFFSET: u8 = 128;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Nibbles {
        at: 2,
        fifth: None,
        levels: Some(&UNSIGNED_LEVELS),
    };
    const HALVES: bool = true;
}
