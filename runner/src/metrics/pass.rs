//! One pass over two rows: every number comes from memory once.
//!
//! The rows are read in blocks that stay in the first cache:
//!
//! ```text
//! for each block:
//!     the peaks: the largest of each column, and with them the largest number up to here
//!     for each vector of it:
//!         the sums of distances, the powers, their sums
//!         count where the next block differs
//! ```
//!
//! Counting one block ahead has a reason: it takes no time of its own, and what it reads comes from memory
//! while the powers are computed, which saves 20 of 112 µs for rows of 49,152. What is read twice are
//! the powers, in the second cache.
//!
//! Everything in the loops is inlined, closures and all: what is handed over to another function, such
//! as an array's `map`, would be compiled without the instructions of the loop. Nothing in them adds
//! lanes together, see [`Lanes::total`]. And a block is read from its first number to its last: in
//! another order, the CPU does not foresee what is read next, and rows take a third longer.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined gets the instructions of the loop around it"
)]

use pulp::{Arch, Simd, WithSimd};

use super::distance;
use super::distribution::{self, Heights};
use super::lanes::{LANES, Lanes};

/// Numbers of a block: two of each row are half of the first cache, beside the table of powers.
pub(super) const BLOCK: usize = 1024;
/// Columns of a block.
pub(super) const COLUMNS: usize = 64;
/// Numbers that are compared together.
const STEP: usize = 2 * LANES;

/// The largest numbers of a block: number i is in column i mod COLUMNS.
pub(super) type Peaks = [f32; COLUMNS];

/// What a pass writes down of each block. Kept from row to row, since so large a piece that is taken
/// and given back for each leaves holes in the heap that nothing else fills.
#[derive(Default)]
pub(super) struct Notes {
    /// `[block]`
    pub(super) candidate_peaks: Vec<Peaks>,
    /// `[block]`
    pub(super) reference_peaks: Vec<Peaks>,
    /// `[block]`
    heights: Vec<Heights>,
    /// `[vector][reference and candidate]`
    powers: Vec<[Lanes; 2]>,
}

impl Notes {
    /// How far the distributions are apart whose sums these are.
    pub(super) fn spread(&self, arch: Arch, sums: &distribution::Sums) -> distribution::Spread {
        let heights = (self.heights.as_slice(), BLOCK / LANES);
        distribution::measure(arch, sums, &self.powers, heights)
    }
}

/// What a pass finds.
pub(super) struct Found {
    /// Numbers whose bits are equal.
    pub(super) equal: u64,
    pub(super) distances: distance::Sums,
    /// Nothing in a pass without powers.
    pub(super) powers: distribution::Sums,
}

/// Reads both rows, with or without their powers.
pub(super) fn read<const POWERS: bool>(
    arch: Arch,
    candidate: &[f32],
    reference: &[f32],
    notes: &mut Notes,
) -> Found {
    notes.candidate_peaks.clear();
    notes.reference_peaks.clear();
    notes.heights.clear();
    let vectors = reference.len().div_ceil(LANES);
    notes.powers.resize(vectors, [Lanes::ZERO; 2]);
    arch.dispatch(Pass::<POWERS> {
        candidate,
        reference,
        notes,
    })
}

struct Pass<'a, const POWERS: bool> {
    candidate: &'a [f32],
    reference: &'a [f32],
    notes: &'a mut Notes,
}

impl<const POWERS: bool> WithSimd for Pass<'_, POWERS> {
    type Output = Found;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Found {
        let (candidate, reference, notes) = (self.candidate, self.reference, self.notes);
        let mut found = Found {
            equal: 0,
            distances: distance::Sums::NONE,
            powers: distribution::Sums::NONE,
        };
        let mut is_counted = false;
        let mut heights = None;
        let blocks = candidate.chunks(BLOCK).zip(reference.chunks(BLOCK));
        let powers = notes.powers.chunks_mut(BLOCK / LANES);
        for (index, (block, powers)) in blocks.zip(powers).enumerate() {
            if !is_counted {
                found.equal += count(block.0, block.1);
            }
            // Only a whole block is counted ahead: all of a block's loop must have a partner.
            let next = (index + 1) * BLOCK..(index + 2) * BLOCK;
            let ahead = candidate.get(next.clone()).zip(reference.get(next));
            is_counted = ahead.is_some();

            write_peaks(block.0, &mut notes.candidate_peaks);
            write_peaks(block.1, &mut notes.reference_peaks);
            let before = heights.unwrap_or([f32::NEG_INFINITY; 2]);
            let largest = [
                tallest(&notes.candidate_peaks, before[0]),
                tallest(&notes.reference_peaks, before[1]),
            ];
            let (from, to) = (Heights::of(before), Heights::of(largest));
            if POWERS && heights.is_some() && largest != before {
                found.powers.rise(from, to);
            }
            heights = Some(largest);
            notes.heights.push(to);

            let counted = sum_up::<POWERS>(&mut found, block, ahead.unwrap_or(block), to, powers);
            if is_counted {
                found.equal += counted;
            }
        }
        found
    }
}

/// Adds a block, and counts what is equal in the one ahead, which is no shorter.
#[inline(always)]
fn sum_up<const POWERS: bool>(
    found: &mut Found,
    (candidate, reference): (&[f32], &[f32]),
    ahead: (&[f32], &[f32]),
    heights: Heights,
    powers: &mut [[Lanes; 2]],
) -> u64 {
    let (candidate, candidate_rest) = candidate.as_chunks::<STEP>();
    let (reference, reference_rest) = reference.as_chunks::<STEP>();
    let (pairs, powers_rest) = powers.split_at_mut(2 * candidate.len());
    let (pairs, _) = pairs.as_chunks_mut::<2>();
    let mut counts = [0; LANES];
    let here = candidate.iter().zip(reference).zip(pairs);
    let there = ahead.0.as_chunks::<STEP>().0.iter();
    let there = there.zip(ahead.1.as_chunks::<STEP>().0);
    for (((candidate, reference), powers), ahead) in here.zip(there) {
        let (candidate, _) = candidate.as_chunks();
        let (reference, _) = reference.as_chunks();
        let ahead = (ahead.0.as_chunks().0, ahead.1.as_chunks().0);
        for half in 0..2 {
            count_step(&mut counts, &ahead.0[half], &ahead.1[half]);
            let candidate = Lanes::of(&candidate[half]);
            let reference = Lanes::of(&reference[half]);
            found.distances.add(candidate, reference);
            if POWERS {
                powers[half] = found.powers.add(candidate, reference, heights);
            }
        }
    }
    let rest = candidate_rest.chunks(LANES);
    let rest = rest.zip(reference_rest.chunks(LANES));
    for ((candidate, reference), powers) in rest.zip(powers_rest) {
        found.distances.add_some(candidate, reference);
        if POWERS {
            *powers = found.powers.add_some(candidate, reference, heights);
        }
    }
    u64::from(counts.iter().sum::<u32>())
}

/// The largest number of each column, minus infinity where there is none; NaN is never the largest.
///
/// In four parts: an array of all columns is kept in memory, not in registers, and costs 10 µs for a row.
#[inline(always)]
fn write_peaks(block: &[f32], peaks: &mut Vec<Peaks>) {
    const PART: usize = COLUMNS / 4;
    let (lines, rest) = block.as_chunks::<COLUMNS>();
    let none = [f32::NEG_INFINITY; PART];
    let (mut first, mut second, mut third, mut fourth) = (none, none, none, none);
    for line in lines {
        let (parts, _) = line.as_chunks();
        raise(&mut first, &parts[0]);
        raise(&mut second, &parts[1]);
        raise(&mut third, &parts[2]);
        raise(&mut fourth, &parts[3]);
    }
    let mut all = [f32::NEG_INFINITY; COLUMNS];
    all.as_chunks_mut()
        .0
        .copy_from_slice(&[first, second, third, fourth]);
    peaks.push(all);
    if !rest.is_empty() {
        write_rest(rest, peaks);
    }
}

#[inline(never)]
fn write_rest(rest: &[f32], peaks: &mut [Peaks]) {
    let mut line = [f32::NEG_INFINITY; COLUMNS];
    line[..rest.len()].copy_from_slice(rest);
    if let Some(peaks) = peaks.last_mut() {
        raise(peaks, &line);
    }
}

/// Leaves the larger number of each column.
#[inline(always)]
pub(super) fn raise<const N: usize>(peaks: &mut [f32; N], line: &[f32; N]) {
    for (peak, &number) in peaks.iter_mut().zip(line) {
        *peak = if number > *peak { number } else { *peak };
    }
}

/// The largest of all columns of the last block, and `before`. Never inlined: see [`Lanes::total`].
#[inline(never)]
fn tallest(peaks: &[Peaks], before: f32) -> f32 {
    let mut largest = [before; LANES];
    for peaks in peaks
        .last()
        .into_iter()
        .flat_map(|peaks| peaks.as_chunks().0)
    {
        raise(&mut largest, peaks);
    }
    largest
        .into_iter()
        .fold(before, |one, other| if other > one { other } else { one })
}

/// Numbers whose bits are equal.
#[inline(always)]
fn count(candidate: &[f32], reference: &[f32]) -> u64 {
    let mut equal = 0u32;
    for (candidate, reference) in candidate.iter().zip(reference) {
        equal += u32::from(candidate.to_bits() == reference.to_bits());
    }
    u64::from(equal)
}

#[inline(always)]
fn count_step(counts: &mut [u32; LANES], candidate: &[f32; LANES], reference: &[f32; LANES]) {
    let numbers = candidate.iter().zip(reference);
    for (count, (candidate, reference)) in counts.iter_mut().zip(numbers) {
        *count += u32::from(candidate.to_bits() == reference.to_bits());
    }
}

/// Rows of which no bit differs.
pub(super) struct Same {
    pub(super) is_finite: bool,
}

/// Looks whether the rows are equal, up to the block where they are not, and if so writes down the peaks
/// of the reference.
pub(super) fn same(
    arch: Arch,
    candidate: &[f32],
    reference: &[f32],
    notes: &mut Notes,
) -> Option<Same> {
    notes.reference_peaks.clear();
    arch.dispatch(Look {
        candidate,
        reference,
        notes,
    })
}

struct Look<'a> {
    candidate: &'a [f32],
    reference: &'a [f32],
    notes: &'a mut Notes,
}

impl WithSimd for Look<'_> {
    type Output = Option<Same>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Option<Same> {
        let mut is_finite = true;
        let blocks = self
            .candidate
            .chunks(BLOCK)
            .zip(self.reference.chunks(BLOCK));
        for (candidate, reference) in blocks {
            if count(candidate, reference) < reference.len() as u64 {
                return None;
            }
            let mut bad = 0u32;
            for number in reference {
                bad += u32::from(!number.is_finite());
            }
            is_finite &= bad == 0;
            write_peaks(reference, &mut self.notes.reference_peaks);
        }
        Some(Same { is_finite })
    }
}
