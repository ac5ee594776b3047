//! Products of weights with many positions, a panel of 32 rows at a time.
//!
//! A panel's rows are unpacked once into strips ([`super::tile`]) in a scratch of the thread: 32 bytes a
//! column for codes, 128 for floats. With rows of 2,560 columns that is 80 KB or 320 KB, of 6,912 columns
//! 216 KB or 864 KB: in the second cache (2 MB a core where this was measured, 1 MB on most), from which
//! the tiles stream it, once for each six or twelve positions, 128 bytes in the time of 12 to 24
//! products: 11 bytes a cycle of the 48 that it can give. A tile's positions, 6 rows of codes, stay in
//! the first cache (15 KB at 2,560 columns).

use super::Fast;
use super::coded::{ByGroup, Positions};
use super::columns::Piece;
use super::isa::{Isa, LANES, Task};
use super::lines::Lines;
use super::parts::{self, Parts};
use super::tile::{self, FloatStrips, Strip};
use super::unit::{self, Scratch, UnitProduct};
use super::unpack::{codes_of_row, steps_of_row};
use crate::formats::Matrix;
use crate::formats::coded::{Coded, Visitor, visit};

/// Rows of a panel: two strips.
pub const PANEL_ROWS: usize = 2 * LANES;

/// A thread's scratch for panels.
#[derive(Default)]
pub struct Panel {
    /// Codes of sixteen rows one after another, four to a word.
    words: Vec<u32>,
    /// `[strip][four codes][row]`; for the unit for tiles of some types `[strip][low or high][four codes][row]`
    codes: Lines,
    /// One row's steps and minima.
    row_steps: Vec<f32>,
    row_minima: Vec<f32>,
    /// `[strip][group][row]`
    steps: Lines,
    minima: Lines,
    /// Of the unit for tiles.
    scratch: Scratch,
    parts: parts::Scratch,
}

impl Panel {
    /// One of the strips that it was filled with.
    #[inline(always)]
    fn strip<F: Coded>(&self, strip: usize, words: usize, groups: usize) -> Strip<'_> {
        Strip {
            codes: &self.codes.bytes()[strip * words..][..words],
            steps: &self.steps.floats()[strip * groups..][..groups],
            minima: if F::MINIMA {
                &self.minima.floats()[strip * groups..][..groups]
            } else {
                &[]
            },
        }
    }
}

/// The other side of a product.
#[derive(Clone, Copy)]
pub enum Other<'a> {
    /// Codes, with their numbers by groups for weights of this type.
    Codes(&'a Positions, &'a ByGroup),
    /// Floats, `[position][columns]`, and for some weights the same in parts.
    Floats(&'a [f32], Option<&'a Parts>),
}

/// The product of at most [`PANEL_ROWS`] rows with all positions.
pub struct PanelProduct<'a> {
    /// The rows.
    pub matrix: Matrix<'a>,
    /// The positions.
    pub other: Other<'a>,
    /// Where rows are unpacked.
    pub panel: &'a mut Panel,
    /// A column for each row of the matrix, a row for each position.
    pub out: Piece<'a>,
}

impl PanelProduct<'_> {
    /// Computes it.
    pub fn run(self, fast: Fast) {
        fast.run(self);
    }
}

impl Task for PanelProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self {
            matrix,
            other,
            panel,
            mut out,
        } = self;
        match other {
            Other::Codes(x, by_group) => {
                let product = CodedPanel {
                    isa,
                    matrix,
                    x,
                    by_group,
                    panel,
                    out,
                };
                visit(matrix.tensor_type, product).expect("codes meet coded weights");
            }
            Other::Floats(x, parts) => {
                if let Some(x) = parts
                    && parts::product(isa, &matrix, x, &mut panel.parts, &mut out)
                {
                    return;
                }
                floats(isa, &matrix, x, panel, &mut out);
            }
        }
    }
}

struct CodedPanel<'a, 'p, I> {
    isa: I,
    matrix: Matrix<'a>,
    x: &'a Positions,
    by_group: &'a ByGroup,
    panel: &'p mut Panel,
    out: Piece<'a>,
}

impl<I: Isa> Visitor for CodedPanel<'_, '_, I> {
    type Output = ();

    #[inline(always)]
    fn visit<F: Coded>(mut self) {
        self.unpack::<F>();
        if unit::takes::<F, I>() {
            self.unit_tiles::<F>();
            return;
        }
        // Long groups have no totals to keep beside their sums.
        match (I::WIDE, F::GROUP > 32) {
            (true, true) => self.tiles::<F, 2, 12>(0),
            (true, false) => self.tiles::<F, 2, 6>(0),
            // No closure here: it would not be compiled for the features.
            (false, is_long) => {
                for strip in 0..2 {
                    if is_long {
                        self.tiles::<F, 1, 4>(strip);
                    } else {
                        self.tiles::<F, 1, 2>(strip);
                    }
                }
            }
        }
    }
}

impl<I: Isa> CodedPanel<'_, '_, I> {
    /// Fills the panel; rows that are not there are zeros.
    #[inline(always)]
    fn unpack<F: Coded>(&mut self) {
        let (columns, groups) = (self.matrix.columns, self.x.groups);
        let words = columns / 4;
        // Rows are unpacked by whole vectors.
        let stride = words.next_multiple_of(16);
        let of_strip = if unit::takes::<F, I>() {
            unit::lines_of_strip::<F>(columns)
        } else {
            words
        };
        let panel = &mut *self.panel;
        panel.words.resize(LANES * stride, 0);
        panel.codes.resize(2 * of_strip);
        panel.row_steps.resize(groups, 0.0);
        panel
            .row_minima
            .resize(if F::MINIMA { groups } else { 0 }, 0.0);
        panel.steps.resize(2 * groups);
        panel.minima.resize(if F::MINIMA { 2 * groups } else { 0 });
        panel.row_steps.fill(self.matrix.scale);
        for strip in 0..2 {
            for lane in 0..LANES {
                let codes = &mut panel.words[lane * stride..][..stride];
                let row = strip * LANES + lane;
                if row < self.matrix.rows {
                    let bytes = self.matrix.row(row);
                    ask_for_rows(self.isa, bytes);
                    let (steps, minima) = (&mut panel.row_steps[..], &mut panel.row_minima[..]);
                    codes_of_row::<F, I>(self.isa, bytes, bytemuck::cast_slice_mut(codes));
                    steps_of_row::<F>(bytes, steps, minima);
                    if unit::takes::<F, I>() && F::SCALED {
                        unit::scales_of_row::<F>(bytes, lane, &mut panel.scratch, steps);
                    }
                } else {
                    codes.fill(0);
                    panel.row_steps.fill(0.0);
                    panel.row_minima.fill(0.0);
                    if unit::takes::<F, I>() && F::SCALED {
                        unit::no_scales_of_row(lane, &mut panel.scratch);
                    }
                }
                let at = strip * groups;
                let steps = &mut panel.steps.floats_mut()[at..][..groups];
                for g in 0..groups {
                    steps[g][lane] = panel.row_steps[g];
                }
                if F::MINIMA {
                    let minima = &mut panel.minima.floats_mut()[at..][..groups];
                    for g in 0..groups {
                        minima[g][lane] = panel.row_minima[g];
                    }
                }
            }
            let codes = &mut panel.codes.words_mut()[strip * of_strip..][..of_strip];
            weave(self.isa, &panel.words, stride, &mut codes[..words]);
            if unit::takes::<F, I>() {
                unit::prepare::<F, I>(self.isa, codes, words, &panel.scratch);
            }
        }
    }

    /// All positions by a unit for tiles.
    #[inline(always)]
    fn unit_tiles<F: Coded>(&mut self) {
        let (columns, groups) = (self.matrix.columns, self.x.groups);
        let of_strip = unit::lines_of_strip::<F>(columns);
        let mut scratch = std::mem::take(&mut self.panel.scratch);
        let panel = &*self.panel;
        let strips = [
            panel.strip::<F>(0, of_strip, groups),
            panel.strip::<F>(1, of_strip, groups),
        ];
        let product = UnitProduct {
            strips,
            columns,
            x: self.x,
            by_group: self.by_group,
            out: &mut self.out,
        };
        product.run::<F, I>(self.isa, &mut scratch);
        self.panel.scratch = scratch;
    }

    /// All positions, `P` at a time, with `S` strips from one on.
    #[inline(always)]
    fn tiles<F: Coded, const S: usize, const P: usize>(&mut self, strip: usize) {
        let (words, groups) = (self.matrix.columns / 4, self.x.groups);
        let rows = self.out.rows();
        let mut strips = [Strip::default(); S];
        for s in 0..S {
            strips[s] = self.panel.strip::<F>(strip + s, words, groups);
        }
        for first in (0..self.x.padded()).step_by(P) {
            let (isa, x, by_group) = (self.isa, self.x, self.by_group);
            let totals = match (F::GROUP, F::MINIMA) {
                (16, true) => {
                    tile::grouped::<I, S, P, 4, true, false>(isa, strips, x, by_group, first)
                }
                (16, false) => {
                    tile::grouped::<I, S, P, 4, false, false>(isa, strips, x, by_group, first)
                }
                (32, true) => {
                    tile::grouped::<I, S, P, 8, true, false>(isa, strips, x, by_group, first)
                }
                (32, false) => {
                    tile::grouped::<I, S, P, 8, false, false>(isa, strips, x, by_group, first)
                }
                _ => tile::grouped::<I, S, P, 8, false, true>(isa, strips, x, by_group, first),
            };
            let here = P.min(rows.saturating_sub(first));
            store(isa, totals, &mut self.out, first, here, strip * LANES);
        }
    }
}

/// Asks for the row after the next few, line by line.
#[inline(always)]
pub(super) fn ask_for_rows<I: Isa>(isa: I, row: &[u8]) {
    for line in (0..row.len()).step_by(64) {
        isa.prefetch(row, 4 * row.len() + line);
    }
}

/// Sixteen rows of words, `stride` apart, to `[word][row]`.
#[inline(always)]
fn weave<I: Isa>(isa: I, rows: &[u32], stride: usize, out: &mut [[u32; LANES]]) {
    let (squares, rest) = out.as_chunks_mut::<LANES>();
    let n_squares = squares.len();
    for (i, square) in squares.iter_mut().enumerate() {
        isa.transpose(&rows[i * LANES..], stride, square);
    }
    for (i, out) in rest.iter_mut().enumerate() {
        for (lane, out) in out.iter_mut().enumerate() {
            *out = rows[lane * stride + n_squares * LANES + i];
        }
    }
}

/// Puts a tile in its place: positions from `first` on, `here` of them, columns from `column` on.
#[inline(always)]
fn store<I: Isa, const S: usize, const P: usize>(
    isa: I,
    totals: [[I::Floats; P]; S],
    out: &mut Piece<'_>,
    first: usize,
    here: usize,
    column: usize,
) {
    for p in 0..P {
        if p >= here {
            break;
        }
        let row = out.row(first + p);
        for s in 0..S {
            let start = (column + s * LANES).min(row.len());
            isa.store_some(totals[s][p], &mut row[start..]);
        }
    }
}

/// Rows are decoded to floats.
#[inline(always)]
fn floats<I: Isa>(isa: I, matrix: &Matrix<'_>, x: &[f32], panel: &mut Panel, out: &mut Piece<'_>) {
    let columns = matrix.columns;
    panel.words.resize(LANES * columns, 0);
    panel.codes.resize(2 * columns);
    for strip in 0..2 {
        for (lane, words) in panel.words.chunks_exact_mut(columns).enumerate() {
            let values: &mut [f32] = bytemuck::cast_slice_mut(words);
            let row = strip * LANES + lane;
            if row < matrix.rows {
                matrix.decode_row(row, values);
            } else {
                values.fill(0.0);
            }
        }
        weave(
            isa,
            &panel.words,
            columns,
            &mut panel.codes.words_mut()[strip * columns..][..columns],
        );
    }
    let strips = FloatStrips {
        numbers: panel.codes.floats().as_flattened(),
        strip_stride: columns * LANES,
        stride: LANES,
    };
    if I::WIDE {
        float_tiles::<I, 2, 12>(isa, strips, x, columns, 0, out);
    } else {
        float_tiles::<I, 1, 4>(isa, strips, x, columns, 0, out);
        let second = FloatStrips {
            numbers: &strips.numbers[columns * LANES..],
            ..strips
        };
        float_tiles::<I, 1, 4>(isa, second, x, columns, LANES, out);
    }
}

#[inline(always)]
fn float_tiles<I: Isa, const S: usize, const P: usize>(
    isa: I,
    strips: FloatStrips<'_>,
    x: &[f32],
    columns: usize,
    column: usize,
    out: &mut Piece<'_>,
) {
    let positions = out.rows();
    for first in (0..positions).step_by(P) {
        // The last of them are computed again where there are fewer than `P`.
        let mut rows: [&[f32]; P] = [&[]; P];
        for p in 0..P {
            rows[p] = &x[(first + p).min(positions - 1) * columns..][..columns];
        }
        let totals = tile::floats::<I, S, P>(isa, strips, rows);
        store(isa, totals, out, first, P.min(positions - first), column);
    }
}
