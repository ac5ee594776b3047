//! Float weights by the unit for tiles, which multiplies BF16 numbers and adds their products as floats.
//!
//! An F16 number has eleven significant bits and a BF16 number eight, with more room for exponents: the
//! first is exactly the sum of two of the second, its first eight bits and the rest. Both factors are cut
//! in these two parts, and the four products of parts have a quarter of the cycles of a product by vectors:
//!
//! ```text
//! for each stretch of columns                 short enough that its strips stay in the first cache
//!     for each two tiles of positions
//!         load their totals, with both strips
//!         for each 32 columns
//!             totals += each part of the rows · each part of the positions
//!         store the totals
//! ```
//! What is not a number, or too large for F16, has no such parts; who has it is computed by vectors.

use gguf::TensorType;
use rayon::prelude::*;

use super::Fast;
use super::columns::Piece;
use super::isa::tiles::FloatRun;
use super::isa::{Isa, LANES, Task};
use super::lines::Lines;
use super::panel::ask_for_rows;
use super::unit::{self, TILE_LINES, UNIT_POSITIONS};
use crate::formats::Matrix;

/// Numbers of a tile's row.
const TILE_COLUMNS: usize = 32;
/// Tiles of a stretch, over all parts: strips of 16 KB.
const STRETCH_TILES: usize = 16;
/// Tiles of positions that are multiplied together.
const TILES_AT_ONCE: usize = 2;

/// How many parts weights of this type have, and what they meet.
const fn parts_of(tensor_type: TensorType) -> Option<usize> {
    match tensor_type {
        TensorType::BF16 => Some(1),
        TensorType::F16 => Some(2),
        _ => None,
    }
}

/// Activations that were rounded to the weights' type, in parts.
pub struct Parts {
    /// Parts of a number.
    count: usize,
    /// Tiles of positions.
    tiles: usize,
    /// Tiles of columns.
    depth: usize,
    /// `[tile of positions][tile of columns][part][position][column]`
    lines: Lines,
}

impl Parts {
    /// For weights of this type, if the unit takes them.
    pub fn new(
        fast: Fast,
        values: &[f32],
        columns: usize,
        tensor_type: TensorType,
    ) -> Option<Self> {
        let parts = parts_of(tensor_type).filter(|_| fast.has_unit())?;
        if parts > 1 && !are_finite(values) {
            return None;
        }
        let depth = columns.div_ceil(TILE_COLUMNS);
        let tiles = values.len().div_ceil(columns * UNIT_POSITIONS);
        let mut broken = Self {
            count: parts,
            tiles: tiles.next_multiple_of(TILES_AT_ONCE),
            depth,
            lines: Lines::default(),
        };
        let of_tile = depth * parts * TILE_LINES;
        broken.lines.resize(broken.tiles * of_tile);
        broken
            .lines
            .words_mut()
            .par_chunks_mut(of_tile)
            .zip(values.par_chunks(columns * UNIT_POSITIONS))
            .for_each(|(lines, values)| {
                for (position, values) in values.chunks_exact(columns).enumerate() {
                    fast.run(Cut {
                        values,
                        parts,
                        lines: &mut lines[position..],
                    });
                }
            });
        Some(broken)
    }

    fn tile(&self, tile: usize) -> &[[u8; 64]] {
        let of_tile = self.depth * self.count * TILE_LINES;
        &self.lines.bytes()[tile * of_tile..][..of_tile]
    }
}

fn are_finite(values: &[f32]) -> bool {
    let largest = values.par_chunks(1 << 14).map(|values| {
        let magnitudes = values.iter().map(|x| x.to_bits() & 0x7fff_ffff);
        magnitudes.fold(0, u32::max)
    });
    largest.reduce(|| 0, u32::max) < f32::INFINITY.to_bits()
}

/// Cuts one position, whose lines are one in sixteen.
struct Cut<'a> {
    values: &'a [f32],
    parts: usize,
    lines: &'a mut [[u32; LANES]],
}

impl Task for Cut<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        let (whole, rest) = self.values.as_chunks();
        for (i, values) in whole.iter().enumerate() {
            cut(
                values,
                self.parts,
                &mut self.lines[i * self.parts * TILE_LINES..],
            );
        }
        if !rest.is_empty() {
            let mut values = [0.0; TILE_COLUMNS];
            values[..rest.len()].copy_from_slice(rest);
            let at = whole.len() * self.parts * TILE_LINES;
            cut(&values, self.parts, &mut self.lines[at..]);
        }
    }
}

/// Into one line in sixteen: the first eight significant bits of each number, and the next.
#[inline(always)]
fn cut(values: &[f32; TILE_COLUMNS], parts: usize, lines: &mut [[u32; LANES]]) {
    let (mut first, mut second) = ([0u16; TILE_COLUMNS], [0u16; TILE_COLUMNS]);
    for k in 0..TILE_COLUMNS {
        let bits = values[k].to_bits() & 0xffff_0000;
        let rest = values[k] - f32::from_bits(bits);
        first[k] = (bits >> 16) as u16;
        second[k] = (rest.to_bits() >> 16) as u16;
    }
    lines[0] = bytemuck::cast(first);
    if parts > 1 {
        lines[TILE_LINES] = bytemuck::cast(second);
    }
}

/// A thread's scratch.
#[derive(Default)]
pub(super) struct Scratch {
    /// `[strip][tile of columns][part][pair of columns][row]`
    strips: Lines,
    /// Sixteen rows as the file has them.
    words: Vec<u32>,
    /// `[tile of positions][strip][position][row]`
    totals: Lines,
}

/// Computes the product of at most two strips of rows with all positions, if all rows have parts.
#[inline(always)]
pub(super) fn product<I: Isa>(
    isa: I,
    matrix: &Matrix<'_>,
    x: &Parts,
    scratch: &mut Scratch,
    out: &mut Piece<'_>,
) -> bool {
    if !I::TILES || !unpack(isa, matrix, x, scratch) {
        return false;
    }
    let of_strip = x.depth * x.count * TILE_LINES;
    scratch.totals.resize(x.tiles * 2 * TILE_LINES);
    let totals = scratch.totals.floats_mut();
    totals.as_flattened_mut().fill(0.0);
    let (totals, _) = totals.as_chunks_mut::<TILE_LINES>();
    let (totals, _) = totals.as_chunks_mut::<4>();
    let strips = scratch.strips.bytes();
    isa.begin_tiles();
    let stretch = STRETCH_TILES / x.count;
    for first in (0..x.depth).step_by(stretch) {
        let start = first * x.count * TILE_LINES;
        let depth = stretch.min(x.depth - first);
        for (i, totals) in totals.iter_mut().enumerate() {
            let run = FloatRun {
                x: [&x.tile(2 * i)[start..], &x.tile(2 * i + 1)[start..]],
                strips: [&strips[start..of_strip], &strips[of_strip + start..]],
                parts: x.count,
                depth,
            };
            isa.tile_products(run, totals);
        }
    }
    isa.end_tiles();
    unit::store(isa, totals.as_flattened(), out);
    true
}

/// Fills the strips; rows that are not there are zeros. Says whether all have parts.
#[inline(always)]
fn unpack<I: Isa>(isa: I, matrix: &Matrix<'_>, x: &Parts, scratch: &mut Scratch) -> bool {
    // Two numbers are a word.
    let stride = x.depth * TILE_LINES;
    scratch.words.resize(LANES * stride, 0);
    scratch.strips.resize(2 * x.count * stride);
    for strip in 0..2 {
        for lane in 0..LANES {
            let row = strip * LANES + lane;
            let words = &mut scratch.words[lane * stride..][..stride];
            let place: &mut [u8] = bytemuck::cast_slice_mut(words);
            let bytes = if row < matrix.rows {
                matrix.row(row)
            } else {
                &[]
            };
            ask_for_rows(isa, bytes);
            place[..bytes.len()].copy_from_slice(bytes);
            place[bytes.len()..].fill(0);
        }
        if x.count > 1 && !are_finite_halves(&scratch.words) {
            return false;
        }
        let strip = &mut scratch.strips.words_mut()[strip * x.count * stride..];
        let (squares, _) = strip.as_chunks_mut::<TILE_LINES>();
        for i in 0..x.depth {
            let square = &mut squares[i * x.count];
            isa.transpose(&scratch.words[i * TILE_LINES..], stride, square);
            if x.count > 1 {
                let mut second = [[0; LANES]; TILE_LINES];
                isa.cut(square, &mut second);
                squares[i * x.count + 1] = second;
            }
        }
    }
    true
}

/// Of pairs of F16 numbers.
#[inline(always)]
fn are_finite_halves(pairs: &[u32]) -> bool {
    let mut largest = [0; 2];
    for pair in pairs {
        largest[0] = u32::max(largest[0], pair & 0x7fff);
        largest[1] = u32::max(largest[1], pair & 0x7fff_0000);
    }
    largest[0] < 0x7c00 && largest[1] < 0x7c00_0000
}
