//! Rows of weights whose groups are of 16 or 32 codes.
//!
//! What codes are worth is unpacked beside the codes themselves, unit by unit: done for a whole row in
//! advance, memory would have nothing to do meanwhile.

use std::slice;

use wide::f32x4;

use super::{Streamed, ask_ahead};
use crate::formats::Matrix;
use crate::formats::coded::{Coded, half_at, word_at};
use crate::kernels::fast::coded::Positions;
use crate::kernels::fast::columns::Piece;
use crate::kernels::fast::isa::{Isa, LANES};
use crate::kernels::fast::unpack::{half_unit, unit, unit_bytes};

/// All rows with all positions.
#[inline(always)]
pub(super) fn short_rows<F: Coded, I: Isa>(
    isa: I,
    matrix: &Matrix<'_>,
    x: &Positions,
    streamed: &Streamed,
    out: &mut Piece<'_>,
) {
    // The lanes of sixteen rows, which are summed together.
    let mut lanes = vec![[[0.0; LANES]; LANES]; out.rows()];
    let size = matrix.columns / F::CODES * F::BYTES;
    let bytes = &matrix.bytes[..matrix.rows * size];
    let others: Vec<_> = (0..out.rows())
        .map(|position| Other::new(x, streamed, position))
        .collect();
    for row in 0..matrix.rows {
        let is_last = (row + 1).is_multiple_of(LANES) || row + 1 == matrix.rows;
        for (position, other) in others.iter().enumerate() {
            let row_bytes = &bytes[row * size..][..size];
            let total = if F::CODES == 32 {
                other.meet_blocks::<F, I>(isa, row_bytes)
            } else {
                other.meet_supers::<F, I>(isa, row_bytes)
            };
            let lanes = &mut lanes[position];
            isa.store(total, &mut lanes[row % LANES]);
            if is_last {
                let sums = isa.sum_each(lanes);
                isa.store_some(sums, &mut out.row(position)[row / LANES * LANES..=row]);
            }
        }
    }
}

/// What one position brings.
#[derive(Clone, Copy)]
struct Other<'a> {
    codes: &'a [[u8; 64]],
    /// What sums start with; empty where codes have no zero.
    starts: &'a [[i32; LANES]],
    /// What blocks of 32 are worth together: steps of four groups, or steps and sums of two.
    worth: &'a [[f32; 4]],
    /// The step of each block of 256, in all of its groups' places.
    steps: &'a [f32],
    /// Sums of the groups of each block of 256, where they meet minima.
    sums: &'a [[f32; LANES]],
}

impl<'a> Other<'a> {
    #[inline(always)]
    fn new(x: &'a Positions, streamed: &'a Streamed, position: usize) -> Self {
        let of_position = |n: usize| position * n..(position + 1) * n;
        let (vectors, supers) = (x.stride / 64, x.columns / 256);
        let starts: &[[i32; LANES]] = bytemuck::cast_slice(streamed.starts.words());
        Self {
            codes: &x.codes.bytes()[of_position(vectors)],
            starts: starts.get(of_position(vectors)).unwrap_or(&[]),
            worth: &streamed.worth[of_position(streamed.worth.len() / x.padded())],
            steps: x.of_groups(&x.steps, position),
            sums: streamed
                .sums
                .floats()
                .get(of_position(supers))
                .unwrap_or(&[]),
        }
    }

    /// With blocks of 32. Two totals take turns, so that neither has to wait for the sum before.
    #[inline(always)]
    fn meet_blocks<F: Coded, I: Isa>(&self, isa: I, row: &[u8]) -> I::Floats {
        let at_once = blocks_at_once::<F>();
        let vectors = at_once / 2;
        let chunks = row.chunks_exact(at_once * F::BYTES);
        let (rest, whole) = (chunks.remainder(), chunks.len());
        let of_whole = Self {
            codes: &self.codes[..whole * vectors],
            worth: &self.worth[..whole],
            ..*self
        };
        let mut sums = ([isa.splat(0.0); 2], f32x4::splat(0.0));
        for (i, bytes) in chunks.enumerate() {
            // In between, since a CPU has room for a dozen such wishes or so.
            ask_ahead(isa, bytes);
            sums = of_whole.add_blocks::<F, I>(isa, bytes, at_once, i, sums);
        }
        if !rest.is_empty() {
            let blocks = rest.len() / F::BYTES;
            sums = self.add_blocks::<F, I>(isa, rest, blocks, whole, sums);
        }
        let ([total, other], minima) = sums;
        let mut total = isa.add(total, other);
        if F::MINIMA {
            let [_, first, _, second] = minima.to_array();
            // In all lanes a sixteenth of it.
            total = isa.add(total, isa.splat((first + second) / LANES as f32));
        }
        total
    }

    /// Adds the products of the blocks that are worth something together, and minima; the last ones of a row
    /// may be fewer.
    #[inline(always)]
    fn add_blocks<F: Coded, I: Isa>(
        &self,
        isa: I,
        bytes: &[u8],
        blocks: usize,
        at: usize,
        (mut totals, minima): ([I::Floats; 2], f32x4),
    ) -> ([I::Floats; 2], f32x4) {
        let worth = worth_of_blocks::<F, I>(isa, bytes, blocks) * f32x4::from(self.worth[at]);
        let steps = isa.four(worth);
        for v in 0..blocks_at_once::<F>() / 2 {
            if 2 * v >= blocks {
                break;
            }
            let vector = at * (blocks_at_once::<F>() / 2) + v;
            let start = self.start::<F, I>(isa, vector);
            let bytes = &bytes[v * unit_bytes::<F>()..];
            let codes = if 2 * v + 1 < blocks {
                unit::<F, I>(isa, bytes)[0]
            } else {
                half_unit::<F, I>(isa, bytes)
            };
            let sums = isa.dot(start, codes, isa.bytes(&self.codes[vector]));
            // A minimum stands behind its step.
            let steps = if F::MINIMA {
                isa.spread2(steps, 0, 2)
            } else {
                isa.spread2(steps, 2 * v, 2 * v + 1)
            };
            let [total, other] = totals;
            let total = isa.mul_add(isa.floats(sums), steps, total);
            totals = [other, total];
        }
        (totals, minima + worth)
    }

    /// With blocks of 256. Products with whole numbers are whole numbers, too, and those of a block so small
    /// that floats hold them.
    #[inline(always)]
    fn meet_supers<F: Coded, I: Isa>(&self, isa: I, row: &[u8]) -> I::Floats {
        let per_block = F::CODES / F::GROUP;
        let (mut total, mut minima) = (isa.splat(0.0), isa.splat(0.0));
        let blocks = row.chunks_exact(F::BYTES);
        let codes = &self.codes.as_chunks::<4>().0[..blocks.len()];
        for (i, block) in blocks.enumerate() {
            ask_ahead(isa, block);
            let factors = F::group_factors(block);
            let [d, d_min, ..] = isa.widen4(factors.halves.into()).to_array();
            let (scales, numbers) = if F::MINIMA && per_block == 8 {
                let both = isa.small([factors.scales[0], factors.minima[0]]);
                (both, both)
            } else {
                (isa.small(factors.scales), isa.small(factors.minima))
            };
            let unpacked = unit::<F, I>(isa, block);
            let mut of_block = isa.splat(0.0);
            for v in 0..4 {
                let start = self.start::<F, I>(isa, 4 * i + v);
                let sums = isa.dot(start, unpacked[v], isa.bytes(&codes[i][v]));
                let scales = if F::GROUP == 32 {
                    isa.spread2(scales, 2 * v, 2 * v + 1)
                } else {
                    isa.spread4(scales, 4 * v)
                };
                of_block = isa.mul_add(isa.floats(sums), scales, of_block);
            }
            let step = d * self.steps[i * per_block];
            total = isa.mul_add(of_block, isa.splat(step), total);
            if F::MINIMA {
                let of_block = isa.mul(numbers, isa.load(&self.sums[i]));
                minima = isa.mul_add(of_block, isa.splat(-d_min), minima);
            }
        }
        if F::MINIMA {
            isa.add(total, minima)
        } else {
            total
        }
    }

    /// What the sums of a vector of codes start with.
    #[inline(always)]
    fn start<F: Coded, I: Isa>(&self, isa: I, vector: usize) -> I::Ints {
        if F::OFFSET == 0 {
            isa.ints(0)
        } else {
            isa.load_ints(&self.starts[vector])
        }
    }
}

/// Blocks of 32 of which four F16 numbers say what their codes are worth: steps, each with its minimum.
pub(super) const fn blocks_at_once<F: Coded>() -> usize {
    if F::MINIMA { 2 } else { 4 }
}

/// Their steps and minima; of blocks that are not there, zeros.
#[inline(always)]
fn worth_of_blocks<F: Coded, I: Isa>(isa: I, bytes: &[u8], blocks: usize) -> f32x4 {
    if !F::HALVES {
        let mut steps = [0.0; 4];
        for (step, block) in steps.iter_mut().zip(bytes.chunks_exact(F::BYTES)) {
            F::steps(block, slice::from_mut(step), &mut []);
        }
        return steps.into();
    }
    let mut halves = 0;
    for i in 0..blocks_at_once::<F>() {
        if i >= blocks {
            break;
        }
        let at = i * F::BYTES;
        if F::MINIMA {
            halves |= u64::from(word_at(bytes, at)) << (32 * i);
        } else {
            halves |= u64::from(half_at(bytes, at)) << (16 * i);
        }
    }
    isa.widen4(halves)
}
