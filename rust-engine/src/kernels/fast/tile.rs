//! Tiles: the products of a few strips of sixteen rows with a few positions, held in registers.
//!
//! ```text
//! for each group of codes                          strip: one vector, sixteen rows side by side
//!     sums[strip][position] = start
//!     for each four codes of the group
//!         load a vector of each strip; for each position spread its four codes to all lanes
//!         sums[strip][position] += the four products of each lane
//!     totals[strip][position] += float(sums) · (step of the rows · step of the position)
//!     totals[strip][position] += minimum of the rows · sum of the position
//! ```
//! With 32 registers two strips and six positions take 12 for sums, 12 for totals, two for rows, and
//! leave six for the rest; each vector of rows that is loaded is used six times, each four codes that
//! are spread twice. Sums without a step for a long time need no totals beside them, so that twelve
//! positions fit. With sixteen half as long registers a strip is two of them: one strip and two
//! positions take four and four.

use super::coded::{ByGroup, Positions};
use super::isa::{Isa, LANES};

/// How far ahead keys and values are asked for: 4 KB take a thread a quarter of a microsecond, two or three times
/// what memory takes to answer.
const AHEAD: usize = 4096;

/// A strip of coded weights: sixteen rows, with a step (and a minimum) for each group.
#[derive(Clone, Copy, Default)]
pub(super) struct Strip<'a> {
    /// `[four codes][row]`
    pub(super) codes: &'a [[u8; 64]],
    /// `[group][row]`
    pub(super) steps: &'a [[f32; LANES]],
    /// `[group][row]`, of types that have minima.
    pub(super) minima: &'a [[f32; LANES]],
}

/// Groups of `4 · FOURS` codes, or of whole times as many if `LONG` is set. Weights have minima or starts.
#[inline(always)]
pub(super) fn grouped<
    I: Isa,
    const S: usize,
    const P: usize,
    const FOURS: usize,
    const MINIMA: bool,
    const LONG: bool,
>(
    isa: I,
    strips: [Strip<'_>; S],
    x: &Positions,
    by_group: &ByGroup,
    first: usize,
) -> [[I::Floats; P]; S] {
    let groups = x.groups;
    let chunks = if LONG { x.group / (4 * FOURS) } else { 1 };
    // Cut to their lengths once, so that nothing is checked within the loop. (Not by `from_fn`: its
    // closure would not be compiled for the features.)
    let mut codes: [&[[[u8; 64]; FOURS]]; S] = [&[]; S];
    let mut steps: [&[[f32; LANES]]; S] = [&[]; S];
    let mut minima = steps;
    for s in 0..S {
        codes[s] = &strips[s].codes.as_chunks().0[..groups * chunks];
        steps[s] = &strips[s].steps[..groups];
        minima[s] = &strips[s].minima[..if MINIMA { groups } else { 0 }];
    }
    let mut rows: [&[[[u8; 4]; FOURS]]; P] = [&[]; P];
    for p in 0..P {
        rows[p] = &x.row(first + p).as_chunks().0.as_chunks().0[..groups * chunks];
    }
    let padded = x.padded();
    let mut totals = [[isa.splat(0.0); P]; S];
    for g in 0..groups {
        let at = g * padded + first;
        let mut sums = [[isa.ints(0); P]; S];
        if !MINIMA {
            let starts: &[i32; P] = numbers_at(&by_group.starts, at);
            for p in 0..P {
                let start = isa.ints(starts[p]);
                for sums in &mut sums {
                    sums[p] = start;
                }
            }
        }
        for chunk in g * chunks..(g + 1) * chunks {
            for four in 0..FOURS {
                let mut weights = [isa.ints(0); S];
                for s in 0..S {
                    weights[s] = isa.bytes(&codes[s][chunk][four]);
                }
                for p in 0..P {
                    let spread = isa.ints(i32::from_le_bytes(rows[p][chunk][four]));
                    for s in 0..S {
                        sums[s][p] = isa.dot(sums[s][p], weights[s], spread);
                    }
                }
            }
        }
        let x_steps: &[f32; P] = numbers_at(&by_group.steps, at);
        for s in 0..S {
            let step = isa.load(&steps[s][g]);
            for p in 0..P {
                let step = isa.mul(step, isa.splat(x_steps[p]));
                totals[s][p] = isa.mul_add(isa.floats(sums[s][p]), step, totals[s][p]);
            }
            if MINIMA {
                let x_sums: &[f32; P] = numbers_at(&by_group.sums, at);
                let minimum = isa.load(&minima[s][g]);
                for p in 0..P {
                    totals[s][p] = isa.mul_add(minimum, isa.splat(x_sums[p]), totals[s][p]);
                }
            }
        }
    }
    totals
}

/// Float weights somewhere in memory: element `k` of lane `n` of strip `s` is number
/// `first + s · strip_stride + k · stride + n`.
#[derive(Clone, Copy)]
pub(super) struct FloatStrips<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) strip_stride: usize,
    pub(super) stride: usize,
}

/// `N` numbers from one on.
#[inline(always)]
pub(super) fn numbers_at<T, const N: usize>(numbers: &[T], at: usize) -> &[T; N] {
    numbers[at..]
        .first_chunk()
        .expect("whole vectors and tiles")
}

/// `totals[s][p] = Σ_k strip[s][k] · x[p][k]`, `k` below the length of `x[0]`.
#[inline(always)]
pub(super) fn floats<I: Isa, const S: usize, const P: usize>(
    isa: I,
    strips: FloatStrips<'_>,
    x: [&[f32]; P],
) -> [[I::Floats; P]; S] {
    let depth = x[0].len();
    let mut x = x;
    for row in &mut x {
        *row = &row[..depth];
    }
    let mut totals = [[isa.splat(0.0); P]; S];
    for k in 0..depth {
        let mut weights = [isa.splat(0.0); S];
        for s in 0..S {
            let at = s * strips.strip_stride + k * strips.stride;
            let numbers: &[f32; LANES] = numbers_at(strips.numbers, at);
            if P <= 4 {
                // With few positions it is memory that is waited for.
                isa.prefetch(bytemuck::cast_slice(numbers), AHEAD);
            }
            weights[s] = isa.load(numbers);
        }
        for p in 0..P {
            let spread = isa.splat(x[p][k]);
            for s in 0..S {
                totals[s][p] = isa.mul_add(weights[s], spread, totals[s][p]);
            }
        }
    }
    totals
}
