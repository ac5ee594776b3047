//! Products of two float matrices that stand anywhere in memory: what attention consists of.

use super::Fast;
use super::isa::{Isa, LANES, Task};
use super::tile::{self, FloatStrips};

/// `out[p][n] = Σ_k x[p][k] · y[k][n]`
pub struct Mix<'a> {
    /// `[position][x_stride]`, of which the first `depth` of each row count.
    pub x: &'a [f32],
    /// Numbers from one position to the next.
    pub x_stride: usize,
    /// How many products are added.
    pub depth: usize,
    /// `[k][y_stride]`, of which the first `width` of each row count.
    pub y: &'a [f32],
    /// Numbers from one row of `y` to the next.
    pub y_stride: usize,
    /// `[position][out_stride]`, of which the first `width` of each row are written.
    pub out: &'a mut [f32],
    /// Numbers from one row of `out` to the next.
    pub out_stride: usize,
    /// Numbers of a row.
    pub width: usize,
    /// How many positions.
    pub positions: usize,
}

impl Mix<'_> {
    /// Computes it.
    pub fn run(self, fast: Fast) {
        fast.run(self);
    }
}

impl Task for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        let (mut start, few) = (0, self.positions <= 4);
        while start + 4 * LANES <= self.width && I::WIDE {
            if self.positions <= 2 {
                self.tiles::<I, 4, 2>(isa, start);
            } else if few {
                self.tiles::<I, 4, 4>(isa, start);
            } else {
                self.tiles::<I, 4, 6>(isa, start);
            }
            start += 4 * LANES;
        }
        while start + LANES <= self.width {
            if I::WIDE && !few {
                self.tiles::<I, 1, 12>(isa, start);
            } else {
                self.tiles::<I, 1, 4>(isa, start);
            }
            start += LANES;
        }
        self.rest(start);
    }
}

impl Mix<'_> {
    #[inline(always)]
    fn tiles<I: Isa, const S: usize, const P: usize>(&mut self, isa: I, start: usize) {
        let strips = FloatStrips {
            numbers: &self.y[start..],
            strip_stride: LANES,
            stride: self.y_stride,
        };
        for first in (0..self.positions).step_by(P) {
            let last = self.positions - 1;
            let mut rows: [&[f32]; P] = [&[]; P];
            for p in 0..P {
                rows[p] = &self.x[(first + p).min(last) * self.x_stride..][..self.depth];
            }
            let totals = tile::floats::<I, S, P>(isa, strips, rows);
            for p in 0..P.min(self.positions - first) {
                let out = &mut self.out[(first + p) * self.out_stride + start..][..S * LANES];
                for (s, place) in out.as_chunks_mut().0.iter_mut().enumerate() {
                    isa.store(totals[s][p], place);
                }
            }
        }
    }

    /// What is less than a vector at the end of each row.
    #[inline(always)]
    fn rest(&mut self, start: usize) {
        for p in 0..self.positions {
            for n in start..self.width {
                let x = &self.x[p * self.x_stride..][..self.depth];
                let products = x
                    .iter()
                    .enumerate()
                    .map(|(k, x)| x * self.y[k * self.y_stride + n]);
                self.out[p * self.out_stride + n] = products.sum();
            }
        }
    }
}
