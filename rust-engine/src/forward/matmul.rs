//! Products of a weight matrix with activations: `out[position][row] = Σ weight[row] · x[position]`.
//!
//! Work is shared out by positions when there are many, by rows when there are few; each result
//! is computed by one thread in one order, so the number of threads changes nothing.

use gguf::TensorType;
use rayon::prelude::*;

use super::activations::{Activations, Blocks, Supers};
use crate::formats::q4_0::Q4_0;
use crate::formats::q4_1::Q4_1;
use crate::formats::q4_k::Q4K;
use crate::formats::q5_0::Q5_0;
use crate::formats::q5_1::Q5_1;
use crate::formats::q5_k::Q5K;
use crate::formats::q6_k::Q6K;
use crate::formats::q8_0::Q8_0;
use crate::formats::{self, Block32, Factors, Super256, SuperFactors};
use crate::kernels::{Kernels, LANES, lane_order};

/// A weight matrix as the file has it.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Element type, one of [`formats::SUPPORTED`].
    pub tensor_type: TensorType,
    /// Elements of a row: the width of the activations.
    pub columns: usize,
    /// Rows: the width of the result.
    pub rows: usize,
    /// `rows` rows of whole blocks.
    pub bytes: &'a [u8],
}

impl<'a> Matrix<'a> {
    fn row_bytes(&self) -> usize {
        self.bytes.len() / self.rows
    }

    /// The bytes of one row.
    pub fn row(&self, row: usize) -> &'a [u8] {
        let size = self.row_bytes();
        &self.bytes[row * size..][..size]
    }

    /// The rows from `first` on.
    fn slice(&self, first: usize, rows: usize) -> Self {
        let size = self.row_bytes();
        Self {
            rows,
            bytes: &self.bytes[first * size..][..rows * size],
            ..*self
        }
    }
}

/// With fewer positions than this for each thread, unpacking a row once for each thread costs
/// more than it saves to keep rows together.
const POSITIONS_A_THREAD: usize = 8;
/// Pieces of rows for each thread: enough that a thread which is held up does not hold up all.
const PIECES_A_THREAD: usize = 4;

/// Computes `out`, `[position][row]`.
pub fn multiply(kernels: &Kernels, matrix: &Matrix<'_>, x: &Activations, out: &mut [f32]) {
    let rows = matrix.rows;
    let positions = out.len() / rows;
    let threads = rayon::current_num_threads();
    if positions == 1 {
        let piece = rows
            .div_ceil(threads * PIECES_A_THREAD)
            .next_multiple_of(LANES);
        out.par_chunks_mut(piece).enumerate().for_each(|(i, out)| {
            let part = matrix.slice(i * piece, out.len());
            multiply_part(kernels, &part, x, 0, out);
        });
    } else if positions < threads * POSITIONS_A_THREAD {
        for (position, out) in out.chunks_exact_mut(rows).enumerate() {
            let piece = rows
                .div_ceil(threads * PIECES_A_THREAD)
                .next_multiple_of(LANES);
            out.par_chunks_mut(piece).enumerate().for_each(|(i, out)| {
                let part = matrix.slice(i * piece, out.len());
                multiply_part(kernels, &part, x, position, out);
            });
        }
    } else {
        let share = positions.div_ceil(threads).next_multiple_of(LANES);
        out.par_chunks_mut(share * rows)
            .enumerate()
            .for_each(|(i, out)| multiply_part(kernels, matrix, x, i * share, out));
    }
}

/// One thread's part: the positions from `first` on, all rows of `matrix`.
fn multiply_part(
    kernels: &Kernels,
    matrix: &Matrix<'_>,
    x: &Activations,
    first: usize,
    out: &mut [f32],
) {
    match x {
        Activations::Floats(x) => floats(kernels, matrix, x, first, out),
        Activations::Blocks(x) => {
            let run = match matrix.tensor_type {
                TensorType::Q4_0 => blocks::<Q4_0>,
                TensorType::Q4_1 => blocks::<Q4_1>,
                TensorType::Q5_0 => blocks::<Q5_0>,
                TensorType::Q5_1 => blocks::<Q5_1>,
                TensorType::Q8_0 => blocks::<Q8_0>,
                other => unreachable!("Form::of gives {other} other activations"),
            };
            run(kernels, matrix, x, first, out);
        }
        Activations::Supers(x) => {
            let run = match matrix.tensor_type {
                TensorType::Q4_K => supers::<Q4K>,
                TensorType::Q5_K => supers::<Q5K>,
                TensorType::Q6_K => supers::<Q6K>,
                other => unreachable!("Form::of gives {other} other activations"),
            };
            run(kernels, matrix, x, first, out);
        }
    }
}

fn blocks<F: Block32>(
    kernels: &Kernels,
    matrix: &Matrix<'_>,
    x: &Blocks,
    first: usize,
    out: &mut [f32],
) {
    let n_blocks = matrix.columns / 32;
    let mut codes = vec![0i16; matrix.columns];
    let mut factors = vec![Factors::default(); n_blocks];
    let mut sums = vec![0i32; n_blocks];
    for row in 0..matrix.rows {
        let (block_codes, _) = codes.as_chunks_mut::<32>();
        let blocks = matrix.row(row).chunks_exact(F::BYTES);
        for ((block, codes), factors) in blocks.zip(block_codes).zip(&mut factors) {
            *factors = F::unpack(block, codes);
        }
        for (position, out) in out.chunks_exact_mut(matrix.rows).enumerate() {
            let at = (first + position) * n_blocks;
            (kernels.block_sums)(&codes, &x.codes[at * 32..][..matrix.columns], &mut sums);
            // In block order, as the reference adds them.
            let terms = sums.iter().zip(&factors).zip(&x.factors[at..]);
            out[row] = terms.fold(0f32, |total, ((&sum, &w), &x)| total + F::term(sum, w, x));
        }
    }
}

fn supers<F: Super256>(
    kernels: &Kernels,
    matrix: &Matrix<'_>,
    x: &Supers,
    first: usize,
    out: &mut [f32],
) {
    let n_blocks = matrix.columns / 256;
    let mut codes = vec![0i16; matrix.columns];
    let mut factors = vec![SuperFactors::default(); n_blocks];
    let mut sums = vec![[0i32; 8]; n_blocks];
    for row in 0..matrix.rows {
        let (block_codes, _) = codes.as_chunks_mut::<256>();
        let blocks = matrix.row(row).chunks_exact(F::BYTES);
        for ((block, codes), factors) in blocks.zip(block_codes).zip(&mut factors) {
            let mut natural = [0; 256];
            *factors = F::unpack(block, &mut natural);
            *codes = lane_order(&natural);
        }
        for (position, out) in out.chunks_exact_mut(matrix.rows).enumerate() {
            let at = (first + position) * n_blocks;
            (kernels.super_sums)(&codes, &x.codes[at * 256..][..matrix.columns], &mut sums);
            out[row] = combine::<F>(&sums, &factors, &x.d[at..], &x.sums[at..]);
        }
    }
}

/// As the K-quants' `ggml_vec_dot_*_q8_K_generic`: eight float lanes over the whole row, the
/// minima taken off a scalar of their own, and the lanes added to that scalar last.
fn combine<F: Super256>(
    sums: &[[i32; 8]],
    weights: &[SuperFactors],
    d: &[f32],
    code_sums: &[[i32; 16]],
) -> f32 {
    let mut lanes = [0f32; 8];
    let mut total = 0f32;
    for (((sums, weight), &d), code_sums) in sums.iter().zip(weights).zip(d).zip(code_sums) {
        let step = weight.d * d;
        for (lane, &sum) in lanes.iter_mut().zip(sums) {
            *lane += step * sum as f32;
        }
        if F::WITH_MINIMA {
            let off: i32 = code_sums
                .iter()
                .zip(&weight.minima)
                .map(|(s, m)| s * m)
                .sum();
            total -= weight.d_min * d * off as f32;
        }
    }
    lanes.iter().fold(total, |total, lane| total + lane)
}

/// Weights of any type, decoded, times float activations: [`LANES`] results side by side, the
/// lanes being positions where there are several, else rows.
fn floats(kernels: &Kernels, matrix: &Matrix<'_>, x: &[f32], first: usize, out: &mut [f32]) {
    let columns = matrix.columns;
    let positions = out.len() / matrix.rows;
    let x = &x[first * columns..][..positions * columns];
    let mut row = vec![0f32; columns];
    let mut results = [0f32; LANES];
    if positions == 1 {
        let mut panel = vec![[0f32; LANES]; columns];
        for (group, out) in out.chunks_mut(LANES).enumerate() {
            for lane in 0..out.len() {
                formats::decode(
                    matrix.tensor_type,
                    matrix.row(group * LANES + lane),
                    &mut row,
                );
                fill_lane(&mut panel, lane, &row);
            }
            (kernels.panel_dot)(x, &panel, &mut results);
            out.copy_from_slice(&results[..out.len()]);
        }
        return;
    }
    let panels: Vec<Vec<[f32; LANES]>> = x
        .chunks(LANES * columns)
        .map(|positions| {
            let mut panel = vec![[0f32; LANES]; columns];
            for (lane, x) in positions.chunks_exact(columns).enumerate() {
                fill_lane(&mut panel, lane, x);
            }
            panel
        })
        .collect();
    for row_number in 0..matrix.rows {
        formats::decode(matrix.tensor_type, matrix.row(row_number), &mut row);
        for (panel, out) in panels.iter().zip(out.chunks_mut(LANES * matrix.rows)) {
            (kernels.panel_dot)(&row, panel, &mut results);
            for (out, &result) in out.chunks_exact_mut(matrix.rows).zip(&results) {
                out[row_number] = result;
            }
        }
    }
}

fn fill_lane(panel: &mut [[f32; LANES]], lane: usize, values: &[f32]) {
    for (lanes, &value) in panel.iter_mut().zip(values) {
        lanes[lane] = value;
    }
}
