//! Rows of weights whose groups are of 16 or 32 codes.
//!
//! What codes are worth is unpacked beside the codes themselves, unit by unit: done for a whole row in
//! advance, memory would have nothing to do meanwhile.

use wide::f32x4;

use super::{AHEAD, Streamed};
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
                other.meet_pairs::<F, I>(isa, row_bytes)
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
    /// Steps and sums of groups, of two groups together.
    pairs: &'a [[f32; 4]],
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
            pairs: streamed.pairs.get(of_position(vectors)).unwrap_or(&[]),
            steps: x.of_groups(&x.steps, position),
            sums: streamed
                .sums
                .floats()
                .get(of_position(supers))
                .unwrap_or(&[]),
        }
    }

    /// With blocks of 32, two together. Two totals take turns, so that neither has to wait for the sum
    /// before.
    #[inline(always)]
    fn meet_pairs<F: Coded, I: Isa>(&self, isa: I, row: &[u8]) -> I::Floats {
        let units = row.chunks_exact(unit_bytes::<F>());
        let rest = units.remainder();
        let whole = units.len();
        let mut totals = [isa.splat(0.0); 2];
        let mut minima = f32x4::splat(0.0);
        let (codes, pairs) = (&self.codes[..whole], &self.pairs[..whole]);
        for (i, bytes) in units.enumerate() {
            // In between, since a CPU has room for a dozen such wishes or so.
            isa.prefetch(bytes, AHEAD);
            let steps = steps_of_pair::<F, I>(isa, bytes) * f32x4::from(pairs[i]);
            minima += steps;
            let start = self.start::<F, I>(isa, i);
            let sums = isa.dot(start, unit::<F, I>(isa, bytes)[0], isa.bytes(&codes[i]));
            let [total, other] = totals;
            let total = isa.mul_add(isa.floats(sums), isa.spread_ends(steps), total);
            totals = [other, total];
        }
        if !rest.is_empty() {
            let mut bytes = [0; 2 * LARGEST];
            bytes[..rest.len()].copy_from_slice(rest);
            let bytes = &bytes[..unit_bytes::<F>()];
            let steps = steps_of_pair::<F, I>(isa, bytes) * f32x4::from(self.pairs[whole]);
            minima += steps;
            let start = self.start::<F, I>(isa, whole);
            let codes = half_unit::<F, I>(isa, rest);
            let sums = isa.dot(start, codes, isa.bytes(&self.codes[whole]));
            totals[0] = isa.mul_add(isa.floats(sums), isa.spread_ends(steps), totals[0]);
        }
        let mut total = isa.add(totals[0], totals[1]);
        if F::MINIMA {
            let [_, first, _, second] = minima.to_array();
            // In all lanes a sixteenth of it.
            total = isa.add(total, isa.splat((first + second) / LANES as f32));
        }
        total
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
            for line in (0..F::BYTES).step_by(64) {
                isa.prefetch(block, AHEAD + line);
            }
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
                let scales = isa.spread(scales, 64 / F::GROUP * v, 64 / F::GROUP);
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

/// Bytes of the largest block of 32.
const LARGEST: usize = 34;

/// Of two blocks of 32 `[step, minimum, step, minimum]`.
#[inline(always)]
fn steps_of_pair<F: Coded, I: Isa>(isa: I, bytes: &[u8]) -> f32x4 {
    let (first, second) = bytes.split_at(F::BYTES);
    if F::HALVES {
        let heads = if F::MINIMA {
            [word_at(first, 0), word_at(second, 0)]
        } else {
            [half_at(first, 0), half_at(second, 0)]
        };
        isa.widen4(u64::from(heads[0]) | u64::from(heads[1]) << 32)
    } else {
        let (mut a, mut b) = ([0.0], [0.0]);
        F::steps(first, &mut a, &mut []);
        F::steps(second, &mut b, &mut []);
        f32x4::from([a[0], 0.0, b[0], 0.0])
    }
}
