//! TQ1_0: 256 ternary codes, five to a byte, and a scale.
//!
//! ```text
//! 48 bytes of five digits | 4 bytes of four digits | d f16
//! elements:   0..160  digit n of byte m is element 32n + m         (m in 0..32)
//!           160..240  digit n of byte 32 + m is element 160 + 16n + m  (m in 0..16)
//!           240..256  digit n of byte 48 + m is element 240 + 4n + m   (m in 0..4)
//! value = (digit - 1) · d
//! ```
//! A byte is a fraction of 256 whose digits of base 3 come out one after another: multiplied by
//! 3^n in eight bits, digit n is what a further 3 carries over.

use super::coded::{self, Coded, Packing, bytes_at};
use super::{Summation, Super256, SuperFactors, f16_at};

/// The type, for generic code.
pub struct TQ1_0;

const POWERS: [u8; 5] = [1, 3, 9, 27, 81];

fn digit(byte: u8, n: usize) -> i16 {
    i16::from(byte.wrapping_mul(POWERS[n])) * 3 / 256
}

/// The codes of a block.
#[inline(always)]
pub(crate) fn codes(block: &[u8], codes: &mut [u8; 256]) {
    let (long, rest) = codes.split_at_mut(160);
    let (short, last) = rest.split_at_mut(80);
    for n in 0..5 {
        digits::<32>(bytes_at(block, 0), n, &mut long.as_chunks_mut().0[n]);
        digits::<16>(bytes_at(block, 32), n, &mut short.as_chunks_mut().0[n]);
    }
    for n in 0..4 {
        digits::<4>(bytes_at(block, 48), n, &mut last.as_chunks_mut().0[n]);
    }
}

/// Digit `n` of some bytes, as codes.
#[inline(always)]
fn digits<const N: usize>(bytes: &[u8; N], n: usize, codes: &mut [u8; N]) {
    for j in 0..N {
        // The digit is what times 3 carries over 256.
        codes[j] = ((u16::from(bytes[j].wrapping_mul(POWERS[n])) * 3) >> 8) as u8;
    }
}

impl Super256 for TQ1_0 {
    const BYTES: usize = 54;
    const SUMMATION: Summation = Summation::Whole;

    fn unpack(block: &[u8], codes: &mut [i16; 256]) -> SuperFactors {
        let part = |codes: &mut [i16], bytes: &[u8]| {
            for (n, codes) in codes.chunks_exact_mut(bytes.len()).enumerate() {
                for (code, &byte) in codes.iter_mut().zip(bytes) {
                    *code = digit(byte, n) - 1;
                }
            }
        };
        part(&mut codes[..160], &block[..32]);
        part(&mut codes[160..240], &block[32..48]);
        part(&mut codes[240..], &block[48..52]);
        SuperFactors {
            d: f16_at(block, 52),
            ..SuperFactors::default()
        }
    }

    fn decode(block: &[u8], values: &mut [f32; 256]) {
        let mut codes = [0; 256];
        let SuperFactors { d, .. } = Self::unpack(block, &mut codes);
        *values = codes.map(|code| f32::from(code) * d);
    }
}

impl Coded for TQ1_0 {
    const BYTES: usize = <Self as Super256>::BYTES;
    const CODES: usize = 256;
    const GROUP: usize = 256;
    const OFFSET: u8 = 1;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Digits;

    #[inline(always)]
    fn steps(block: &[u8], steps: &mut [f32], _: &mut [f32]) {
        steps[0] = coded::f16_at(block, 52);
    }
}
