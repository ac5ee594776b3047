//! Products of a weight matrix with activations:
//! `out[position][row] = Σ weight[row] · x[position]`.
//!
//! Work is shared out by positions when there are many, by rows when there are few; each result
//! is computed by one thread in one order, so the number of threads changes nothing.

use gguf::TensorType;
use rayon::prelude::*;

use super::activations::{Activations, Blocks, Rows, Supers};
use crate::formats::iq4_nl::IQ4NL;
use crate::formats::iq4_xs::IQ4XS;
use crate::formats::mxfp4::MXFP4;
use crate::formats::q2_k::Q2K;
use crate::formats::q3_k::Q3K;
use crate::formats::q4_0::Q4_0;
use crate::formats::q4_1::Q4_1;
use crate::formats::q4_k::Q4K;
use crate::formats::q5_0::Q5_0;
use crate::formats::q5_1::Q5_1;
use crate::formats::q5_k::Q5K;
use crate::formats::q6_k::Q6K;
use crate::formats::q8_0::Q8_0;
use crate::formats::tq1_0::TQ1_0;
use crate::formats::tq2_0::TQ2_0;
use crate::formats::{Block32, Factors, Matrix, Summation, Super256, SuperFactors};
use crate::kernels::exact::{Kernels, LANES, lane_order};

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
                TensorType::IQ4_NL => blocks::<IQ4NL>,
                TensorType::MXFP4 => blocks::<MXFP4>,
                other => unreachable!("Form::of gives {other} other activations"),
            };
            run(kernels, matrix, x, first, out);
        }
        Activations::Supers(x) => {
            let run = match matrix.tensor_type {
                TensorType::Q2_K => supers::<Q2K>,
                TensorType::Q3_K => supers::<Q3K>,
                TensorType::Q4_K => supers::<Q4K>,
                TensorType::Q5_K => supers::<Q5K>,
                TensorType::Q6_K => supers::<Q6K>,
                TensorType::IQ4_XS => supers::<IQ4XS>,
                TensorType::TQ1_0 => supers::<TQ1_0>,
                TensorType::TQ2_0 => supers::<TQ2_0>,
                other => unreachable!("Form::of gives {other} other activations"),
            };
            run(kernels, matrix, x, first, out);
        }
        Activations::Rows(x) => rows(kernels, matrix, x, first, out),
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
            let terms = sums.iter().zip(&factors).zip(&x.factors[at..][..n_blocks]);
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
            let x_codes = &x.codes[at * 256..][..matrix.columns];
            let (d, code_sums) = (&x.d[at..][..n_blocks], &x.sums[at..][..n_blocks]);
            if F::SUMMATION == Summation::Groups {
                (kernels.block_sums)(&codes, x_codes, sums.as_flattened_mut());
            } else {
                (kernels.super_sums)(&codes, x_codes, &mut sums);
            }
            out[row] = add_up(F::SUMMATION, &sums, &factors, d, code_sums);
        }
    }
}

/// One product from what its blocks gave: `sums` of codes times codes, the `factors` of the
/// weights, and of the activations the factors `d` and the sums of codes alone.
fn add_up(
    summation: Summation,
    sums: &[[i32; 8]],
    factors: &[SuperFactors],
    d: &[f32],
    code_sums: &[[i32; 16]],
) -> f32 {
    let terms = || sums.iter().zip(factors).zip(d);
    match summation {
        Summation::Lanes => add_lanes(0.0, terms()),
        Summation::LanesLessMinima => {
            let minima = terms().zip(code_sums);
            let less = minima.fold(0f32, |total, (((_, weight), d), code_sums)| {
                total - weight.d_min * d * minima_sum(weight, code_sums) as f32
            });
            add_lanes(less, terms())
        }
        Summation::Whole => terms().fold(0f32, |total, ((sums, weight), d)| {
            total + sums.iter().sum::<i32>() as f32 * (weight.d * d)
        }),
        Summation::WholeLessMinima => {
            let minima = terms().zip(code_sums);
            minima.fold(0f32, |total, (((sums, weight), d), code_sums)| {
                let less = d * weight.d_min * minima_sum(weight, code_sums) as f32;
                total + (d * weight.d * sums.iter().sum::<i32>() as f32 - less)
            })
        }
        Summation::Groups => terms().fold(0f32, |total, ((sums, weight), d)| {
            let step = weight.d * d;
            let groups = sums.iter().zip(&weight.scales);
            groups.fold(total, |total, (&sum, &scale)| {
                total + step * scale as f32 * sum as f32
            })
        }),
    }
}

/// The sum of a block's codes, each times the minimum of its group.
fn minima_sum(weight: &SuperFactors, code_sums: &[i32; 16]) -> i32 {
    let products = code_sums.iter().zip(&weight.minima).map(|(s, m)| s * m);
    products.sum()
}

/// Eight float lanes over the blocks of a row, then added to `total` one after another.
fn add_lanes<'a>(
    total: f32,
    terms: impl Iterator<Item = ((&'a [i32; 8], &'a SuperFactors), &'a f32)>,
) -> f32 {
    let mut lanes = [0f32; 8];
    for ((sums, weight), &d) in terms {
        let step = weight.d * d;
        for (lane, &sum) in lanes.iter_mut().zip(sums) {
            *lane += step * sum as f32;
        }
    }
    lanes.iter().fold(total, |total, lane| total + lane)
}

/// Products with I2_S: one integer sum for a row, so that the order of nothing matters. It has 64
/// bits, so that no width of a hostile file can overflow it.
fn rows(kernels: &Kernels, matrix: &Matrix<'_>, x: &Rows, first: usize, out: &mut [f32]) {
    let columns = matrix.columns;
    for row in 0..matrix.rows {
        let codes = matrix.row(row);
        for (position, out) in out.chunks_exact_mut(matrix.rows).enumerate() {
            let at = first + position;
            let sum = (kernels.two_bit_sum)(codes, &x.codes[at * columns..][..columns]);
            out[row] = (sum as f32 - x.sums[at]) / x.scales[at] * matrix.scale;
        }
    }
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
                matrix.decode_row(group * LANES + lane, &mut row);
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
        matrix.decode_row(row_number, &mut row);
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
