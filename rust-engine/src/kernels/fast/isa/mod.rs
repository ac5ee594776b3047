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
pub(super) mod portable;
pub(super) mod scalar;

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
    /// Asks for the memory `ahead` bytes behind the first of `bytes`, whether or not it is there: weights
    /// are read once, in order, and a CPU that does not notice waits for each of their lines.
    #[inline(always)]
    fn prefetch(self, bytes: &[u8], ahead: usize) {
        let _ = (bytes, ahead);
    }
    /// To each lane of `sums` the four products of its unsigned with its signed bytes. Exact for all
    /// bytes: no sum on the way saturates.
    fn dot(self, sums: Self::Ints, unsigned: Self::Ints, signed: Self::Ints) -> Self::Ints;
    /// The two bits of each byte that are `2 · place` from its lowest.
    fn two_bits(self, bytes: Self::Ints, place: usize) -> Self::Ints;
    /// Makes the unit for tiles ready on this thread.
    fn begin_tiles(self) {}
    /// `sums[position][row] = Σ rows[position][i] · strip[i / 4][row][i % 4]`, bytes signed on both sides,
    /// of sixteen rows of positions, `stride` bytes apart: 16 or 32 codes of each, or whole times 64.
    fn tile_sums(
        self,
        rows: &[u8],
        stride: usize,
        strip: &[[u8; 64]],
        sums: &mut [[i32; LANES]; LANES],
    ) {
        let _ = (rows, stride, strip, sums);
        unreachable!("there is no unit for tiles");
    }
    /// Gives it back.
    fn end_tiles(self) {}
    /// As floats, rounded where they have more than 24 bits.
    fn floats(self, numbers: Self::Ints) -> Self::Floats;

    /// The same number in every lane.
    fn splat(self, number: f32) -> Self::Floats;
    /// Each number in as many neighbouring lanes as there is room for.
    fn spread2(self, numbers: [f32; 2]) -> Self::Floats;
    /// The same for four.
    fn spread4(self, numbers: [f32; 4]) -> Self::Floats;
    /// Sixteen floats.
    fn load(self, numbers: &[f32; LANES]) -> Self::Floats;
    /// Sixteen F16 numbers, widened; their low bytes come first.
    fn load_f16(self, bytes: &[u8; 2 * LANES]) -> Self::Floats;
    /// Sixteen floats.
    fn store(self, numbers: Self::Floats, place: &mut [f32; LANES]);
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
