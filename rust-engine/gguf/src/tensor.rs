//! Tensor types with their sizes, and one line of the tensor table.

use std::fmt;

/// The element type of a tensor, by the format's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TensorType(u32);

/// Number, name, elements of a block, bytes of a block.
struct Layout(u32, &'static str, u64, u64);

/// Sizes as in ggml's type traits (`ggml.c` of the pinned source).
const LAYOUTS: &[Layout] = &[
    Layout(0, "F32", 1, 4),
    Layout(1, "F16", 1, 2),
    Layout(2, "Q4_0", 32, 18),
    Layout(3, "Q4_1", 32, 20),
    Layout(6, "Q5_0", 32, 22),
    Layout(7, "Q5_1", 32, 24),
    Layout(8, "Q8_0", 32, 34),
    Layout(9, "Q8_1", 32, 36),
    Layout(10, "Q2_K", 256, 84),
    Layout(11, "Q3_K", 256, 110),
    Layout(12, "Q4_K", 256, 144),
    Layout(13, "Q5_K", 256, 176),
    Layout(14, "Q6_K", 256, 210),
    Layout(15, "Q8_K", 256, 292),
    Layout(16, "IQ2_XXS", 256, 66),
    Layout(17, "IQ2_XS", 256, 74),
    Layout(18, "IQ3_XXS", 256, 98),
    Layout(19, "IQ1_S", 256, 50),
    Layout(20, "IQ4_NL", 32, 18),
    Layout(21, "IQ3_S", 256, 110),
    Layout(22, "IQ2_S", 256, 82),
    Layout(23, "IQ4_XS", 256, 136),
    Layout(24, "I8", 1, 1),
    Layout(25, "I16", 1, 2),
    Layout(26, "I32", 1, 4),
    Layout(27, "I64", 1, 8),
    Layout(28, "F64", 1, 8),
    Layout(29, "IQ1_M", 256, 56),
    Layout(30, "BF16", 1, 2),
    Layout(34, "TQ1_0", 256, 54),
    Layout(35, "TQ2_0", 256, 66),
    Layout(39, "MXFP4", 32, 17),
    Layout(40, "NVFP4", 64, 36),
];

impl TensorType {
    #![expect(missing_docs, reason = "the constants are the format's own names")]
    pub const F32: Self = Self(0);
    pub const F16: Self = Self(1);
    pub const Q4_0: Self = Self(2);
    pub const Q4_1: Self = Self(3);
    pub const Q5_0: Self = Self(6);
    pub const Q5_1: Self = Self(7);
    pub const Q8_0: Self = Self(8);
    pub const Q2_K: Self = Self(10);
    pub const Q3_K: Self = Self(11);
    pub const Q4_K: Self = Self(12);
    pub const Q5_K: Self = Self(13);
    pub const Q6_K: Self = Self(14);
    pub const IQ4_NL: Self = Self(20);
    pub const IQ4_XS: Self = Self(23);
    pub const BF16: Self = Self(30);
    pub const TQ1_0: Self = Self(34);
    pub const TQ2_0: Self = Self(35);
    /// bitnet.cpp's ternary type. Its size is no multiple of a block: see [`Self::bytes`].
    pub const I2_S: Self = Self(36);
    pub const MXFP4: Self = Self(39);
}

impl TensorType {
    /// The type with this number; any number is one, known or not.
    pub fn from_id(id: u32) -> Self {
        Self(id)
    }

    /// The format's number.
    pub fn id(self) -> u32 {
        self.0
    }

    fn layout(self) -> Option<&'static Layout> {
        LAYOUTS.iter().find(|layout| layout.0 == self.0)
    }

    /// Elements of a block: the first dimension is a multiple of it.
    pub fn block_elements(self) -> Option<u64> {
        if self == Self::I2_S {
            return Some(128);
        }
        self.layout().map(|layout| layout.2)
    }

    /// Bytes of `rows` rows of `columns` elements: `None` for an unknown type, for rows that are
    /// no whole blocks, and for sizes beyond 64 bits.
    pub fn bytes(self, columns: u64, rows: u64) -> Option<u64> {
        let block = self.block_elements()?;
        if !columns.is_multiple_of(block) {
            return None;
        }
        if self == Self::I2_S {
            // Two bits an element, then one scale for the whole tensor and 28 unused bytes.
            return columns.checked_mul(rows)?.checked_div(4)?.checked_add(32);
        }
        (columns / block)
            .checked_mul(self.layout()?.3)?
            .checked_mul(rows)
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layout() {
            Some(layout) => f.write_str(layout.1),
            None if *self == Self::I2_S => f.write_str("I2_S"),
            None => write!(f, "type-{}", self.0),
        }
    }
}

/// One line of the tensor table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// The tensor's name.
    pub name: String,
    /// Elements along each dimension, the first one contiguous; 1 to 4 of them.
    pub dimensions: Vec<u64>,
    /// Element type.
    pub tensor_type: TensorType,
    /// Where its bytes begin, counted from the start of the data section.
    pub offset: u64,
    /// How many bytes they are; `None` for a type that is not known here.
    pub bytes: Option<u64>,
}

impl TensorInfo {
    /// Elements of the first dimension.
    pub fn columns(&self) -> u64 {
        self.dimensions[0]
    }

    /// Product of the other dimensions.
    pub fn rows(&self) -> u64 {
        self.dimensions[1..].iter().product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_format() {
        assert_eq!(TensorType::Q4_1.bytes(576, 2), Some(2 * 18 * 20));
        assert_eq!(TensorType::Q4_K.bytes(256, 3), Some(3 * 144));
        assert_eq!(TensorType::I2_S.bytes(256, 4), Some(256 + 32));
    }

    #[test]
    fn a_size_that_does_not_exist_is_none() {
        assert_eq!(TensorType::Q4_K.bytes(576, 1), None);
        assert_eq!(TensorType::F32.bytes(u64::MAX, 2), None);
        assert_eq!(TensorType::from_id(99).bytes(1, 1), None);
    }
}
