//! What codes are worth: the steps and minima of a row's groups.

use crate::formats::coded::Coded;
use crate::kernels::fast::coded::Positions;
use crate::kernels::fast::isa::{Isa, LANES};
use crate::kernels::fast::unpack::other_steps_of_row;

/// Steps and minima of the groups of a row, sixteen together; what a type does not have is empty. They go
/// by way of memory: what was stored in small parts and is loaded as a whole at once has to wait for the
/// first cache, so it is done one row ahead.
pub(super) struct Worth {
    steps: Vec<[f32; LANES]>,
    minima: Vec<[f32; LANES]>,
    /// The F16 number that a block begins with.
    halves: Vec<[u8; 2 * LANES]>,
    /// The two that it begins with.
    pairs: Vec<[u32; LANES]>,
}

impl Worth {
    /// Room for a row of positions of this shape; groups that it does not have are worth nothing.
    #[inline(always)]
    pub(super) fn new<F: Coded>(x: &Positions) -> Self {
        let sixteens = x.group_stride / LANES;
        let room = |is_so: bool| if is_so { sixteens } else { 0 };
        Self {
            steps: vec![[0.0; LANES]; room(!F::HALVES)],
            minima: vec![[0.0; LANES]; room(!F::HALVES && F::MINIMA)],
            halves: vec![[0; 2 * LANES]; room(F::HALVES && !F::MINIMA)],
            pairs: vec![[0; LANES]; room(F::HALVES && F::MINIMA)],
        }
    }

    /// Takes those of a row.
    #[inline(always)]
    pub(super) fn read<F: Coded>(&mut self, row: &[u8]) {
        let blocks = row.chunks_exact(F::BYTES);
        if F::HALVES && F::MINIMA {
            let pairs = self.pairs.as_flattened_mut();
            for (pair, block) in pairs.iter_mut().zip(blocks) {
                *pair = u32::from_le_bytes([block[0], block[1], block[2], block[3]]);
            }
        } else if F::HALVES {
            let halves = self.halves.as_flattened_mut().as_chunks_mut::<2>().0;
            for (half, block) in halves.iter_mut().zip(blocks) {
                *half = [block[0], block[1]];
            }
        } else {
            let steps = self.steps.as_flattened_mut();
            other_steps_of_row::<F>(row, steps, self.minima.as_flattened_mut());
        }
    }

    /// Times the steps of one position, to `products`. Gives back what the minima come to.
    #[inline(always)]
    pub(super) fn meet<F: Coded, I: Isa>(
        &self,
        isa: I,
        x: &Positions,
        position: usize,
        products: &mut [[f32; LANES]],
    ) -> I::Floats {
        let sixteens = products.len();
        let x_steps = &x.of_groups(&x.steps, position).as_chunks().0[..sixteens];
        let x_sums = &x.of_groups(&x.sums, position).as_chunks().0[..sixteens];
        let mut total = isa.splat(0.0);
        for i in 0..sixteens {
            let zero = isa.splat(0.0);
            let [steps, minima] = match (F::HALVES, F::MINIMA) {
                (true, true) => isa.load_f16_pairs(&self.pairs[i]),
                (true, false) => [isa.load_f16(&self.halves[i]), zero],
                (false, true) => [isa.load(&self.steps[i]), isa.load(&self.minima[i])],
                (false, false) => [isa.load(&self.steps[i]), zero],
            };
            isa.store(isa.mul(steps, isa.load(&x_steps[i])), &mut products[i]);
            if F::MINIMA {
                total = isa.mul_add(minima, isa.load(&x_sums[i]), total);
            }
        }
        total
    }
}
