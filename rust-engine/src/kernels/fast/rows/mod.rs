//! Products of weights with few positions: rows are streamed from the mapping, their codes unpacked in
//! registers, and nothing is kept.
//!
//! ```text
//! for each row
//!     steps and minima of the next row to memory, since many are widened and multiplied together
//!     for each position
//!         total = sum over groups of minima · sums of the position
//!     for each 64 codes
//!         unpack them
//!         for each position
//!             total += float(products of four, in sixteen lanes) · steps, each in its group's lanes
//!     out = sum of the lanes of total
//! ```
//! Of ternary codes whole blocks have one step, or whole rows.

mod floats;
mod short;
mod ternary;
mod worth;

use floats::{floats, halves};
use gguf::TensorType;
use short::short_rows;
use ternary::{long_row, ternary_blocks, ternary_rows};

use super::Fast;
use super::coded::Positions;
use super::columns::Piece;
use super::isa::{Isa, LANES, Task};
use crate::formats::Matrix;
use crate::formats::coded::{Coded, Visitor, visit, zero_of};

/// The most positions that rows are streamed for.
pub const ROW_POSITIONS: usize = 4;

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
            let Self {
                matrix,
                x,
                streamed,
                ref mut out,
                ..
            } = self;
            if F::CODES == 32 {
                short_rows::<F, I, 1>(isa, &matrix, x, streamed, out);
            } else {
                short_rows::<F, I, 4>(isa, &matrix, x, streamed, out);
            }
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
