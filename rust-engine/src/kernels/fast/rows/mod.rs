//! Products of weights with few positions: rows are streamed from the mapping, their codes unpacked in
//! registers, and nothing is kept.
//!
//! ```text
//! for each row
//!     for each position
//!         for each 64 codes
//!             unpack them, and the steps of their groups
//!             total += float(products of four, in sixteen lanes) · steps, each in its group's lanes
//!             minima += minima of their groups · sums of the position
//!         out = sum of the lanes of total, and minima
//! ```
//! Of ternary codes whole blocks have one step, or whole rows.

mod floats;
mod short;
mod ternary;

use floats::{floats, halves};
use gguf::TensorType;
use short::{blocks_at_once, short_rows};
use ternary::{long_row, ternary_blocks, ternary_rows};

use super::Fast;
use super::coded::Positions;
use super::columns::Piece;
use super::isa::{Isa, LANES, Task};
use super::lines::Lines;
use crate::formats::Matrix;
use crate::formats::coded::{Coded, Visitor, visit, zero_of};

/// How far ahead weights are asked for, to the second cache and from there to the first. Each has room for
/// few lines that are on their way, and those of memory are on it for long: in one step, rows are read up to a
/// fifth slower.
const AHEAD: [usize; 2] = [4096, 1024];
/// The same for parts of a row that are less than a line, straight to the first: each line of theirs would be
/// asked for twice in each step.
const AHEAD_OF_SMALL: usize = 2560;
/// Bytes of a line of the caches.
const LINE: usize = 64;

/// Asks for what stands that far behind a part of a row.
#[inline(always)]
fn ask_ahead<I: Isa>(isa: I, part: &[u8]) {
    if part.len() < LINE {
        isa.prefetch_near(part, AHEAD_OF_SMALL);
        return;
    }
    for line in (0..part.len()).step_by(LINE) {
        isa.prefetch(part, AHEAD[0] + line);
        isa.prefetch_near(part, AHEAD[1] + line);
    }
}

/// The most positions that rows are streamed for.
pub const ROW_POSITIONS: usize = 4;

/// What rows of weights need of positions beside their codes.
pub struct Streamed {
    /// What the lanes of sums start with, `[position][64 codes]`: less the zero of the weights' codes
    /// times the sum of the group, in the group's first lane. Empty where codes have no zero.
    starts: Lines,
    /// What groups of 32 with steps of their own are worth: steps of four together, or of two, each with
    /// its sum.
    worth: Vec<[f32; 4]>,
    /// Sums of the groups of each 256 codes, for minima of smaller groups: of eight in the last lanes, as
    /// the first have scales.
    sums: Lines,
    /// Codes in the order of two-bit codes in a file, for types that are not unpacked.
    woven: Lines,
}

impl Streamed {
    /// For weights of one type.
    pub fn new(x: &Positions, tensor_type: TensorType) -> Self {
        let in_order = matches!(tensor_type, TensorType::I2_S | TensorType::TQ2_0);
        let offset = zero_of(tensor_type);
        let (blocks_at_once, in_supers) = visit(tensor_type, Blocks).unwrap_or_default();
        Self {
            starts: if offset == 0 || x.group > 32 {
                Lines::default()
            } else {
                starts(x, offset)
            },
            worth: if blocks_at_once > 0 {
                worth(x, blocks_at_once)
            } else {
                Vec::new()
            },
            sums: if in_supers { sums(x) } else { Lines::default() },
            woven: if in_order {
                weave(x, tensor_type == TensorType::I2_S)
            } else {
                Lines::default()
            },
        }
    }

    /// The 256 codes that a block of 64 bytes meets.
    #[inline(always)]
    fn woven(&self, x: &Positions, position: usize, block: usize) -> &[[u8; 64]; 4] {
        let blocks = x.columns.div_ceil(256);
        let four = self.woven.bytes().as_chunks::<4>().0;
        &four[position * blocks + block]
    }
}

/// How many blocks of 32 are worth something together, 0 if blocks are larger; and whether those have minima.
struct Blocks;

impl Visitor for Blocks {
    type Output = (usize, bool);
    fn visit<F: Coded>(self) -> (usize, bool) {
        if F::CODES == 32 {
            (blocks_at_once::<F>(), false)
        } else {
            (0, F::MINIMA)
        }
    }
}

fn starts(x: &Positions, offset: u8) -> Lines {
    let vectors = x.stride / 64;
    let lanes_a_group = x.group / 4;
    let mut starts = Lines::zeros(x.padded() * vectors);
    for (position, starts) in starts.words_mut().chunks_exact_mut(vectors).enumerate() {
        let lanes = starts.as_flattened_mut();
        let sums = x.of_groups(&x.code_sums, position);
        for (lanes, sum) in lanes.chunks_exact_mut(lanes_a_group).zip(sums) {
            lanes[0] = (-i32::from(offset) * sum).cast_unsigned();
        }
    }
    starts
}

fn worth(x: &Positions, blocks_at_once: usize) -> Vec<[f32; 4]> {
    let mut worth = Vec::with_capacity(x.padded() * x.groups.div_ceil(blocks_at_once));
    for position in 0..x.padded() {
        let steps = x.of_groups(&x.steps, position);
        let sums = x.of_groups(&x.sums, position);
        let at_once = (0..x.groups).step_by(blocks_at_once);
        worth.extend(at_once.map(|g| match blocks_at_once {
            4 => [steps[g], steps[g + 1], steps[g + 2], steps[g + 3]],
            _ => [steps[g], sums[g], steps[g + 1], sums[g + 1]],
        }));
    }
    worth
}

fn sums(x: &Positions) -> Lines {
    let (blocks, per_block) = (x.columns / 256, 256 / x.group);
    let mut sums = Lines::zeros(x.padded() * blocks);
    for (i, of_block) in sums.floats_mut().iter_mut().enumerate() {
        let of_position = x.of_groups(&x.sums, i / blocks);
        let groups = &of_position[i % blocks * per_block..][..per_block];
        of_block[LANES - per_block..].copy_from_slice(groups);
    }
    sums
}

/// 64 bytes hold 256 codes, of which the first 32 bytes hold the first 128. The 64 codes that come out of
/// one shift are therefore two runs of 32. I2_S has the highest bits first, TQ2_0 the lowest.
fn weave(x: &Positions, highest_first: bool) -> Lines {
    let stride = x.columns.next_multiple_of(256);
    let mut lines = Lines::zeros(x.padded() * stride / 64);
    let woven = lines.bytes_mut().as_flattened_mut();
    for (position, woven) in woven.chunks_exact_mut(stride).enumerate() {
        for (i, run) in x.row(position)[..x.columns].chunks_exact(32).enumerate() {
            let (block, half, group) = (i / 8, i % 8 / 4, i % 4);
            let place = if highest_first { 3 - group } else { group };
            woven[256 * block + 64 * place + 32 * half..][..32].copy_from_slice(run);
        }
    }
    lines
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
            short_rows::<F, I>(isa, &matrix, x, streamed, out);
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
