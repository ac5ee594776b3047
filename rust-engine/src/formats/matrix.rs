//! A matrix as a file has it, row by row.

use gguf::TensorType;

use super::{decode, i2_s};

/// A weight matrix as the file has it; a vector is one of one row.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Element type, one of [`super::SUPPORTED`].
    pub tensor_type: TensorType,
    /// Elements of a row: the width of the activations.
    pub columns: usize,
    /// Rows: the width of the result.
    pub rows: usize,
    /// `rows` rows of whole blocks.
    pub bytes: &'a [u8],
    /// Multiplies all values, of types that have one scale for a tensor; else 1.
    pub scale: f32,
}

impl<'a> Matrix<'a> {
    /// Of all bytes of a tensor, whose size has been checked against its shape.
    pub fn of_tensor(
        tensor_type: TensorType,
        columns: usize,
        rows: usize,
        bytes: &'a [u8],
    ) -> Self {
        let mut matrix = Self {
            tensor_type,
            columns,
            rows,
            bytes,
            scale: 1.0,
        };
        if tensor_type == TensorType::I2_S {
            let (codes, tail) = bytes.split_at(bytes.len() - i2_s::TAIL_BYTES);
            matrix.bytes = codes;
            matrix.scale = f32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]);
        }
        matrix
    }

    fn row_bytes(&self) -> usize {
        self.bytes.len() / self.rows
    }

    /// The bytes of one row.
    #[inline]
    pub fn row(&self, row: usize) -> &'a [u8] {
        let size = self.row_bytes();
        &self.bytes[row * size..][..size]
    }

    /// The values of one row.
    pub fn decode_row(&self, row: usize, values: &mut [f32]) {
        decode(self.tensor_type, self.row(row), self.scale, values);
    }

    /// Some of its rows, from `first` on.
    #[must_use]
    pub fn slice(&self, first: usize, rows: usize) -> Self {
        let size = self.row_bytes();
        Self {
            rows,
            bytes: &self.bytes[first * size..][..rows * size],
            ..*self
        }
    }
}
