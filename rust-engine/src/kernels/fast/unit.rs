//! Panels by a unit for tiles, which computes the sums of whole groups of codes for sixteen positions and
//! sixteen rows at once.
//!
//! ```text
//! for each stretch of columns                 short enough that its strips stay in the first cache
//!     for each tile of positions, or two
//!         sums of all groups of the stretch, of both strips        by the unit, to scratch
//!         for each tile of positions and strip
//!             totals = those of the stretches before
//!             for each group
//!                 totals += float(sums) · (step of the rows · step of the position)
//!                 totals += minimum of the rows · sum of the position
//! ```
//! What the unit has no part in decides: while tiles are in use a Sapphire Rapids core does one
//! conversion, product or multiply-add of sixteen floats a cycle, not two, and so one product of bytes.
//! Three of them for each position and group are 48 cycles, a minimum 16 more; of sixteen by sixteen by 32
//! products the unit needs 18, and vectors alone need 88 for all of it. What is left of the difference goes
//! into sums that pass through memory: whole models of such groups took from 10 % more time (with minima) to
//! 4 % less than by vectors, and have none of this ([`pays`]). Longer groups pay. Where steps are whole numbers
//! times a step of 256 codes, codes are multiplied by those numbers first: they take two bytes then and
//! twice the products, and a fold comes every 256 codes.

use super::coded::{ByGroup, Positions};
use super::coding::Coding;
use super::columns::Piece;
use super::isa::tiles::{STALE, TILE_BYTES, TileRun, TileSum, TileTotals};
use super::isa::{Isa, LANES};
use super::lines::Lines;
use super::tile::{Strip, numbers_at};
use crate::formats::coded::Coded;

/// Positions of a tile.
pub(super) const UNIT_POSITIONS: usize = 16;

/// Lines of a tile of sums or of totals.
pub(super) const TILE_LINES: usize = 16;
/// Tiles of 64 codes of a stretch of signed codes: strips of 8 KB.
const STRETCH_TILES: usize = 8;
/// Sums of a stretch: two groups of 256, for two strips and two tiles of positions.
const SUMS: usize = 8;

/// Whether weights that meet this coding are faster by the unit than by vectors: all but those in groups of
/// 32 that have a step of their own.
pub(super) fn pays(coding: Coding) -> bool {
    coding != Coding::Blocks
}

/// The same of weights.
#[inline(always)]
pub(super) const fn takes<F: Coded, I: Isa>() -> bool {
    I::TILES && (F::SCALED || F::GROUP > 32)
}

/// A thread's scratch.
#[derive(Default)]
pub(super) struct Scratch {
    /// Sums of a stretch, behind those that hold nothing.
    sums: Lines,
    /// `[tile of positions][strip][position][row]`
    totals: Lines,
    /// The whole numbers of a strip's groups, each twice in a word: `[group][row]`
    scales: Vec<[u32; LANES]>,
}

/// Lines of a strip: whole tiles, and twice as many of codes in two bytes.
#[inline(always)]
pub(super) fn lines_of_strip<F: Coded>(columns: usize) -> usize {
    columns.next_multiple_of(64) / 4 * if F::SCALED { 2 } else { 1 }
}

/// The whole numbers of a row, and the steps of its blocks in the places of the first steps.
#[inline(always)]
pub(super) fn scales_of_row<F: Coded>(
    bytes: &[u8],
    lane: usize,
    scratch: &mut Scratch,
    steps: &mut [f32],
) {
    let per_block = F::CODES / F::GROUP;
    let blocks = bytes.len() / F::BYTES;
    scratch.scales.resize(blocks * per_block, [0; LANES]);
    for (i, block) in bytes.chunks_exact(F::BYTES).enumerate() {
        let factors = F::group_factors(block);
        steps[i] = factors.step();
        let scales = factors.scales();
        for g in 0..per_block {
            let scale = u32::from(i16::from(scales[g]).cast_unsigned());
            scratch.scales[i * per_block + g][lane] = scale << 16 | scale;
        }
    }
}

/// Those of a row that is not there.
#[inline(always)]
pub(super) fn no_scales_of_row(lane: usize, scratch: &mut Scratch) {
    for scales in &mut scratch.scales {
        scales[lane] = 0;
    }
}

/// Makes unsigned codes of a strip, `fours` of four, what the unit multiplies: signed, or in two bytes, the
/// low ones in place and the high ones behind them.
#[inline(always)]
pub(super) fn prepare<F: Coded, I: Isa>(
    isa: I,
    codes: &mut [[u32; LANES]],
    fours: usize,
    scratch: &Scratch,
) {
    let codes: &mut [[u8; 64]] = bytemuck::cast_slice_mut(codes);
    if F::SCALED {
        let (low, high) = codes.split_at_mut(fours);
        let of_group = F::GROUP / 4;
        for g in 0..fours / of_group {
            let scales = &scratch.scales[g];
            for i in g * of_group..(g + 1) * of_group {
                let scaled = isa.scaled(isa.bytes(&low[i]), F::OFFSET, scales);
                isa.store_bytes(scaled[0], &mut low[i]);
                isa.store_bytes(scaled[1], &mut high[i]);
            }
        }
    } else if F::OFFSET != 0 {
        for code in codes[..fours].as_flattened_mut() {
            *code = code.wrapping_sub(F::OFFSET);
        }
    }
}

/// The product of two strips with all positions.
pub(super) struct UnitProduct<'a, 'o> {
    pub(super) strips: [Strip<'a>; 2],
    pub(super) columns: usize,
    pub(super) x: &'a Positions,
    pub(super) by_group: &'a ByGroup,
    pub(super) out: &'a mut Piece<'o>,
}

impl UnitProduct<'_, '_> {
    /// Computes it.
    #[inline(always)]
    pub(super) fn run<F: Coded, I: Isa>(self, isa: I, scratch: &mut Scratch) {
        let tiles = self.x.padded() / UNIT_POSITIONS;
        scratch.sums.resize((STALE + SUMS) * TILE_LINES);
        scratch.totals.resize(tiles * 2 * TILE_LINES);
        let mut unit = Unit {
            isa,
            positions: self.by_group.tiles.bytes().as_flattened(),
            of_tile: self.x.stride * UNIT_POSITIONS,
            tiles,
            product: self,
            sums: bytemuck::cast_slice_mut(scratch.sums.words_mut()),
            totals: scratch.totals.floats_mut().as_chunks_mut().0,
        };
        isa.begin_tiles();
        if F::SCALED {
            unit.wide::<F>();
        } else {
            unit.long();
        }
        isa.end_tiles();
        store(isa, unit.totals, unit.product.out);
    }
}

struct Unit<'a, 'o, 's, I> {
    isa: I,
    product: UnitProduct<'a, 'o>,
    /// Codes of positions, `of_tile` for each sixteen.
    positions: &'a [u8],
    of_tile: usize,
    /// Tiles of positions.
    tiles: usize,
    sums: &'s mut [TileSum],
    /// `[tile of positions · 2 + strip]`
    totals: &'s mut [TileTotals],
}

/// What of a stretch is added to the totals of a tile of positions and a strip.
#[derive(Clone, Copy)]
struct Part {
    tile: usize,
    strip: usize,
    /// Where the first of its sums is, and the next ones.
    sum: usize,
    sum_stride: usize,
    /// Steps of the rows, and how many groups of the position each stands for.
    first: usize,
    groups: usize,
    per_step: usize,
    /// Whether no stretch was before.
    begins: bool,
}

impl<I: Isa> Unit<'_, '_, '_, I> {
    /// Groups of 256 or of whole rows, of which a part is added like a group.
    #[inline(always)]
    fn long(&mut self) {
        let (all, n_tiles) = (self.product.columns / 64, self.tiles);
        for start in (0..all).step_by(STRETCH_TILES) {
            let here = STRETCH_TILES.min(all - start);
            let is_row = self.product.x.groups == 1;
            let (first, groups) = if is_row {
                (0, 1)
            } else {
                (start / 4, here / 4)
            };
            for tile in (0..n_tiles).step_by(2) {
                // The last has itself for a partner if there are an odd number of them.
                let second = (tile + 1).min(n_tiles - 1);
                let at = |tile: usize| tile * self.of_tile + start * TILE_BYTES;
                let run = TileRun::Long {
                    x: [&self.positions[at(tile)..], &self.positions[at(second)..]],
                    strips: [
                        &self.product.strips[0].codes[start * LANES..],
                        &self.product.strips[1].codes[start * LANES..],
                    ],
                    groups,
                    tiles: here / groups,
                };
                self.isa.tile_sums(run, self.sums);
                for sum in 0..if second > tile { 4 } else { 2 } {
                    self.add::<false>(
                        false,
                        Part {
                            tile: tile + sum / 2,
                            strip: sum % 2,
                            sum,
                            sum_stride: 4,
                            first,
                            groups,
                            per_step: 1,
                            begins: start == 0,
                        },
                    );
                }
            }
        }
    }

    /// Codes in two bytes, 256 of them at a time.
    #[inline(always)]
    fn wide<F: Coded>(&mut self) {
        let (fours, blocks) = (self.product.columns / 4, self.product.columns / 256);
        for first in 0..blocks {
            let start = first * 4;
            let mut strips: [[&[[u8; 64]]; 2]; 2] = [[&[]; 2]; 2];
            for s in 0..2 {
                let codes = self.product.strips[s].codes;
                strips[s] = [
                    &codes[start * LANES..fours],
                    &codes[fours + start * LANES..],
                ];
            }
            for tile in 0..self.tiles {
                let run = TileRun::Wide {
                    x: &self.positions[tile * self.of_tile + start * TILE_BYTES..],
                    strips,
                    tiles: 4,
                };
                self.isa.tile_sums(run, self.sums);
                for strip in 0..2 {
                    self.add::<true>(
                        F::MINIMA,
                        Part {
                            tile,
                            strip,
                            sum: 2 * strip,
                            sum_stride: 4,
                            first,
                            groups: 1,
                            per_step: 256 / F::GROUP,
                            begins: first == 0,
                        },
                    );
                }
            }
        }
    }

    /// Adds what sums are worth; `WIDE` ones have high ones behind them.
    #[inline(always)]
    fn add<const WIDE: bool>(&mut self, minima: bool, part: Part) {
        let (isa, padded) = (self.isa, self.product.x.padded());
        let strip = &self.product.strips[part.strip];
        let position = part.tile * UNIT_POSITIONS;
        let place = &mut self.totals[2 * part.tile + part.strip];
        let mut totals = [isa.splat(0.0); UNIT_POSITIONS];
        if !part.begins {
            for p in 0..UNIT_POSITIONS {
                totals[p] = isa.load(&place[p]);
            }
        }
        for g in 0..part.groups {
            let at = STALE + part.sum + g * part.sum_stride;
            let (low, high) = (&self.sums[at], &self.sums[at + usize::from(WIDE)]);
            let step = isa.load(&strip.steps[part.first + g]);
            let x_at = (part.first + g) * part.per_step * padded + position;
            let x_steps: &[f32; UNIT_POSITIONS] = numbers_at(&self.product.by_group.steps, x_at);
            for p in 0..UNIT_POSITIONS {
                let mut sums = isa.load_ints(&low[p]);
                if WIDE {
                    sums = isa.joined(sums, isa.load_ints(&high[p]));
                }
                let step = isa.mul(step, isa.splat(x_steps[p]));
                totals[p] = isa.mul_add(isa.floats(sums), step, totals[p]);
            }
        }
        if minima {
            let groups = part.first * part.per_step..(part.first + part.groups) * part.per_step;
            for g in groups {
                let x_sums: &[f32; UNIT_POSITIONS] =
                    numbers_at(&self.product.by_group.sums, g * padded + position);
                let minimum = isa.load(&strip.minima[g]);
                for p in 0..UNIT_POSITIONS {
                    totals[p] = isa.mul_add(minimum, isa.splat(x_sums[p]), totals[p]);
                }
            }
        }
        for p in 0..UNIT_POSITIONS {
            isa.store(totals[p], &mut place[p]);
        }
    }
}

/// Puts all totals, `[tile of positions · 2 + strip]`, in their places.
///
/// Those are lines far apart: a store that waits for its line holds up the stores of sums behind it,
/// so that these come last.
#[inline(always)]
pub(super) fn store<I: Isa>(isa: I, totals: &[TileTotals], out: &mut Piece<'_>) {
    for position in 0..out.rows() {
        let (tile, p) = (position / UNIT_POSITIONS, position % UNIT_POSITIONS);
        let row = out.row(position);
        for strip in 0..2 {
            let totals = isa.load(&totals[2 * tile + strip][p]);
            let start = (strip * LANES).min(row.len());
            isa.store_some(totals, &mut row[start..]);
        }
    }
}
