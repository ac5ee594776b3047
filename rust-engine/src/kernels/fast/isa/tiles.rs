//! What a unit for tiles is asked for.
//!
//! ```text
//! a tile of positions     sixteen of them, 64 codes each, one position behind the other
//! a tile of a strip       64 codes of sixteen rows, as they lie in the strip
//! a sum                   [position][row], of a group of codes
//! ```
//! Whatever is asked for, sums come in fours: a product is there fifty cycles after it began, and another
//! can begin after sixteen. They are put behind [`STALE`] others, which hold nothing.

use super::LANES;

/// Sums of a group, `[position][row]`.
pub(in crate::kernels::fast) type TileSum = [[i32; LANES]; LANES];

/// Places in front of the sums: each sum is stored only when the next is to take its tile, and the first
/// time round there is nothing to store.
pub(in crate::kernels::fast) const STALE: usize = 4;

/// Bytes of a tile of positions, or of a strip's tile, of 64 codes.
pub(in crate::kernels::fast) const TILE_BYTES: usize = 64 * LANES;

/// Totals of floats, `[position][row]`.
pub(in crate::kernels::fast) type TileTotals = [[f32; LANES]; LANES];

/// BF16 numbers that are multiplied and added to totals, of two tiles of positions and two strips: each part
/// of one with each part of the other. Lines are `[tile of columns][part][position]` and
/// `[tile of columns][part][pair of columns]`; a tile has 32 columns.
#[derive(Clone, Copy)]
pub(in crate::kernels::fast) struct FloatRun<'a> {
    pub(in crate::kernels::fast) x: [&'a [[u8; 64]]; 2],
    pub(in crate::kernels::fast) strips: [&'a [[u8; 64]]; 2],
    /// One or two.
    pub(in crate::kernels::fast) parts: usize,
    /// Tiles of columns.
    pub(in crate::kernels::fast) depth: usize,
}

impl FloatRun<'_> {
    /// Refuses what is shorter than what will be read.
    #[inline(always)]
    pub(super) fn check(&self) {
        assert!(self.depth > 0, "something to do");
        assert!(matches!(self.parts, 1 | 2), "one part or two");
        for lines in self.x.into_iter().chain(self.strips) {
            assert!(lines.len() >= self.depth * self.parts * LANES, "lines");
        }
    }
}

/// What is multiplied. Tiles of positions, and tiles of a strip, are one behind the other.
#[derive(Clone, Copy)]
pub(in crate::kernels::fast) enum TileRun<'a> {
    /// Groups of `tiles` whole tiles, signed: `sums[group][tile of positions][strip]`.
    Long {
        x: [&'a [u8]; 2],
        strips: [&'a [[u8; 64]]; 2],
        groups: usize,
        tiles: usize,
    },
    /// One group, of codes in two bytes: `sums[strip][low or high]`. Low bytes are unsigned.
    Wide {
        x: &'a [u8],
        /// `[strip][low or high]`
        strips: [[&'a [[u8; 64]]; 2]; 2],
        tiles: usize,
    },
}

impl TileRun<'_> {
    /// How many sums come of it; refuses what is shorter than what will be read.
    #[inline(always)]
    pub(super) fn checked(&self) -> usize {
        match *self {
            Self::Long {
                x,
                strips,
                groups,
                tiles,
            } => {
                assert!(groups > 0 && tiles > 0, "something to do");
                for s in 0..2 {
                    assert!(x[s].len() >= groups * tiles * TILE_BYTES, "positions");
                    assert!(strips[s].len() >= groups * tiles * LANES, "rows");
                }
                4 * groups
            }
            Self::Wide {
                x, strips, tiles, ..
            } => {
                assert!(tiles > 0, "something to do");
                assert!(x.len() >= tiles * TILE_BYTES, "positions");
                for s in 0..2 {
                    assert!(strips[s][0].len() >= tiles * LANES, "low bytes of rows");
                    assert!(strips[s][1].len() >= tiles * LANES, "high bytes of rows");
                }
                4
            }
        }
    }
}
