//! Rows of ternary weights: groups of 256 codes and more, of which two-bit codes are taken as they are.

use super::{ROW_POSITIONS, Streamed, ask_ahead};
use crate::formats::Matrix;
use crate::formats::coded::Coded;
use crate::formats::tq2_0::TQ2_0;
use crate::kernels::fast::coded::Positions;
use crate::kernels::fast::columns::Piece;
use crate::kernels::fast::isa::{Isa, LANES};
use crate::kernels::fast::unpack::unit;

/// Groups of whole blocks of 256, without minima.
#[inline(always)]
pub(super) fn long_row<F: Coded, I: Isa>(
    isa: I,
    bytes: &[u8],
    x: &Positions,
    totals: &mut [I::Floats],
) {
    let mut step = [0.0];
    for (group, block) in bytes.chunks_exact(F::BYTES).enumerate() {
        ask_ahead(isa, block);
        F::steps(block, &mut step, &mut []);
        let codes = unit::<F, I>(isa, block);
        for (position, total) in totals.iter_mut().enumerate() {
            let mut sums = isa.ints(0);
            let x_codes = &x.row(position).as_chunks::<64>().0[4 * group..][..4];
            for i in 0..4 {
                sums = isa.dot(sums, codes[i], isa.bytes(&x_codes[i]));
            }
            let less = i32::from(F::OFFSET) * x.of_groups(&x.code_sums, position)[group];
            let step = step[0] * x.of_groups(&x.steps, position)[group];
            *total = add_group(isa, isa.floats(sums), less, step, *total);
        }
    }
}

/// `total + (sums, less a number in all) · step`
#[inline(always)]
fn add_group<I: Isa>(isa: I, sums: I::Floats, less: i32, step: f32, total: I::Floats) -> I::Floats {
    // A sixteenth of it in each lane: exact, as the number has far fewer than 24 bits.
    let less = isa.splat(-(less as f32) / LANES as f32);
    isa.mul_add(isa.add(sums, less), isa.splat(step), total)
}

/// TQ2_0, as it lies in the file.
#[inline(always)]
pub(super) fn ternary_blocks<I: Isa>(
    isa: I,
    matrix: &Matrix<'_>,
    x: &Positions,
    streamed: &Streamed,
    out: &mut Piece<'_>,
) {
    for row in 0..matrix.rows {
        let mut totals = [isa.splat(0.0); ROW_POSITIONS];
        let totals = &mut totals[..out.rows()];
        for (group, block) in matrix.row(row).chunks_exact(TQ2_0::BYTES).enumerate() {
            ask_ahead(isa, block);
            let codes = isa.bytes(block.first_chunk().expect("64 bytes of codes"));
            let step = TQ2_0::step(block);
            for (position, total) in totals.iter_mut().enumerate() {
                let woven = streamed.woven(x, position, group);
                let sums = join(isa, ternary_sums(isa, codes, woven, [isa.ints(0); 4]));
                let less = x.of_groups(&x.code_sums, position)[group];
                let step = step * x.of_groups(&x.steps, position)[group];
                *total = add_group(isa, sums, less, step, *total);
            }
        }
        for (position, &total) in totals.iter().enumerate() {
            out.row(position)[row] = isa.sum(total);
        }
    }
}

/// I2_S, as it lies in the file: one sum for a row.
///
/// A lane's sum gets at most 16 · 3 · 128 from 256 codes: it has room for 89 million of them; rows that
/// are longer are no rows of a model, and would wrap.
#[inline(always)]
pub(super) fn ternary_rows<I: Isa>(
    isa: I,
    matrix: &Matrix<'_>,
    x: &Positions,
    streamed: &Streamed,
    out: &mut Piece<'_>,
) {
    for row in 0..matrix.rows {
        let (whole, rest) = matrix.row(row).as_chunks::<64>();
        for position in 0..out.rows() {
            let mut sums = [isa.ints(0); 4];
            for (i, codes) in whole.iter().enumerate() {
                ask_ahead(isa, codes);
                let woven = streamed.woven(x, position, i);
                sums = ternary_sums(isa, isa.bytes(codes), woven, sums);
            }
            if !rest.is_empty() {
                let mut last = [0; 64];
                last[..rest.len()].copy_from_slice(rest);
                let woven = streamed.woven(x, position, whole.len());
                sums = ternary_sums(isa, isa.bytes(&last), woven, sums);
            }
            let sum = isa.sum(join(isa, sums)) - x.of_groups(&x.code_sums, position)[0] as f32;
            let step = x.of_groups(&x.steps, position)[0];
            out.row(position)[row] = sum * step * matrix.scale;
        }
    }
}

/// Adds what 64 bytes of two-bit codes give, a sum for each place in a byte.
#[inline(always)]
fn ternary_sums<I: Isa>(
    isa: I,
    codes: I::Ints,
    woven: &[[u8; 64]; 4],
    mut sums: [I::Ints; 4],
) -> [I::Ints; 4] {
    for place in 0..4 {
        let codes = isa.shifted(codes, [2 * place as u32; 4], 3);
        sums[place] = isa.dot(sums[place], codes, isa.bytes(&woven[place]));
    }
    sums
}

/// Four sums as one.
#[inline(always)]
fn join<I: Isa>(isa: I, [a, b, c, d]: [I::Ints; 4]) -> I::Floats {
    let (low, high) = (
        isa.add(isa.floats(a), isa.floats(b)),
        isa.add(isa.floats(c), isa.floats(d)),
    );
    isa.add(low, high)
}
