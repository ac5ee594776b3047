//! Products of weights with few positions: rows are streamed from the mapping, unpacked
//! one ahead, and nothing is kept.
//!
//! ```text
//! for each row
//!     unpack the next one: codes, steps, minima
//!     for each position
//!         total = sum over groups of minima · sums of the position
//!         for each 64 codes
//!             total += float(products of four, in sixteen lanes) · steps, each in its group's lanes
//!         out = sum of the lanes of total
//! ```
//! Codes of two bits are not even unpacked: a vector of bytes is shifted and masked four times, and each
//! time meets the codes of the position that stand in the same order.

mod floats;
mod ternary;

use floats::{floats, halves};
use gguf::TensorType;
use ternary::{long_row, ternary_blocks, ternary_rows};

use super::Fast;
use super::coded::Positions;
use super::columns::Piece;
use super::isa::{Isa, LANES, Task};
use crate::formats::Matrix;
use crate::formats::coded::{Coded, Visitor, visit, zero_of};

/// The most positions that rows are streamed for.
pub const ROW_POSITIONS: usize = 4;

/// How far ahead weights are asked for: 4 KB take a thread a quarter of a microsecond, two or three times
/// what memory takes to answer.
const AHEAD: usize = 4096;

/// What rows of weights need of positions beside their codes.
pub struct Streamed {
    /// What the lanes of sums start with, `[position][64 codes]`: less the zero of the weights' codes
    /// times the sum of the group, in the group's first lane. Empty where codes have no zero.
    starts: Vec<[i32; LANES]>,
    /// Codes in the order of two-bit codes in a file, for types that are not unpacked.
    woven: Vec<u8>,
}

impl Streamed {
    /// For weights of one type.
    pub fn new(x: &Positions, tensor_type: TensorType) -> Self {
        let in_order = matches!(tensor_type, TensorType::I2_S | TensorType::TQ2_0);
        let offset = zero_of(tensor_type);
        Self {
            starts: if offset == 0 || x.group > 32 {
                Vec::new()
            } else {
                starts(x, offset)
            },
            woven: if in_order {
                weave(x, tensor_type == TensorType::I2_S)
            } else {
                Vec::new()
            },
        }
    }

    /// The 256 codes that a block of 64 bytes meets.
    #[inline(always)]
    fn woven(&self, x: &Positions, position: usize, block: usize) -> &[[u8; 64]; 4] {
        let blocks = x.columns.div_ceil(256);
        let four = self.woven.as_chunks::<64>().0.as_chunks::<4>().0;
        &four[position * blocks + block]
    }
}

fn starts(x: &Positions, offset: u8) -> Vec<[i32; LANES]> {
    let vectors = x.stride / 64;
    let lanes_a_group = x.group / 4;
    let mut starts = vec![[0; LANES]; x.padded() * vectors];
    for (position, starts) in starts.chunks_exact_mut(vectors).enumerate() {
        let lanes = starts.as_flattened_mut();
        let sums = x.of_groups(&x.code_sums, position);
        for (lanes, sum) in lanes.chunks_exact_mut(lanes_a_group).zip(sums) {
            lanes[0] = -i32::from(offset) * sum;
        }
    }
    starts
}

/// 64 bytes hold 256 codes, of which the first 32 bytes hold the first 128. The 64 codes that come out of
/// one shift are therefore two runs of 32. I2_S has the highest bits first, TQ2_0 the lowest.
fn weave(x: &Positions, highest_first: bool) -> Vec<u8> {
    let stride = x.columns.next_multiple_of(256);
    let mut woven = vec![0; x.padded() * stride];
    for (position, woven) in woven.chunks_exact_mut(stride).enumerate() {
        for (i, run) in x.row(position)[..x.columns].chunks_exact(32).enumerate() {
            let (block, half, group) = (i / 8, i % 8 / 4, i % 4);
            let place = if highest_first { 3 - group } else { group };
            woven[256 * block + 64 * place + 32 * half..][..32].copy_from_slice(run);
        }
    }
    woven
}

/// The product of some rows with at most [`ROW_POSITIONS`] positions.
pub struct RowProduct<'a> {
    /// The rows.
    pub matrix: Matrix<'a>,
    /// The positions.
    pub other: RowOther<'a>,
    /// A column for each row of the matrix, a row for each position.
    pub out: Piece<'a>,
}

/// The other side of a product.
#[derive(Clone, Copy)]
pub enum RowOther<'a> {
    /// Codes.
    Codes(&'a Positions, &'a Streamed),
    /// Floats, `[position][columns]`.
    Floats(&'a [f32]),
}

impl RowProduct<'_> {
    /// Computes it.
    pub fn run(self, fast: Fast) {
        fast.run(self);
    }
}

impl Task for RowProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self {
            matrix,
            other,
            mut out,
        } = self;
        match (other, matrix.tensor_type) {
            (RowOther::Codes(x, streamed), TensorType::I2_S) => {
                ternary_rows(isa, &matrix, x, streamed, &mut out);
            }
            (RowOther::Codes(x, streamed), TensorType::TQ2_0) => {
                ternary_blocks(isa, &matrix, x, streamed, &mut out);
            }
            (RowOther::Codes(x, streamed), tensor_type) => {
                let rows = CodedRows {
                    isa,
                    matrix,
                    x,
                    streamed,
                    out,
                };
                visit(tensor_type, rows).expect("codes meet coded weights");
            }
            (RowOther::Floats(x), TensorType::F16) => halves(isa, &matrix, x, &mut out),
            (RowOther::Floats(x), _) => floats(isa, &matrix, x, &mut out),
        }
    }
}

struct CodedRows<'a, I> {
    isa: I,
    matrix: Matrix<'a>,
    x: &'a Positions,
    streamed: &'a Streamed,
    out: Piece<'a>,
}

impl<I: Isa> Visitor for CodedRows<'_, I> {
    type Output = ();

    #[inline(always)]
    fn visit<F: Coded>(mut self) {
        let isa = self.isa;
        if F::GROUP <= 32 {
            short_rows::<F, I>(isa, &self.matrix, self.x, self.streamed, &mut self.out);
            return;
        }
        for row in 0..self.matrix.rows {
            let mut totals = [isa.splat(0.0); ROW_POSITIONS];
            let totals = &mut totals[..self.out.rows()];
            long_row::<F, I>(isa, self.matrix.row(row), self.x, totals);
            for (position, &total) in totals.iter().enumerate() {
                self.out.row(position)[row] = isa.sum(total);
            }
        }
    }
}

/// A row, unpacked. It stays in memory: what was stored in small parts and is loaded as a whole at once has
/// to wait for the first cache, so the next row is unpacked in between.
#[derive(Default)]
struct Unpacked {
    codes: Vec<[u8; 64]>,
    /// Steps and minima of sixteen groups each; as F16 numbers, of types where they are.
    steps: Vec<[f32; LANES]>,
    minima: Vec<[f32; LANES]>,
    half_steps: Vec<[u8; 2 * LANES]>,
    half_minima: Vec<[u8; 2 * LANES]>,
}

impl Unpacked {
    /// Room for a row of positions of this shape; steps that it does not have are zero.
    fn new(x: &Positions) -> Self {
        let sixteens = x.group_stride / LANES;
        Self {
            codes: vec![[0; 64]; x.stride / 64],
            steps: vec![[0.0; LANES]; sixteens],
            minima: vec![[0.0; LANES]; sixteens],
            half_steps: vec![[0; 2 * LANES]; sixteens],
            half_minima: vec![[0; 2 * LANES]; sixteens],
        }
    }

    #[inline(always)]
    fn unpack<F: Coded, I: Isa>(&mut self, isa: I, row: &[u8]) {
        let per_block = F::CODES / F::GROUP;
        let codes = self.codes.as_flattened_mut();
        let (steps, minima) = (
            self.steps.as_flattened_mut(),
            self.minima.as_flattened_mut(),
        );
        let half_steps = self.half_steps.as_flattened_mut().as_chunks_mut::<2>().0;
        let half_minima = self.half_minima.as_flattened_mut().as_chunks_mut::<2>().0;
        for i in 0..row.len() / F::BYTES {
            let block = &row[i * F::BYTES..][..F::BYTES];
            isa.prefetch(block, AHEAD);
            let groups = i * per_block;
            F::to_codes(
                block,
                &mut codes[i * F::CODES..][..F::CODES],
                &mut steps[groups..][..per_block],
                &mut minima[groups..][..per_block],
            );
            if F::HALVES {
                let [step, minimum] = F::halves(block);
                half_steps[i] = step.to_le_bytes();
                if F::MINIMA {
                    half_minima[i] = minimum.to_le_bytes();
                }
            }
        }
    }

    /// The product with one position. `products` is space for the steps of both.
    #[inline(always)]
    fn dot<F: Coded, I: Isa>(
        &self,
        isa: I,
        x: &Positions,
        streamed: &Streamed,
        position: usize,
        products: &mut [[f32; LANES]],
    ) -> f32 {
        let mut totals = [isa.splat(0.0); 2];
        let x_steps = x.of_groups(&x.steps, position).as_chunks().0;
        let x_sums = x.of_groups(&x.sums, position).as_chunks().0;
        for i in 0..products.len() {
            let steps = if F::HALVES {
                isa.load_f16(&self.half_steps[i])
            } else {
                isa.load(&self.steps[i])
            };
            isa.store(isa.mul(steps, isa.load(&x_steps[i])), &mut products[i]);
            if F::MINIMA {
                let minima = if F::HALVES {
                    isa.load_f16(&self.half_minima[i])
                } else {
                    isa.load(&self.minima[i])
                };
                totals[1] = isa.mul_add(minima, isa.load(&x_sums[i]), totals[1]);
            }
        }
        let codes = &self.codes[..];
        let x_codes = &x.row(position).as_chunks::<64>().0[..codes.len()];
        let starts = if F::OFFSET == 0 {
            &[]
        } else {
            &streamed.starts[position * codes.len()..][..codes.len()]
        };
        // The steps of the groups of one vector.
        let twos = &products.as_flattened().as_chunks::<2>().0[..codes.len()];
        let fours = products.as_flattened().as_chunks::<4>().0;
        for i in 0..codes.len() {
            let start = if F::OFFSET == 0 {
                isa.ints(0)
            } else {
                isa.load_ints(&starts[i])
            };
            let sums = isa.dot(start, isa.bytes(&codes[i]), isa.bytes(&x_codes[i]));
            let step = if F::GROUP == 32 {
                isa.spread2(twos[i])
            } else {
                isa.spread4(fours[i])
            };
            totals[i % 2] = isa.mul_add(isa.floats(sums), step, totals[i % 2]);
        }
        isa.sum(isa.add(totals[0], totals[1]))
    }
}

/// Groups of 16 or 32.
#[inline(always)]
fn short_rows<F: Coded, I: Isa>(
    isa: I,
    matrix: &Matrix<'_>,
    x: &Positions,
    streamed: &Streamed,
    out: &mut Piece<'_>,
) {
    let mut products = vec![[0.0; LANES]; x.group_stride / LANES];
    let mut two = [Unpacked::new(x), Unpacked::new(x)];
    two[0].unpack::<F, I>(isa, matrix.row(0));
    for row in 0..matrix.rows {
        if row + 1 < matrix.rows {
            two[(row + 1) % 2].unpack::<F, I>(isa, matrix.row(row + 1));
        }
        for position in 0..out.rows() {
            let unpacked = &two[row % 2];
            out.row(position)[row] =
                unpacked.dot::<F, I>(isa, x, streamed, position, &mut products);
        }
    }
}
