//! Random weights of each type.

use gguf::TensorType;
use rust_engine::fixture::numbers::Numbers;
use rust_engine::fixture::random_blocks;
use rust_engine::formats::Matrix;

/// Far more than a core's own caches hold.
const MEMORY_BYTES: usize = 200 << 20;

/// Room for a large matrix, every page of it written.
pub(crate) fn memory() -> Vec<u8> {
    vec![1; MEMORY_BYTES]
}

/// Bytes of `rows` rows.
pub(crate) fn random(tensor_type: TensorType, columns: usize, rows: usize) -> Vec<u8> {
    let mut numbers = Numbers::new(1);
    let mut bytes = Vec::new();
    if tensor_type == TensorType::I2_S {
        // Four codes of 0, 1 or 2 in each.
        bytes.extend((0..columns * rows / 4).map(|_| {
            let bits = numbers.next() as u8;
            (bits & 0b0101_0101) + (bits >> 1 & 0b0101_0101)
        }));
    } else {
        random_blocks::matrix(&mut numbers, tensor_type, columns * rows, &mut bytes)
            .expect("a vector takes all");
    }
    bytes
}

/// The bytes as a matrix.
pub(crate) fn matrix(
    tensor_type: TensorType,
    columns: usize,
    rows: usize,
    bytes: &[u8],
) -> Matrix<'_> {
    Matrix {
        tensor_type,
        columns,
        rows,
        bytes,
        scale: 1.0,
    }
}

/// Fills memory with copies of some rows, and says how many of them there are.
pub(crate) fn fill(memory: &mut [u8], rows: &[u8]) -> usize {
    for place in memory.chunks_exact_mut(rows.len()) {
        place.copy_from_slice(rows);
    }
    memory.len() / rows.len()
}

/// Activations.
pub(crate) fn values(n: usize) -> Vec<f32> {
    let mut numbers = Numbers::new(2);
    (0..n).map(|_| numbers.signed_unit() * 3.0).collect()
}
