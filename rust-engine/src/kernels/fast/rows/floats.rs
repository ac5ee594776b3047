//! Rows of float weights.

use super::ask_ahead;
use crate::formats::Matrix;
use crate::kernels::fast::columns::Piece;
use crate::kernels::fast::isa::{Isa, LANES};

/// F16: widened as it is loaded.
#[inline(always)]
pub(super) fn halves<I: Isa>(isa: I, matrix: &Matrix<'_>, x: &[f32], out: &mut Piece<'_>) {
    for row in 0..matrix.rows {
        let bytes = matrix.row(row).as_chunks::<32>().0;
        for position in 0..out.rows() {
            let x = &x[position * matrix.columns..][..matrix.columns];
            let (x, x_rest) = x.as_chunks::<LANES>();
            let mut totals = [isa.splat(0.0); 4];
            for (i, (bytes, x)) in bytes.iter().zip(x).enumerate() {
                ask_ahead(isa, bytes);
                totals[i % 4] = isa.mul_add(isa.load_f16(bytes), isa.load(x), totals[i % 4]);
            }
            let mut rest = 0.0;
            let tail = &matrix.row(row)[32 * x.len()..];
            for (half, x) in tail.as_chunks::<2>().0.iter().zip(x_rest) {
                rest += half::f16::from_le_bytes(*half).to_f32() * x;
            }
            out.row(position)[row] = rest + sum_of(isa, totals);
        }
    }
}

/// Any other type, decoded.
#[inline(always)]
pub(super) fn floats<I: Isa>(isa: I, matrix: &Matrix<'_>, x: &[f32], out: &mut Piece<'_>) {
    let mut values = vec![0.0; matrix.columns];
    for row in 0..matrix.rows {
        matrix.decode_row(row, &mut values);
        for position in 0..out.rows() {
            let x = &x[position * matrix.columns..][..matrix.columns];
            let (x, x_rest) = x.as_chunks::<LANES>();
            let (values, values_rest) = values.as_chunks::<LANES>();
            let mut totals = [isa.splat(0.0); 4];
            for (i, (values, x)) in values.iter().zip(x).enumerate() {
                totals[i % 4] = isa.mul_add(isa.load(values), isa.load(x), totals[i % 4]);
            }
            let rest: f32 = values_rest.iter().zip(x_rest).map(|(a, b)| a * b).sum();
            out.row(position)[row] = rest + sum_of(isa, totals);
        }
    }
}

#[inline(always)]
fn sum_of<I: Isa>(isa: I, [a, b, c, d]: [I::Floats; 4]) -> f32 {
    isa.sum(isa.add(isa.add(a, b), isa.add(c, d)))
}
