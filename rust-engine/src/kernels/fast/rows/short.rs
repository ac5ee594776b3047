//! Rows of weights whose groups are of 16 or 32 codes.

use super::Streamed;
use super::worth::Worth;
use crate::formats::Matrix;
use crate::formats::coded::Coded;
use crate::kernels::fast::AHEAD;
use crate::kernels::fast::coded::Positions;
use crate::kernels::fast::columns::Piece;
use crate::kernels::fast::isa::{Isa, LANES};
use crate::kernels::fast::unpack::{half_unit, unit, unit_bytes};

/// All rows with all positions, `V` vectors to a unit of codes.
#[inline(always)]
pub(super) fn short_rows<F: Coded, I: Isa, const V: usize>(
    isa: I,
    matrix: &Matrix<'_>,
    x: &Positions,
    streamed: &Streamed,
    out: &mut Piece<'_>,
) {
    let mut products = vec![[0.0; LANES]; x.group_stride / LANES];
    let mut worth = [Worth::new::<F>(x), Worth::new::<F>(x)];
    // The lanes of sixteen rows, which are summed together.
    let mut lanes = vec![[[0.0; LANES]; LANES]; out.rows()];
    let size = matrix.columns / F::CODES * F::BYTES;
    let bytes = &matrix.bytes[..matrix.rows * size];
    worth[0].read::<F>(&bytes[..size]);
    for row in 0..matrix.rows {
        if row + 1 < matrix.rows {
            worth[(row + 1) % 2].read::<F>(&bytes[(row + 1) * size..][..size]);
        }
        let is_last = (row + 1).is_multiple_of(LANES) || row + 1 == matrix.rows;
        for position in 0..out.rows() {
            let minima = worth[row % 2].meet::<F, I>(isa, x, position, &mut products);
            let other = Other::<V>::new::<F>(x, streamed, position, &products);
            let total = other.meet::<F, I>(isa, &bytes[row * size..][..size], minima);
            let lanes = &mut lanes[position];
            isa.store(total, &mut lanes[row % LANES]);
            if is_last {
                let sums = isa.sum_each(lanes);
                isa.store_some(sums, &mut out.row(position)[row / LANES * LANES..=row]);
            }
        }
    }
}

/// What one position brings, by units of weights; and behind the last of them.
#[derive(Clone, Copy)]
struct Other<'a, const V: usize> {
    codes: &'a [[[u8; 64]; V]],
    starts: &'a [[[i32; LANES]; V]],
    /// Products of the steps on both sides, sixteen or eight codes to a lane.
    fours: &'a [[[f32; 4]; V]],
    twos: &'a [[[f32; 2]; V]],
}

impl<'a, const V: usize> Other<'a, V> {
    #[inline(always)]
    fn new<F: Coded>(
        x: &'a Positions,
        streamed: &'a Streamed,
        position: usize,
        products: &'a [[f32; LANES]],
    ) -> Self {
        let units = x.stride / 64 / V;
        let products = products.as_flattened();
        let mut other = Self {
            codes: &x.row(position).as_chunks().0.as_chunks().0[..units],
            starts: &[],
            fours: &[],
            twos: &[],
        };
        if F::OFFSET != 0 {
            let starts = streamed.starts.as_chunks().0;
            other.starts = &starts[position * units..][..units];
        }
        if F::GROUP == 32 {
            other.twos = &products.as_chunks().0.as_chunks().0[..units];
        } else {
            other.fours = &products.as_chunks().0.as_chunks().0[..units];
        }
        other
    }

    /// `total` and the products with a row. Two totals take turns, so that neither has to wait for the sum
    /// before.
    #[inline(always)]
    fn meet<F: Coded, I: Isa>(&self, isa: I, row: &[u8], total: I::Floats) -> I::Floats {
        let mut totals = [total, isa.splat(0.0)];
        let units = row.chunks_exact(unit_bytes::<F>());
        let rest = units.remainder();
        for (i, bytes) in units.enumerate() {
            // In between, since a CPU has room for a dozen such wishes or so.
            for line in (0..bytes.len()).step_by(64) {
                isa.prefetch(bytes, AHEAD + line);
            }
            totals = self.add::<F, I>(isa, unit::<F, I>(isa, bytes), i, V, totals);
        }
        if !rest.is_empty() {
            let mut codes = [isa.ints(0); 4];
            codes[0] = half_unit::<F, I>(isa, rest);
            totals = self.add::<F, I>(isa, codes, self.codes.len() - 1, 1, totals);
        }
        isa.add(totals[0], totals[1])
    }

    /// Adds the products of the first vectors of a unit.
    #[inline(always)]
    fn add<F: Coded, I: Isa>(
        &self,
        isa: I,
        codes: [I::Ints; 4],
        at: usize,
        vectors: usize,
        mut totals: [I::Floats; 2],
    ) -> [I::Floats; 2] {
        for v in 0..vectors {
            let start = if F::OFFSET == 0 {
                isa.ints(0)
            } else {
                isa.load_ints(&self.starts[at][v])
            };
            let sums = isa.dot(start, codes[v], isa.bytes(&self.codes[at][v]));
            let step = if F::GROUP == 32 {
                isa.spread2(self.twos[at][v])
            } else {
                isa.spread4(&self.fours[at][v])
            };
            let [total, other] = totals;
            totals = [other, isa.mul_add(isa.floats(sums), step, total)];
        }
        totals
    }
}
