//! Random weights of each type.

use std::io::{self, Write};

use gguf::TensorType;
use rust_engine::fixture::numbers::Numbers;
use rust_engine::fixture::random_blocks;
use rust_engine::formats::Matrix;
use rust_engine::mapping::Mapping;
use tempfile::NamedTempFile;

/// Far more than a core's own caches hold.
const MEMORY_BYTES: usize = 200 << 20;

/// Some bytes again and again, in a file that is mapped as an engine maps a model: memory of its own lies in
/// other pages, which are read at another speed.
pub(crate) fn mapped(bytes: &[u8]) -> io::Result<Mapping> {
    let mut file = NamedTempFile::new()?;
    for _ in 0..MEMORY_BYTES / bytes.len() {
        file.write_all(bytes)?;
    }
    Mapping::open(file.path())
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

/// Activations.
pub(crate) fn values(n: usize) -> Vec<f32> {
    let mut numbers = Numbers::new(2);
    (0..n).map(|_| numbers.signed_unit() * 3.0).collect()
}
