//! Weights as the integer products of arithmetic `fast` take them: unsigned bytes, and for each
//! group of codes a step and a minimum.
//!
//! ```text
//! value = (code - OFFSET) · step + minimum
//! ```
//! The bodies are `inline(always)` plain loops: each kernel set compiles them for its own registers,
//! and there is one of each.

use gguf::TensorType;

use super::float::widen_f16;

/// A type whose weights can be made unsigned bytes.
pub trait Coded {
    /// Bytes of a block.
    const BYTES: usize;
    /// Codes of a block.
    const CODES: usize;
    /// Codes that share a step.
    const GROUP: usize;
    /// The code that stands for zero, a power of two; 0 where there is none.
    const OFFSET: u8;
    /// Whether values have a minimum.
    const MINIMA: bool;
    /// Whether a block has one step and one minimum, which are F16 numbers of its own: then
    /// [`Self::halves`] gives them, and [`Self::to_codes`] does not, since many are widened together.
    const HALVES: bool = false;
    /// Step and minimum of a block, where they are F16 numbers.
    #[inline(always)]
    fn halves(block: &[u8]) -> [u16; 2] {
        let _ = block;
        [0; 2]
    }
    /// One block. `steps` has room for each of its groups; so has `minima`, where there are any.
    fn to_codes(block: &[u8], codes: &mut [u8], steps: &mut [f32], minima: &mut [f32]);
}

/// The F16 number at `offset`, as f32.
#[inline(always)]
pub(super) fn f16_at(bytes: &[u8], offset: usize) -> f32 {
    widen_f16(u16::from_le_bytes([bytes[offset], bytes[offset + 1]]))
}

/// The bits of the F16 number at `offset`.
#[inline(always)]
pub(super) fn bits_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes([bytes[offset], bytes[offset + 1]])
}

/// `N` bytes from `offset` on: loops over arrays become vectors, loops over slices less often.
#[inline(always)]
pub(super) fn bytes_at<const N: usize>(bytes: &[u8], offset: usize) -> &[u8; N] {
    bytes[offset..].first_chunk().expect("a whole block")
}

/// `N` codes from `offset` on.
#[inline(always)]
pub(super) fn codes_at<const N: usize>(codes: &mut [u8], offset: usize) -> &mut [u8; N] {
    codes[offset..].first_chunk_mut().expect("a whole block")
}

/// The first `N` steps, or minima.
#[inline(always)]
pub(super) fn steps_at<const N: usize>(steps: &mut [f32]) -> &mut [f32; N] {
    steps.first_chunk_mut().expect("room for a block's groups")
}

/// Low halves of 16 bytes, then high halves.
#[inline(always)]
pub(super) fn nibbles(bytes: &[u8; 16], codes: &mut [u8; 32]) {
    for j in 0..16 {
        codes[j] = bytes[j] & 15;
        codes[j + 16] = bytes[j] >> 4;
    }
}

/// Adds 16 to each of 32 codes whose bit of `bits` is set.
#[inline(always)]
pub(super) fn fifth_bits(bits: u32, codes: &mut [u8; 32]) {
    let bits = bits.to_le_bytes();
    for j in 0..32 {
        let is_set = bits[j / 8] & (1 << (j % 8)) != 0;
        codes[j] |= u8::from(is_set) << 4;
    }
}

/// Work on weights of any coded type.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it for one type.
    fn visit<F: Coded>(self) -> Self::Output;
}

/// Does work for a type, unless it is none of those that are coded in blocks.
#[inline(always)]
pub fn visit<V: Visitor>(tensor_type: TensorType, visitor: V) -> Option<V::Output> {
    Some(match tensor_type {
        TensorType::Q4_0 => visitor.visit::<super::q4_0::Q4_0>(),
        TensorType::Q4_1 => visitor.visit::<super::q4_1::Q4_1>(),
        TensorType::Q5_0 => visitor.visit::<super::q5_0::Q5_0>(),
        TensorType::Q5_1 => visitor.visit::<super::q5_1::Q5_1>(),
        TensorType::Q8_0 => visitor.visit::<super::q8_0::Q8_0>(),
        TensorType::IQ4_NL => visitor.visit::<super::iq4_nl::IQ4NL>(),
        TensorType::MXFP4 => visitor.visit::<super::mxfp4::MXFP4>(),
        TensorType::Q2_K => visitor.visit::<super::q2_k::Q2K>(),
        TensorType::Q3_K => visitor.visit::<super::q3_k::Q3K>(),
        TensorType::Q4_K => visitor.visit::<super::q4_k::Q4K>(),
        TensorType::Q5_K => visitor.visit::<super::q5_k::Q5K>(),
        TensorType::Q6_K => visitor.visit::<super::q6_k::Q6K>(),
        TensorType::IQ4_XS => visitor.visit::<super::iq4_xs::IQ4XS>(),
        TensorType::TQ1_0 => visitor.visit::<super::tq1_0::TQ1_0>(),
        TensorType::TQ2_0 => visitor.visit::<super::tq2_0::TQ2_0>(),
        TensorType::I2_S => visitor.visit::<super::i2_s::I2S>(),
        _ => return None,
    })
}

/// The code that stands for zero in a type; 0 where there is none.
pub fn zero_of(tensor_type: TensorType) -> u8 {
    struct Zero;
    impl Visitor for Zero {
        type Output = u8;
        fn visit<F: Coded>(self) -> u8 {
            F::OFFSET
        }
    }
    visit(tensor_type, Zero).unwrap_or(0)
}
