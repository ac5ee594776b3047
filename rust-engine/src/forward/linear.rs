//! Linear maps: several matrices that meet the same activations are one piece of shared work.

use super::activations::Form;
use super::prepared::Prepared;
use super::{Evaluator, Operations, add, matmul, multiply};
use crate::model::weights::Linear;

impl Evaluator<'_> {
    fn products<const N: usize>(
        &self,
        linears: [&Linear; N],
        x: &mut Prepared,
        outs: [&mut [f32]; N],
    ) {
        let matrices = linears.map(|linear| linear.weight.of(&self.model.file));
        let products = matrices.into_iter().zip(outs);
        match (&self.operations, x) {
            (Operations::Exact(kernels), Prepared::Exact(x)) => {
                for (matrix, out) in products {
                    let form = Form::of(matrix.tensor_type, self.options.arithmetic);
                    let x = x.in_form(form, matrix.columns);
                    matmul::multiply(kernels, &matrix, x, out);
                }
            }
            (Operations::Fast(fast), Prepared::Fast(x)) => fast.multiply(products.collect(), x),
            _ => unreachable!("activations are prepared for the operations"),
        }
    }

    /// What some matrices, of as many columns, make of the same activations.
    pub(super) fn linears<const N: usize>(
        &self,
        linears: [&Linear; N],
        x: &mut Prepared,
    ) -> [Vec<f32>; N] {
        let mut outs = linears.map(|linear| {
            let positions = x.values().len() / linear.weight.columns;
            self.spare.take(positions * linear.weight.rows)
        });
        self.linears_into(linears, x, outs.each_mut().map(Vec::as_mut_slice));
        outs
    }

    pub(super) fn linears_into<const N: usize>(
        &self,
        linears: [&Linear; N],
        x: &mut Prepared,
        mut outs: [&mut [f32]; N],
    ) {
        self.products(linears, x, outs.each_mut().map(|out| &mut **out));
        for (linear, out) in linears.into_iter().zip(outs) {
            if let Some(scale) = linear.scale {
                multiply(out, scale);
            }
            if let Some(bias) = &linear.bias {
                out.chunks_exact_mut(bias.len())
                    .for_each(|row| add(row, bias));
            }
        }
    }
}
