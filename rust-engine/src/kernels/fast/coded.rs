//! Activations as signed bytes: groups of codes with a step each, as the products with coded weights
//! take them.
//!
//! What a code is follows the reference's generic quantisation (`quantize_row_q8_0_ref`,
//! `quantize_row_q8_1_ref`, `quantize_row_q8_K_ref`; bitnet.cpp's rows); what is not a number stays so.
//! Its steps are repeated for each group where groups are smaller than its blocks.

use rayon::prelude::*;

use super::Fast;
use super::coding::Coding;
use super::isa::{Isa, LANES, Task};
use super::lines::Lines;
use super::unit::{self, UNIT_POSITIONS};
#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::formats::float::{nearest_int, round_to_f16};

/// Numbers that are turned by one thread: fewer are sooner done than handed over.
const LEAST_TURNED: usize = 2048;

/// Codes of several positions. Rows are padded with zeros, so that kernels may read whole vectors.
pub struct Positions {
    coding: Coding,
    /// How many are no padding.
    count: usize,
    pub(super) columns: usize,
    /// Codes that share a step.
    pub(super) group: usize,
    /// Groups of a row.
    pub(super) groups: usize,
    /// Codes from one row to the next: whole vectors of 64.
    pub(super) stride: usize,
    /// Groups from one row to the next: whole vectors of 16.
    pub(super) group_stride: usize,
    /// Two's complement.
    pub(super) codes: Lines,
    /// What a code is worth.
    pub(super) steps: Vec<f32>,
    /// Sum of the codes of a group, times their step: what a minimum meets.
    pub(super) sums: Vec<f32>,
    /// Sum of the codes of a group.
    pub(super) code_sums: Vec<i32>,
    /// Whether the unit for tiles is to take them.
    is_by_unit: bool,
}

/// What the tiles of a panel need of positions beside their codes, `[group][position]`: they take the
/// numbers of several positions at once.
#[derive(Default)]
pub struct ByGroup {
    /// What a code is worth.
    pub(super) steps: Vec<f32>,
    /// What a minimum meets.
    pub(super) sums: Vec<f32>,
    /// What sums start with: less the zero of the weights' codes times the sum of the position's.
    pub(super) starts: Vec<i32>,
    /// For the unit for tiles: codes, `[tile of positions][tile of codes][position][code]`. Read row by row
    /// they would come from sixteen places that are often a whole number of pages apart.
    pub(super) tiles: Lines,
}

impl Positions {
    /// Of rows of `columns` values. Blocks do not cross rows, which loading has checked.
    pub fn new(fast: Fast, values: &[f32], columns: usize, coding: Coding) -> Self {
        let mut coded = Self::zeros(fast, values.len() / columns, columns, coding);
        coded.fill(fast, values);
        coded
    }

    /// Whether these can be filled with so many others.
    pub fn fits(&self, positions: usize, columns: usize, coding: Coding) -> bool {
        (self.count, self.columns, self.coding) == (positions, columns, coding)
    }

    fn zeros(fast: Fast, count: usize, columns: usize, coding: Coding) -> Self {
        let group = match coding {
            Coding::Blocks => 32,
            Coding::Supers { group } => group,
            Coding::Rows => columns,
        };
        let groups = columns / group;
        let is_by_unit = fast.has_unit() && unit::pays(coding);
        // To whole tiles of the most positions.
        let padded = match (count, is_by_unit) {
            (1, _) => 1,
            (_, true) => count.next_multiple_of(UNIT_POSITIONS),
            (_, false) => count.next_multiple_of(12),
        };
        let (stride, group_stride) = (columns.next_multiple_of(64), groups.next_multiple_of(LANES));
        Self {
            coding,
            count,
            columns,
            group,
            groups,
            stride,
            group_stride,
            codes: Lines::zeros(padded * stride / 64),
            steps: vec![0.0; padded * group_stride],
            sums: vec![0.0; padded * group_stride],
            code_sums: vec![0; padded * group_stride],
            is_by_unit,
        }
    }

    /// Takes the codes of as many others instead.
    pub fn fill(&mut self, fast: Fast, values: &[f32]) {
        let (coding, columns, groups) = (self.coding, self.columns, self.groups);
        assert_eq!(values.len(), self.count * columns, "as many as before");
        self.codes
            .bytes_mut()
            .as_flattened_mut()
            .par_chunks_mut(self.stride)
            .zip(self.steps.par_chunks_mut(self.group_stride))
            .zip(self.sums.par_chunks_mut(self.group_stride))
            .zip(self.code_sums.par_chunks_mut(self.group_stride))
            .zip(values.par_chunks(columns))
            .with_min_len(8)
            .for_each(|((((codes, steps), sums), code_sums), values)| {
                fast.run(Quantize {
                    coding,
                    values,
                    codes: &mut codes[..columns],
                    steps: &mut steps[..groups],
                    sums: &mut sums[..groups],
                    code_sums: &mut code_sums[..groups],
                });
                #[cfg(feature = "faults")]
                in_pass::sums_of_activations(coding, sums, code_sums);
            });
    }

    /// For weights whose codes have this zero.
    pub fn by_group(&self, zero: u8) -> ByGroup {
        let mut by_group = ByGroup::default();
        self.fill_by_group(zero, &mut by_group);
        by_group
    }

    /// Whether this has as many numbers.
    pub fn fits_by_group(&self, by_group: &ByGroup) -> bool {
        by_group.steps.len() == self.groups * self.padded()
    }

    /// The same in memory that is there already.
    pub fn fill_by_group(&self, zero: u8, by_group: &mut ByGroup) {
        let padded = self.padded();
        let numbers = self.groups * padded;
        by_group.steps.resize(numbers, 0.0);
        by_group.sums.resize(numbers, 0.0);
        by_group.starts.resize(numbers, 0);
        let steps = by_group.steps.par_chunks_mut(padded);
        steps
            .zip(by_group.sums.par_chunks_mut(padded))
            .zip(by_group.starts.par_chunks_mut(padded))
            .enumerate()
            .with_min_len(LEAST_TURNED.div_ceil(padded))
            .for_each(|(group, ((steps, sums), starts))| {
                let of = |position: usize| position * self.group_stride + group;
                for position in 0..padded {
                    steps[position] = self.steps[of(position)];
                    sums[position] = self.sums[of(position)];
                    starts[position] = -i32::from(zero) * self.code_sums[of(position)];
                }
            });
        let is_by_unit = self.is_by_unit && padded >= UNIT_POSITIONS;
        let lines = if is_by_unit {
            self.codes.bytes().len()
        } else {
            0
        };
        by_group.tiles.resize(lines);
        self.fill_tiles(&mut by_group.tiles);
    }

    /// Codes as the unit for tiles takes them.
    fn fill_tiles(&self, lines: &mut Lines) {
        let (tiles, _) = lines.words_mut().as_chunks_mut::<UNIT_POSITIONS>();
        let of_row = self.stride / 64;
        tiles
            .par_chunks_mut(of_row)
            .enumerate()
            .for_each(|(i, tiles)| {
                for (place, tile) in tiles.iter_mut().enumerate() {
                    for (position, codes) in tile.iter_mut().enumerate() {
                        let row = self.row(i * UNIT_POSITIONS + position);
                        let codes: &mut [u8] = bytemuck::cast_slice_mut(codes);
                        codes.copy_from_slice(&row[place * 64..][..64]);
                    }
                }
            });
    }

    /// How many, with those that pad them.
    pub(super) fn padded(&self) -> usize {
        self.codes.bytes().len() * 64 / self.stride
    }

    /// The codes of one position.
    #[inline(always)]
    pub(super) fn row(&self, position: usize) -> &[u8] {
        &self.codes.bytes().as_flattened()[position * self.stride..][..self.stride]
    }

    /// One number for each group of one position.
    #[inline(always)]
    pub(super) fn of_groups<'a, T>(&self, numbers: &'a [T], position: usize) -> &'a [T] {
        &numbers[position * self.group_stride..][..self.group_stride]
    }
}

/// Makes codes of one row.
struct Quantize<'a> {
    coding: Coding,
    values: &'a [f32],
    codes: &'a mut [u8],
    steps: &'a mut [f32],
    sums: &'a mut [f32],
    code_sums: &'a mut [i32],
}

impl Task for Quantize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        match self.coding {
            Coding::Blocks => self.blocks(),
            Coding::Supers { group } => self.supers(group),
            Coding::Rows => self.row(),
        }
    }
}

impl Quantize<'_> {
    /// Codes use the step as computed, products the step rounded to F16; so do sums.
    #[inline(always)]
    fn blocks(self) {
        let blocks = self.values.as_chunks::<32>().0;
        let codes = self.codes.as_chunks_mut::<32>().0;
        for (i, (values, codes)) in blocks.iter().zip(codes).enumerate() {
            let step = f32::from_bits(largest_magnitude(values)) / 127.0;
            let inverse = if step == 0.0 { 0.0 } else { 1.0 / step };
            let mut sum = 0;
            for (code, x) in codes.iter_mut().zip(values) {
                let rounded = round_half_away(x * inverse);
                *code = rounded as u8;
                sum += rounded;
            }
            self.steps[i] = step;
            self.sums[i] = sum as f32 * step;
            self.code_sums[i] = sum;
        }
        #[cfg(feature = "faults")]
        let wholes = self.steps.to_vec();
        round_to_f16(self.steps);
        #[cfg(feature = "faults")]
        in_pass::scales_of_activations(self.steps, &wholes);
        round_to_f16(self.sums);
    }

    /// The value of largest magnitude becomes -127, the first of them, so a step may be negative.
    #[inline(always)]
    fn supers(self, group: usize) {
        let blocks = self.values.as_chunks::<256>().0;
        let codes = self.codes.as_chunks_mut::<256>().0;
        let per_block = 256 / group;
        for (i, (values, codes)) in blocks.iter().zip(codes).enumerate() {
            let largest = largest_magnitude(values);
            let is_largest = |x: &&f32| x.to_bits() & MAGNITUDE == largest;
            let signed = values.iter().find(is_largest).copied().unwrap_or(0.0);
            let (inverse, step) = if signed == 0.0 {
                (0.0, 0.0)
            } else {
                let inverse = -127.0 / signed;
                (inverse, 1.0 / inverse)
            };
            for (code, x) in codes.iter_mut().zip(values) {
                *code = nearest_int(x * inverse).min(127) as u8;
            }
            for (j, codes) in codes.chunks_exact(group).enumerate() {
                let at = i * per_block + j;
                let sum = sum_of(codes);
                self.steps[at] = step;
                self.sums[at] = sum as f32 * step;
                self.code_sums[at] = sum;
            }
        }
    }

    /// As bitnet.cpp: see [`crate::formats::i2_s`].
    #[inline(always)]
    fn row(self) {
        let largest = f64::from(f32::from_bits(largest_magnitude(self.values)));
        let scale = (127.0 / if largest < 1e-5 { 1e-5 } else { largest }) as f32;
        for (code, x) in self.codes.iter_mut().zip(self.values) {
            *code = nearest_int(x * scale).clamp(-128, 127) as u8;
        }
        let sum = sum_of(self.codes);
        self.steps[0] = 1.0 / scale;
        self.sums[0] = sum as f32 / scale;
        self.code_sums[0] = sum;
    }
}

const MAGNITUDE: u32 = 0x7fff_ffff;

/// The bits of the largest magnitude; NaN is larger than any number.
#[inline(always)]
fn largest_magnitude(values: &[f32]) -> u32 {
    let mut largest = 0;
    for x in values {
        largest = largest.max(x.to_bits() & MAGNITUDE);
    }
    largest
}

/// The sum of signed codes.
#[inline(always)]
fn sum_of(codes: &[u8]) -> i32 {
    codes.iter().map(|code| i32::from(code.cast_signed())).sum()
}

/// As C's `roundf`, half away from zero, of what is within 127 but for a rounding: the nearest whole
/// number, half to even, and one further where that was towards zero.
#[inline(always)]
fn round_half_away(x: f32) -> i32 {
    let even = (x + SHIFT) - SHIFT;
    let half = 0.5f32.copysign(x);
    let further = if x - even == half { half + half } else { 0.0 };
    nearest_int(even + further)
}

/// 1.5 · 2^23: adding it leaves the nearest whole number in the low bits.
const SHIFT: f32 = 12_582_912.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for i in -509..=509 {
            // Halves, what is between them, and their neighbours.
            let x = i as f32 / 4.0;
            for x in [x.next_down(), x, x.next_up()] {
                assert_eq!(round_half_away(x), x.round() as i32, "{x:e}");
            }
        }
    }

    #[test]
    fn what_is_filled_again_is_as_if_new() {
        let values = |seed: f32| -> Vec<f32> {
            let numbers = (0..17 * 512).map(|i| (i as f32 * seed).sin() * 3.0);
            numbers.collect()
        };
        let (before, after) = (values(0.3), values(0.7));
        for fast in Fast::available() {
            for coding in [Coding::Blocks, Coding::Supers { group: 16 }, Coding::Rows] {
                let new = Positions::new(fast, &after, 512, coding);
                let mut again = Positions::new(fast, &before, 512, coding);
                assert!(again.fits(17, 512, coding) && !again.fits(16, 512, coding));
                let mut by_group = again.by_group(8);
                again.fill(fast, &after);
                assert_eq!(again.codes.bytes(), new.codes.bytes(), "{coding:?}");
                assert!(again.fits_by_group(&by_group));
                again.fill_by_group(16, &mut by_group);
                let of_new = new.by_group(16);
                assert_eq!(by_group.steps, of_new.steps, "{coding:?}");
                assert_eq!(by_group.sums, of_new.sums, "{coding:?}");
                assert_eq!(by_group.starts, of_new.starts, "{coding:?}");
                assert_eq!(by_group.tiles.bytes(), of_new.tiles.bytes(), "{coding:?}");
            }
        }
    }
}
