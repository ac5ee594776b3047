//! Tensor types: one file each, with its layout, its decoding and its part of a dot product.
//!
//! There are four families. [`Block32`] types have blocks of 32 codes and meet activations
//! quantised the same way; [`Super256`] types have blocks of 256, most with scales inside;
//! [`i2_s`] has one scale for a tensor and meets rows of activations with one scale each; the rest
//! are plain floats ([`float`]). [`Matrix`] decodes rows of all of them.

pub mod coded;
pub mod float;
pub mod i2_s;
pub mod iq4_nl;
pub mod iq4_xs;
mod matrix;
pub mod mxfp4;
pub mod q2_k;
pub mod q3_k;
pub mod q4_0;
pub mod q4_1;
pub mod q4_k;
pub mod q5_0;
pub mod q5_1;
pub mod q5_k;
pub mod q6_k;
pub mod q8_0;
pub mod tq1_0;
pub mod tq2_0;

use gguf::TensorType;

pub use matrix::Matrix;

/// Every type that can be read, in the order of the format's numbers.
pub const SUPPORTED: &[TensorType] = &[
    TensorType::F32,
    TensorType::F16,
    TensorType::Q4_0,
    TensorType::Q4_1,
    TensorType::Q5_0,
    TensorType::Q5_1,
    TensorType::Q8_0,
    TensorType::Q2_K,
    TensorType::Q3_K,
    TensorType::Q4_K,
    TensorType::Q5_K,
    TensorType::Q6_K,
    TensorType::IQ4_NL,
    TensorType::IQ4_XS,
    TensorType::BF16,
    TensorType::TQ1_0,
    TensorType::TQ2_0,
    TensorType::I2_S,
    TensorType::MXFP4,
];

/// The two factors of a block of 32: of weights `d` and the minimum `m`; of activations `d` and
/// `s`, the sum of the codes times `d`. The second is 0 where a type has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Factors {
    /// What one step of the codes is worth.
    pub d: f32,
    /// Minimum of weights, sum of activations.
    pub m: f32,
}

/// A type with blocks of 32 codes.
pub trait Block32 {
    /// Bytes of a block.
    const BYTES: usize;
    /// Whether it has a minimum, and so meets `Q8_1` activations (which carry their sum) rather
    /// than `Q8_0`.
    const WITH_SUMS: bool;
    /// The 32 codes, as the integers that enter the dot product, and the factors.
    fn unpack(block: &[u8], codes: &mut [i16; 32]) -> Factors;
    /// What a block adds to the dot product, given the sum of the products of codes. The order
    /// of the factors differs between types, and with it the rounding.
    fn term(sum: i32, weight: Factors, activation: Factors) -> f32;
    /// The 32 values. Without a minimum nothing is added: 0 would make a zero of a negative one.
    fn decode(block: &[u8], values: &mut [f32; 32]) {
        let mut codes = [0; 32];
        let Factors { d, m } = Self::unpack(block, &mut codes);
        *values = if Self::WITH_SUMS {
            codes.map(|code| f32::from(code) * d + m)
        } else {
            codes.map(|code| f32::from(code) * d)
        };
    }
}

/// The factors of a block of 256; what a type does not have is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SuperFactors {
    /// What one step of code times sub-scale is worth.
    pub d: f32,
    /// What one step of a minimum is worth.
    pub d_min: f32,
    /// Minimum of each group of 16 codes.
    pub minima: [i32; 16],
    /// Scale of each group of 32 codes, of types that sum by [`Summation::Groups`].
    pub scales: [i32; 8],
}

/// How a product sums over the blocks of a row. Integers may be added in any order, floats not:
/// each is what `ggml_vec_dot_*_q8_K_generic` does with the types that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summation {
    /// Eight float lanes over the whole row, added up last.
    Lanes,
    /// The same; minima are taken off a scalar of their own, to which the lanes are added.
    LanesLessMinima,
    /// One float for a block.
    Whole,
    /// One float for a block, less its minima.
    WholeLessMinima,
    /// One float for each group of 32.
    Groups,
}

/// A type with blocks of 256 codes, most in groups that have a scale of their own.
pub trait Super256 {
    /// Bytes of a block.
    const BYTES: usize;
    /// How products are summed.
    const SUMMATION: Summation;
    /// Codes already multiplied by their group's scale (but for [`Summation::Groups`]), and the
    /// factors. The products fit 16 bits: at most 31 · 63 of the 5-bit codes and 32 · 128 of the
    /// 6-bit ones.
    fn unpack(block: &[u8], scaled_codes: &mut [i16; 256]) -> SuperFactors;
    /// The 256 values.
    fn decode(block: &[u8], values: &mut [f32; 256]);
}

/// Decodes one row: `bytes` is the row's bytes, `row` its values; `scale` counts for types with one
/// scale for a tensor.
///
/// The caller has checked that the type is supported and that the lengths agree.
fn decode(tensor_type: TensorType, bytes: &[u8], scale: f32, row: &mut [f32]) {
    match tensor_type {
        TensorType::F32 => float::decode_f32(bytes, row),
        TensorType::F16 => float::decode_f16(bytes, row),
        TensorType::BF16 => float::decode_bf16(bytes, row),
        TensorType::Q4_0 => decode_blocks::<q4_0::Q4_0>(bytes, row),
        TensorType::Q4_1 => decode_blocks::<q4_1::Q4_1>(bytes, row),
        TensorType::Q5_0 => decode_blocks::<q5_0::Q5_0>(bytes, row),
        TensorType::Q5_1 => decode_blocks::<q5_1::Q5_1>(bytes, row),
        TensorType::Q8_0 => decode_blocks::<q8_0::Q8_0>(bytes, row),
        TensorType::IQ4_NL => decode_blocks::<iq4_nl::IQ4NL>(bytes, row),
        TensorType::MXFP4 => decode_blocks::<mxfp4::MXFP4>(bytes, row),
        TensorType::Q2_K => decode_supers::<q2_k::Q2K>(bytes, row),
        TensorType::Q3_K => decode_supers::<q3_k::Q3K>(bytes, row),
        TensorType::IQ4_XS => decode_supers::<iq4_xs::IQ4XS>(bytes, row),
        TensorType::TQ1_0 => decode_supers::<tq1_0::TQ1_0>(bytes, row),
        TensorType::TQ2_0 => decode_supers::<tq2_0::TQ2_0>(bytes, row),
        TensorType::I2_S => i2_s::decode(bytes, scale, row),
        TensorType::Q4_K => decode_supers::<q4_k::Q4K>(bytes, row),
        TensorType::Q5_K => decode_supers::<q5_k::Q5K>(bytes, row),
        TensorType::Q6_K => decode_supers::<q6_k::Q6K>(bytes, row),
        other => unreachable!("{other} is not in SUPPORTED, which loading checks"),
    }
}

fn decode_blocks<F: Block32>(bytes: &[u8], row: &mut [f32]) {
    let (blocks, _) = row.as_chunks_mut::<32>();
    for (block, values) in bytes.chunks_exact(F::BYTES).zip(blocks) {
        F::decode(block, values);
    }
}

fn decode_supers<F: Super256>(bytes: &[u8], row: &mut [f32]) {
    let (blocks, _) = row.as_chunks_mut::<256>();
    for (block, values) in bytes.chunks_exact(F::BYTES).zip(blocks) {
        F::decode(block, values);
    }
}

/// The F16 number at `offset`, as f32.
pub(crate) fn f16_at(bytes: &[u8], offset: usize) -> f32 {
    half::f16::from_le_bytes([bytes[offset], bytes[offset + 1]]).to_f32()
}

/// The fifth bits of a block's 32 codes, as a number: bit `i` belongs to code `i`.
pub(crate) fn high_bits(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes([
        bytes[offset],
        bytes[offset + 1],
        bytes[offset + 2],
        bytes[offset + 3],
    ])
}
