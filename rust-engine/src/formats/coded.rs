//! Weights as the integer products of arithmetic `fast` take them: unsigned bytes, and for each
//! group of codes a step and a minimum.
//!
//! ```text
//! value = (code - OFFSET) · step + minimum
//! ```
//! Steps are read by `inline(always)` plain loops, which each kernel set compiles for its own registers;
//! where codes are is only told, and the kernels unpack them.

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
    /// Where the codes of a block are.
    const PACKING: Packing;
    /// Whether a block begins with its one step, an F16 number, and behind it its one minimum, if there
    /// are minima: then [`Self::steps`] does not give them, since many are widened together.
    const HALVES: bool = false;
    /// Whether a step is the block's one step times a whole number of the group, which [`Self::group_factors`]
    /// gives apart. A code, less its zero, times that number has at most 16 bits.
    const SCALED: bool = false;
    /// The block's one step, and the numbers of its groups.
    #[inline(always)]
    fn group_factors(block: &[u8]) -> GroupFactors {
        let _ = block;
        unreachable!("a type without such numbers");
    }
    /// Steps of a block, a number for each of its groups; minima, where there are any.
    #[inline(always)]
    fn steps(block: &[u8], steps: &mut [f32], minima: &mut [f32]) {
        if Self::SCALED {
            Self::group_factors(block).spread(steps, minima);
        }
    }
}

/// What groups of a block are worth: `step = d · scale`, `minimum = -d_min · number`.
#[derive(Clone, Copy, Default)]
pub struct GroupFactors {
    /// `d` as an F16 number; above it `d_min`, where there are minima.
    pub halves: u32,
    /// Signed bytes, that of the first group in the lowest bits.
    pub scales: [u64; 2],
    /// The same of minima, of which none is below zero.
    pub minima: [u64; 2],
}

impl GroupFactors {
    /// `d`.
    #[inline(always)]
    pub fn step(&self) -> f32 {
        widen_f16(self.halves as u16)
    }

    /// The scales of groups; those that there are not are zero.
    #[inline(always)]
    pub fn scales(&self) -> [i8; 16] {
        bytemuck::cast(self.scales.map(u64::to_le))
    }

    #[inline(always)]
    fn spread(&self, steps: &mut [f32], minima: &mut [f32]) {
        let d = self.step();
        for (step, scale) in steps.iter_mut().zip(self.scales()) {
            *step = d * f32::from(scale);
        }
        let d_min = widen_f16((self.halves >> 16) as u16);
        let numbers: [i8; 16] = bytemuck::cast(self.minima.map(u64::to_le));
        for (minimum, number) in minima.iter_mut().zip(numbers) {
            *minimum = -d_min * f32::from(number);
        }
    }
}

/// The F16 number at `offset`, its bits.
#[inline(always)]
pub(crate) fn half_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from(u16::from_le_bytes(*bytes_at(bytes, offset)))
}

/// Four bytes from `offset` on.
#[inline(always)]
pub(crate) fn word_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(*bytes_at(bytes, offset))
}

/// Eight bytes from `offset` on.
#[inline(always)]
pub(super) fn long_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(*bytes_at(bytes, offset))
}

/// Each byte, which is below 64, less 32.
#[inline(always)]
pub(super) fn less_32(bytes: u64) -> u64 {
    // With its highest bit set no byte borrows from the next one.
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    ((bytes | HIGHEST) - 0x2020_2020_2020_2020) ^ HIGHEST
}

/// Where the codes of a block are. Offsets count bytes from the block's beginning.
#[derive(Clone, Copy)]
pub enum Packing {
    /// Byte `j` of 16 holds codes `j` and `j + 16` of 32, the first in its low half.
    Nibbles {
        /// Where they begin.
        at: usize,
        /// Where 32 bits are, the fifth of each code.
        fifth: Option<usize>,
        /// What the codes stand for.
        levels: Option<&'static [u8; 16]>,
    },
    /// Byte `j` of 32 holds codes `j` and `j + 32` of 64, the first in its low half.
    Halves {
        /// Where they begin.
        at: usize,
        /// Where 32 bytes are, whose bits `i` are the fifth of codes `32 i` and on.
        fifth: Option<usize>,
    },
    /// Byte `j` of 32 holds codes `j`, `j + 32`, `j + 64` and `j + 96` of 128.
    Pairs {
        /// Where they begin.
        at: usize,
        /// Where 32 bytes are, whose bits `i` are the third of codes `32 i` and on.
        third: Option<usize>,
        /// Whether the first is in the highest bits.
        highest_first: bool,
    },
    /// 128 codes: four bits of code `j` in the low half of byte `j` of 64, of code `j + 64` in its high
    /// half; two more bits of each as in [`Packing::Pairs`].
    Sixes {
        /// Where the bytes of fours begin.
        low: usize,
        /// Where the pairs begin.
        high: usize,
    },
    /// Signed bytes.
    Signed {
        /// Where they begin.
        at: usize,
    },
    /// Five digits of base three to a byte, as TQ1_0 has them.
    Digits,
}

/// The F16 number at `offset`, as f32.
#[inline(always)]
pub(crate) fn f16_at(bytes: &[u8], offset: usize) -> f32 {
    widen_f16(half_at(bytes, offset) as u16)
}

/// `N` bytes from `offset` on: loops over arrays become vectors, loops over slices less often.
#[inline(always)]
pub(crate) fn bytes_at<const N: usize>(bytes: &[u8], offset: usize) -> &[u8; N] {
    bytes[offset..].first_chunk().expect("a whole block")
}

/// Levels that are some number higher, so that none is below zero.
pub(super) const fn raised(levels: &[i16; 16], by: i16) -> [u8; 16] {
    let mut raised = [0; 16];
    let mut code = 0;
    while code < 16 {
        raised[code] = (levels[code] + by) as u8;
        code += 1;
    }
    raised
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
