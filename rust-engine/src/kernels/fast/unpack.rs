//! Codes of weights, from their packing in the file to vectors of unsigned bytes.

use super::isa::Isa;
use crate::formats::coded::{Coded, Packing, bytes_at, f16_at, word_at};
use crate::formats::tq1_0;

/// Codes that are unpacked at once: two blocks of 32, else one block.
pub(super) const fn unit_codes<F: Coded>() -> usize {
    if F::CODES == 32 { 64 } else { F::CODES }
}

/// Bytes that hold them.
pub(super) const fn unit_bytes<F: Coded>() -> usize {
    unit_codes::<F>() / F::CODES * F::BYTES
}

/// The codes of a unit, 64 to a vector, in order; what it has no codes for is of no meaning.
#[inline(always)]
pub(super) fn unit<F: Coded, I: Isa>(isa: I, bytes: &[u8]) -> [I::Ints; 4] {
    let bytes = &bytes[..unit_bytes::<F>()];
    let mut codes = [isa.ints(0); 4];
    match F::PACKING {
        Packing::Nibbles { at, fifth, levels } => {
            for i in 0..unit_codes::<F>() / 64 {
                let (a, b) = if F::CODES == 32 {
                    (at, F::BYTES + at)
                } else {
                    (at + 32 * i, at + 32 * i + 16)
                };
                let packed = isa.each_twice(bytes_at(bytes, a), bytes_at(bytes, b));
                let mut four = isa.shifted(packed, [0, 4, 0, 4], 15);
                if let Some(levels) = levels {
                    four = isa.levels(levels, four);
                }
                if let Some(fifth) = fifth {
                    let first = u64::from(word_at(bytes, fifth));
                    let second = u64::from(word_at(bytes, F::BYTES + fifth));
                    four = isa.or(four, isa.sixteens(first | second << 32));
                }
                codes[i] = four;
            }
        }
        Packing::Halves { at, fifth } => {
            for i in 0..4 {
                let i_bits = 2 * i as u32;
                let packed = isa.twice(bytes_at(bytes, at + 32 * i));
                codes[i] = isa.shifted(packed, [0, 0, 4, 4], 15);
                if let Some(fifth) = fifth {
                    let bits = isa.twice(bytes_at(bytes, fifth));
                    let bits = isa.shifted(bits, [i_bits, i_bits, i_bits + 1, i_bits + 1], 1);
                    codes[i] = isa.or(codes[i], isa.raised(bits, 4));
                }
            }
        }
        Packing::Pairs {
            at,
            third,
            highest_first,
        } => {
            for i in 0..unit_codes::<F>() / 64 {
                let (first, second) = match (i % 2, highest_first) {
                    (0, false) => (0, 2),
                    (_, false) => (4, 6),
                    (0, true) => (6, 4),
                    (_, true) => (2, 0),
                };
                let packed = isa.twice(bytes_at(bytes, at + i / 2 * 32));
                codes[i] = isa.shifted(packed, [first, first, second, second], 3);
                if let Some(third) = third {
                    let i = i as u32;
                    let bits = isa.twice(bytes_at(bytes, third));
                    let bits = isa.shifted(bits, [2 * i, 2 * i, 2 * i + 1, 2 * i + 1], 1);
                    codes[i as usize] = isa.or(codes[i as usize], isa.raised(bits, 2));
                }
            }
        }
        Packing::Sixes { low, high } => {
            for half in 0..2 {
                let fours = isa.bytes(bytes_at(bytes, low + 64 * half));
                let pairs = isa.twice(bytes_at(bytes, high + 32 * half));
                let first = isa.raised(isa.shifted(pairs, [0, 0, 2, 2], 3), 4);
                let second = isa.raised(isa.shifted(pairs, [4, 4, 6, 6], 3), 4);
                codes[2 * half] = isa.or(isa.shifted(fours, [0; 4], 15), first);
                codes[2 * half + 1] = isa.or(isa.shifted(fours, [4; 4], 15), second);
            }
        }
        Packing::Signed { at } => {
            let both = isa.both(bytes_at(bytes, at), bytes_at(bytes, F::BYTES + at));
            // The sign bit turned: 128 more.
            codes[0] = isa.xor(both, isa.ints(0x8080_8080_u32.cast_signed()));
        }
        Packing::Digits => {
            let mut digits = [0; 256];
            tq1_0::codes(bytes, &mut digits);
            for i in 0..4 {
                codes[i] = isa.bytes(bytes_at(&digits, 64 * i));
            }
        }
    }
    codes
}

/// The codes of the last block of 32, where a row has an odd number of them; behind them is what a block of
/// zeros holds, which meets zeros.
#[inline(always)]
pub(super) fn half_unit<F: Coded, I: Isa>(isa: I, block: &[u8]) -> I::Ints {
    /// Two of the largest blocks.
    const ROOM: usize = 2 * 34;
    let mut bytes = [0; ROOM];
    bytes[..block.len()].copy_from_slice(block);
    unit::<F, I>(isa, &bytes)[0]
}

/// The codes of one row. There is room for whole vectors.
#[inline(always)]
pub(super) fn codes_of_row<F: Coded, I: Isa>(isa: I, bytes: &[u8], codes: &mut [[u8; 64]]) {
    let of_unit = unit_codes::<F>() / 64;
    let units = bytes.len() / unit_bytes::<F>();
    for i in 0..units {
        let unit = unit::<F, I>(isa, &bytes[i * unit_bytes::<F>()..]);
        for v in 0..of_unit {
            isa.store_bytes(unit[v], &mut codes[i * of_unit + v]);
        }
    }
    let rest = &bytes[units * unit_bytes::<F>()..];
    if !rest.is_empty() {
        let half = half_unit::<F, I>(isa, rest);
        isa.store_bytes(half, &mut codes[units]);
    }
}

/// What a code of each group of one row is worth. Types without a step in their blocks leave `steps` as
/// they are.
#[inline(always)]
pub(super) fn steps_of_row<F: Coded>(bytes: &[u8], steps: &mut [f32], minima: &mut [f32]) {
    let per_block = F::CODES / F::GROUP;
    if per_block == 0 {
        return;
    }
    if F::HALVES {
        for (i, block) in bytes.chunks_exact(F::BYTES).enumerate() {
            steps[i] = f16_at(block, 0);
            if F::MINIMA {
                minima[i] = f16_at(block, 2);
            }
        }
        return;
    }
    for (i, block) in bytes.chunks_exact(F::BYTES).enumerate() {
        let minima = if F::MINIMA {
            &mut minima[i * per_block..][..per_block]
        } else {
            &mut []
        };
        F::steps(block, &mut steps[i * per_block..][..per_block], minima);
    }
}
