//! The operations that kernels are written in: vectors of sixteen lanes, on every CPU.
//!
//! A value that implements [`Isa`] is the proof that this CPU has the instructions: it is made only
//! where that was found out. So its operations are safe to call, and the loops above them have no
//! unsafe code. Where registers are shorter, sixteen lanes are several of them.
//!
//! All operations are `inline(always)`: they become single instructions in a function that is compiled
//! for the CPU's features, and would be calls anywhere else.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(super) mod neon;
pub(super) mod portable;
pub(super) mod scalar;
pub(super) mod tiles;

use wide::f32x4;

use crate::formats::float::widen_f16;
use tiles::{FloatRun, TileRun, TileSum, TileTotals};

/// Lanes of a vector.
pub(in crate::kernels) const LANES: usize = 16;

/// Work that is written once and compiled for each instruction set.
pub(in crate::kernels) trait Task {
    /// What comes of it.
    type Output;
    /// Does it. Implementations are `inline(always)`, so that they are compiled for the caller's set.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}

/// What a CPU can do. Bytes are in groups of four, one group to a lane.
pub(in crate::kernels) trait Isa: Copy {
    /// Whether there are 32 registers of sixteen lanes, rather than sixteen of eight or fewer.
    const WIDE: bool = false;
    /// Whether there is a unit that multiplies tiles of codes.
    const TILES: bool = false;
    /// Sixteen 32-bit integers, or 64 bytes.
    type Ints: Copy;
    /// Sixteen floats.
    type Floats: Copy;

    /// The same number in every lane.
    fn ints(self, number: i32) -> Self::Ints;
    /// Sixteen integers.
    fn load_ints(self, numbers: &[i32; LANES]) -> Self::Ints;
    /// 64 bytes.
    fn bytes(self, bytes: &[u8; 64]) -> Self::Ints;
    /// Asks for the memory `ahead` bytes behind the first of `bytes`, whether or not it is there, to the
    /// second cache: weights are read once, in order, and a CPU that does not notice waits for each of their
    /// lines.
    #[inline(always)]
    fn prefetch(self, bytes: &[u8], ahead: usize) {
        let _ = (bytes, ahead);
    }
    /// The same, to the first cache.
    #[inline(always)]
    fn prefetch_near(self, bytes: &[u8], ahead: usize) {
        let _ = (bytes, ahead);
    }
    /// To each lane of `sums` the four products of its unsigned with its signed bytes. Exact for all
    /// bytes: no sum on the way saturates.
    fn dot(self, sums: Self::Ints, unsigned: Self::Ints, signed: Self::Ints) -> Self::Ints;
    /// 64 bytes to memory.
    fn store_bytes(self, bytes: Self::Ints, place: &mut [u8; 64]);
    /// The first run twice, then the second twice.
    #[inline(always)]
    fn each_twice(self, first: &[u8; 16], second: &[u8; 16]) -> Self::Ints {
        let mut bytes = [0; 64];
        for (quarter, run) in bytes
            .as_chunks_mut()
            .0
            .iter_mut()
            .zip([first, first, second, second])
        {
            *quarter = *run;
        }
        self.bytes(&bytes)
    }
    /// A run twice.
    #[inline(always)]
    fn twice(self, run: &[u8; 32]) -> Self::Ints {
        self.both(run, run)
    }
    /// Two runs, one behind the other.
    #[inline(always)]
    fn both(self, first: &[u8; 32], second: &[u8; 32]) -> Self::Ints {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(first);
        bytes[32..].copy_from_slice(second);
        self.bytes(&bytes)
    }
    /// Each byte shifted right, by as many bits as are named for its quarter of the vector, and masked.
    /// The mask leaves no bit that comes from another byte.
    fn shifted(self, bytes: Self::Ints, by: [u32; 4], mask: u8) -> Self::Ints;
    /// Each byte shifted left; no bit of it gets into another.
    fn raised(self, bytes: Self::Ints, by: u32) -> Self::Ints;
    /// Bits of either.
    fn or(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// Bits of one alone.
    fn xor(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// 16 in each byte whose bit is set.
    #[inline(always)]
    fn sixteens(self, bits: u64) -> Self::Ints {
        let bits = bits.to_le_bytes();
        let mut bytes = [0; 64];
        for i in 0..64 {
            bytes[i] = (bits[i / 8] >> (i % 8) & 1) << 4;
        }
        self.bytes(&bytes)
    }
    /// What stands for each code below 16.
    #[inline(always)]
    fn levels(self, levels: &[u8; 16], codes: Self::Ints) -> Self::Ints {
        let mut bytes = [0; 64];
        self.store_bytes(codes, &mut bytes);
        for byte in &mut bytes {
            *byte = levels[usize::from(*byte & 15)];
        }
        self.bytes(&bytes)
    }
    /// Makes the unit for tiles ready on this thread.
    fn begin_tiles(self) {}
    /// The sums that a run asks for, behind [`tiles::STALE`] places.
    fn tile_sums(self, run: TileRun<'_>, sums: &mut [TileSum]) {
        let _ = (run.checked(), sums);
        unreachable!("there is no unit for tiles");
    }
    /// Adds to totals what a run of floats comes to, `totals[tile of positions · 2 + strip]`.
    fn tile_products(self, run: FloatRun<'_>, totals: &mut [TileTotals; 4]) {
        let _ = (run.check(), totals);
        unreachable!("there is no unit for tiles");
    }
    /// Cuts pairs of F16 numbers into pairs of BF16 numbers: the first eight significant bits in place, and
    /// the rest.
    fn cut(self, pairs: &mut [[u32; LANES]; LANES], rest: &mut [[u32; LANES]; LANES]) {
        let _ = (pairs, rest);
        unreachable!("there is no unit for tiles");
    }
    /// Codes less their zero, times the whole numbers of their rows, each twice in a word: the low bytes
    /// and the high ones. Products have at most 16 bits.
    fn scaled(self, codes: Self::Ints, zero: u8, scales: &[u32; LANES]) -> [Self::Ints; 2] {
        let _ = (codes, zero, scales);
        unreachable!("there is no unit for tiles");
    }
    /// `low + 256 · high`
    fn joined(self, low: Self::Ints, high: Self::Ints) -> Self::Ints {
        let _ = (low, high);
        unreachable!("there is no unit for tiles");
    }
    /// Gives it back.
    fn end_tiles(self) {}
    /// As floats, rounded where they have more than 24 bits.
    fn floats(self, numbers: Self::Ints) -> Self::Floats;

    /// The same number in every lane.
    fn splat(self, number: f32) -> Self::Floats;
    /// Four floats in the first lanes; what is in the others is of no meaning.
    fn four(self, numbers: f32x4) -> Self::Floats;
    /// The number of lane `a` in eight lanes, that of lane `b` in the others. Both are among the first eight,
    /// or the last.
    fn spread2(self, numbers: Self::Floats, a: usize, b: usize) -> Self::Floats;
    /// Those of four lanes from `first` on, a multiple of four, in four lanes each.
    fn spread4(self, numbers: Self::Floats, first: usize) -> Self::Floats;
    /// Signed bytes, the first in the lowest bits.
    #[inline(always)]
    fn small(self, bytes: [u64; 2]) -> Self::Floats {
        let bytes: [i8; LANES] = bytemuck::cast(bytes.map(u64::to_le));
        self.load(&bytes.map(f32::from))
    }
    /// Four F16 numbers, widened, the first in the lowest bits.
    #[inline(always)]
    fn widen4(self, halves: u64) -> f32x4 {
        let halves: [u16; 4] = bytemuck::cast(halves.to_le());
        halves.map(|half| widen_f16(u16::from_le(half))).into()
    }
    /// Sixteen floats.
    fn load(self, numbers: &[f32; LANES]) -> Self::Floats;
    /// Sixteen F16 numbers, widened; their low bytes come first.
    fn load_f16(self, bytes: &[u8; 2 * LANES]) -> Self::Floats;
    /// Sixteen floats.
    fn store(self, numbers: Self::Floats, place: &mut [f32; LANES]);
    /// As many of sixteen floats as there is room for.
    #[inline(always)]
    fn store_some(self, numbers: Self::Floats, place: &mut [f32]) {
        if let Some(place) = place.first_chunk_mut() {
            self.store(numbers, place);
        } else {
            let mut lanes = [0.0; LANES];
            self.store(numbers, &mut lanes);
            place.copy_from_slice(&lanes[..place.len()]);
        }
    }
    /// `a + b`
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a · b`
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a · b + c`, rounded once where the CPU can.
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The sum of all lanes.
    fn sum(self, numbers: Self::Floats) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(numbers, &mut lanes);
        let mut half = LANES / 2;
        while half > 0 {
            for lane in 0..half {
                lanes[lane] += lanes[lane + half];
            }
            half /= 2;
        }
        lanes[0]
    }

    /// The sums of sixteen vectors, one in each lane.
    #[inline(always)]
    fn sum_each(self, vectors: &[[f32; LANES]; LANES]) -> Self::Floats {
        let mut sums = [0.0; LANES];
        for i in 0..LANES {
            sums[i] = self.sum(self.load(&vectors[i]));
        }
        self.load(&sums)
    }

    /// Turns sixteen rows of sixteen words: `out[i][r] = rows[r][i]`. `stride` is the distance
    /// between rows; `out` is `[word][row]`.
    #[inline(always)]
    fn transpose(self, rows: &[u32], stride: usize, out: &mut [[u32; LANES]; LANES]) {
        for (r, row) in rows.chunks(stride).take(LANES).enumerate() {
            for (out, &word) in out.iter_mut().zip(row) {
                out[r] = word;
            }
        }
    }
}
