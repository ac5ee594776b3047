//! F32, F16 and BF16: little-endian numbers, no blocks.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// An F16 number as f32: as the library does it, but without a call, so that what is around it stays
/// in registers and loops become vectors.
///
/// The exponent's zero is 112 further down in an f32, and its largest value, which infinities have, twice
/// that. Numbers below the normal range, as steps of Q6_K often are, are whole numbers of 2^-24: a product
/// with what they look like in place would be exact, too, but takes a CPU a hundred cycles and more.
#[inline(always)]
pub(crate) fn widen_f16(bits: u16) -> f32 {
    const TWO_TO_MINUS_24: f32 = 1.0 / 16_777_216.0;
    const LOWER: u32 = 112 << 23;
    let (sign, magnitude) = (u32::from(bits) >> 15 << 31, u32::from(bits) & 0x7fff);
    let odd = if magnitude >= 0x7c00 { LOWER } else { 0 };
    let normal = (magnitude << 13) + LOWER + odd;
    let small = (magnitude.cast_signed() as f32 * TWO_TO_MINUS_24).to_bits();
    f32::from_bits(sign | if magnitude < 0x400 { small } else { normal })
}

/// ggml's `nearest_int`: half to even. Adding 1.5 · 2^23 leaves the whole number in the low bits;
/// what is beyond 2^22 leaves something else there, the same here as in the reference.
#[inline(always)]
pub(crate) fn nearest_int(x: f32) -> i32 {
    ((x + 12_582_912.0).to_bits() & 0x007f_ffff) as i32 - 0x0040_0000
}

/// Copies F32.
pub fn decode_f32(bytes: &[u8], row: &mut [f32]) {
    let (numbers, _) = bytes.as_chunks::<4>();
    for (value, number) in row.iter_mut().zip(numbers) {
        *value = f32::from_le_bytes(*number);
    }
}

/// Widens F16.
pub fn decode_f16(bytes: &[u8], row: &mut [f32]) {
    let (numbers, _) = bytes.as_chunks::<2>();
    for (value, number) in row.iter_mut().zip(numbers) {
        *value = f16::from_le_bytes(*number).to_f32();
    }
}

/// Widens BF16.
pub fn decode_bf16(bytes: &[u8], row: &mut [f32]) {
    let (numbers, _) = bytes.as_chunks::<2>();
    for (value, number) in row.iter_mut().zip(numbers) {
        *value = f32::from_bits(u32::from(u16::from_le_bytes(*number)) << 16);
    }
}

/// Rounds to F16 and back, to the nearest, ties to even: what a product with F16 weights sees.
pub fn round_to_f16(values: &mut [f32]) {
    let mut halves = [f16::ZERO; 64];
    for chunk in values.chunks_mut(64) {
        let halves = &mut halves[..chunk.len()];
        halves.convert_from_f32_slice(chunk);
        halves.convert_to_f32_slice(chunk);
    }
}

/// Rounds to BF16 and back, to the nearest, ties to even.
pub fn round_to_bf16(values: &mut [f32]) {
    for value in values {
        *value = bf16::from_f32(*value).to_f32();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_ties_to_even() {
        // 2049 lies between the F16 neighbours 2048 and 2050, 2051 between 2050 and 2052.
        let mut values = [2049.0, 2051.0, 65520.0, -0.0];
        round_to_f16(&mut values);
        assert_eq!(values[..2], [2048.0, 2052.0]);
        assert!(values[2].is_infinite());
        assert!(values[3].is_sign_negative());
        let mut values = [257.0, 259.0];
        round_to_bf16(&mut values);
        assert_eq!(values, [256.0, 260.0]);
    }

    #[test]
    fn decodes_every_f16_as_the_definition_says() {
        for bits in 0..=u16::MAX {
            let mut row = [0.0];
            decode_f16(&bits.to_le_bytes(), &mut row);
            let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
            let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
            let expected = match exponent {
                31 if fraction == 0.0 => sign * f64::INFINITY,
                31 => f64::NAN,
                0 => sign * fraction * 2f64.powi(-24),
                e => sign * (1.0 + fraction / 1024.0) * 2f64.powi(e - 15),
            };
            assert!(f64::from(row[0]) == expected || (row[0].is_nan() && expected.is_nan()));
            let widened = f64::from(widen_f16(bits));
            assert!(widened == expected || (widened.is_nan() && expected.is_nan()));
        }
    }
}
