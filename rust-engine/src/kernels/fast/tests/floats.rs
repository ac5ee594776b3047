//! Float weights where numbers are largest, smallest, or none.

use gguf::TensorType;
use half::f16;

use super::product;
use crate::formats::Matrix;
use crate::kernels::fast::Fast;

/// Rows of the same F16 numbers.
fn rows(row: &[f32], n: usize) -> Vec<u8> {
    let bytes = row.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes());
    let bytes: Vec<u8> = bytes.collect();
    bytes.repeat(n)
}

fn matrix(bytes: &[u8], columns: usize) -> Matrix<'_> {
    let rows = bytes.len() / 2 / columns;
    Matrix::of_tensor(TensorType::F16, columns, rows, bytes)
}

/// All eleven bits of both factors count, of the smallest numbers, too.
#[test]
fn no_bit_of_a_float_is_lost() {
    // Exact, which a power need not be.
    let smallest = 1.0 / 16_777_216.0;
    for (w, x) in [
        (2047.0, 2047.0),
        (-2047.0, 1025.0),
        (65504.0, 1.0),
        (smallest, smallest),
        (1023.0 * smallest, 1023.0 * smallest),
        (-0.0, 5.0),
    ] {
        for column in [0, 1, 32, 39] {
            let (mut row, mut values) = ([0.0; 40], [0.0; 40 * 6]);
            row[column] = w;
            values[5 * 40 + column] = x;
            let bytes = rows(&row, 33);
            for fast in Fast::available() {
                let found = product(fast, &matrix(&bytes, 40), &values, false);
                let mut expected = [0.0; 33 * 6];
                expected[5 * 33..].fill(w * x);
                assert_eq!(found, expected, "{}: {w} times {x}", fast.name());
            }
        }
    }
}

/// An infinite weight has no parts, and times 0 it is no number: so it is told from a finite one in any row of
/// any panel, and only there.
#[test]
fn what_is_infinite_is_so_in_its_row_alone() {
    for (weight, sum) in [(f32::INFINITY, f32::INFINITY), (f32::NAN, f32::NAN)] {
        for odd in [0, 17, 40] {
            let mut bytes = rows(&[1.0; 34], 41);
            let place = &mut bytes[2 * (34 * odd + 33)..][..2];
            place.copy_from_slice(&f16::from_f32(weight).to_le_bytes());
            for fast in Fast::available() {
                let found = product(fast, &matrix(&bytes, 34), &[1.0; 34 * 7], false);
                for (i, found) in found.into_iter().enumerate() {
                    let expected = if i % 41 == odd { sum } else { 34.0 };
                    assert_eq!(found.is_nan(), expected.is_nan(), "{}, {i}", fast.name());
                    assert!(
                        expected.is_nan() || found == expected,
                        "{}, {i}",
                        fast.name()
                    );
                }
            }
        }
    }
}
