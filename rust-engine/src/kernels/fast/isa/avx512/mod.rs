//! One 512-bit register for sixteen lanes; byte products by AVX-512 VNNI (`vpdpbusd`), which adds four
//! of them to 32 bits and saturates nowhere.
#![expect(unsafe_code, reason = "instructions that not every x86-64 CPU has")]

mod several;

use std::arch::x86_64::{
    __m512, __m512i, _MM_HINT_T0, _MM_HINT_T1, _mm_loadu_ps, _mm_loadu_si128, _mm_prefetch,
    _mm256_loadu_si256, _mm512_add_ps, _mm512_broadcast_i64x4, _mm512_castps128_ps512,
    _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_maskz_set1_epi8, _mm512_mul_ps, _mm512_or_si512,
    _mm512_reduce_add_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_storeu_ps, _mm512_storeu_si512,
    _mm512_xor_si512,
};

use wide::f32x4;

use super::avx2::widen4;
use super::tiles::{FloatRun, TileRun, TileSum, TileTotals};
use super::{Isa, LANES, Task, amx};
use several::{
    both, cut, each_twice, joined, looked_up, raised, scaled, shifted, small, spread, sum_turned,
    turn, widen_pairs,
};

/// A CPU with AVX-512 F, BW, VL, DQ and VNNI; with AMX, too, if `AMX` is set.
#[derive(Clone, Copy)]
pub(in crate::kernels::fast) struct Avx512<const AMX: bool>(());

impl<const AMX: bool> Avx512<AMX> {
    /// If this CPU is one.
    pub(in crate::kernels::fast) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
            && (!AMX || amx::is_usable());
        has.then_some(Self(()))
    }

    /// Does a task with these instructions.
    pub(in crate::kernels::fast) fn run<T: Task>(self, task: T) -> T::Output {
        // SAFETY: `self` is there only where the CPU has these features.
        unsafe { compiled(self, task) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn compiled<const AMX: bool, T: Task>(isa: Avx512<AMX>, task: T) -> T::Output {
    task.run(isa)
}

impl<const AMX: bool> Isa for Avx512<AMX> {
    const WIDE: bool = true;
    const TILES: bool = AMX;
    type Ints = __m512i;
    type Floats = __m512;

    #[inline(always)]
    fn ints(self, number: i32) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_set1_epi32(number) }
    }
    #[inline(always)]
    fn load_ints(self, numbers: &[i32; LANES]) -> __m512i {
        // SAFETY: as above; the array has the 64 bytes, and the load needs no alignment.
        unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
    }
    #[inline(always)]
    fn bytes(self, bytes: &[u8; 64]) -> __m512i {
        // SAFETY: as above; the array has the 64 bytes, and the load needs no alignment.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }
    #[inline(always)]
    fn prefetch(self, bytes: &[u8], ahead: usize) {
        let address = bytes.as_ptr().wrapping_add(ahead);
        // SAFETY: nothing is read that the program could see, so that any address will do.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
    }
    #[inline(always)]
    fn prefetch_near(self, bytes: &[u8], ahead: usize) {
        let address = bytes.as_ptr().wrapping_add(ahead);
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[inline(always)]
    fn dot(self, sums: __m512i, unsigned: __m512i, signed: __m512i) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_dpbusd_epi32(sums, unsigned, signed) }
    }
    #[inline(always)]
    fn begin_tiles(self) {
        assert!(AMX, "there is a unit for tiles");
        // SAFETY: `self` is there only where the CPU has AMX and the system lets it be used.
        unsafe { amx::begin() }
    }
    #[inline(always)]
    fn tile_sums(self, run: TileRun<'_>, sums: &mut [TileSum]) {
        assert!(AMX, "there is a unit for tiles");
        // SAFETY: as above.
        unsafe { amx::sums(run, sums) }
    }
    #[inline(always)]
    fn tile_products(self, run: FloatRun<'_>, totals: &mut [TileTotals; 4]) {
        assert!(AMX, "there is a unit for tiles");
        // SAFETY: as above.
        unsafe { amx::products(run, totals) }
    }
    #[inline(always)]
    fn cut(self, pairs: &mut [[u32; LANES]; LANES], rest: &mut [[u32; LANES]; LANES]) {
        for (pairs, rest) in pairs.iter_mut().zip(rest) {
            let both = self.bytes(bytemuck::cast_ref(pairs));
            // SAFETY: `self` is there only where the CPU has the features.
            let widened = unsafe { widen_pairs(both) };
            // SAFETY: as above.
            let parts = unsafe { cut(widened) };
            self.store_bytes(parts[0], bytemuck::cast_mut(pairs));
            self.store_bytes(parts[1], bytemuck::cast_mut(rest));
        }
    }
    #[inline(always)]
    fn scaled(self, codes: __m512i, zero: u8, scales: &[u32; LANES]) -> [__m512i; 2] {
        // SAFETY: as above; the array has the 64 bytes, and the load needs no alignment.
        let scales = unsafe { _mm512_loadu_si512(scales.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { scaled(codes, zero, scales) }
    }
    #[inline(always)]
    fn joined(self, low: __m512i, high: __m512i) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { joined(low, high) }
    }
    #[inline(always)]
    fn end_tiles(self) {
        assert!(AMX, "there is a unit for tiles");
        // SAFETY: as above.
        unsafe { amx::end() }
    }
    #[inline(always)]
    fn store_bytes(self, bytes: __m512i, place: &mut [u8; 64]) {
        // SAFETY: as above; the array has the 64 bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), bytes) }
    }
    #[inline(always)]
    fn each_twice(self, first: &[u8; 16], second: &[u8; 16]) -> __m512i {
        // SAFETY: the array has the 16 bytes, and the load needs no alignment.
        let first = unsafe { _mm_loadu_si128(first.as_ptr().cast()) };
        // SAFETY: as above.
        let second = unsafe { _mm_loadu_si128(second.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { each_twice(first, second) }
    }
    #[inline(always)]
    fn twice(self, run: &[u8; 32]) -> __m512i {
        // SAFETY: the array has the 32 bytes, and the load needs no alignment.
        let run = unsafe { _mm256_loadu_si256(run.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_broadcast_i64x4(run) }
    }
    #[inline(always)]
    fn both(self, first: &[u8; 32], second: &[u8; 32]) -> __m512i {
        // SAFETY: the array has the 32 bytes, and the load needs no alignment.
        let first = unsafe { _mm256_loadu_si256(first.as_ptr().cast()) };
        // SAFETY: as above.
        let second = unsafe { _mm256_loadu_si256(second.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { both(first, second) }
    }
    #[inline(always)]
    fn shifted(self, bytes: __m512i, by: [u32; 4], mask: u8) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { shifted(bytes, by, mask) }
    }
    #[inline(always)]
    fn raised(self, bytes: __m512i, by: u32) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { raised(bytes, by) }
    }
    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_or_si512(a, b) }
    }
    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_xor_si512(a, b) }
    }
    #[inline(always)]
    fn sixteens(self, bits: u64) -> __m512i {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_maskz_set1_epi8(bits, 16) }
    }
    #[inline(always)]
    fn levels(self, levels: &[u8; 16], codes: __m512i) -> __m512i {
        // SAFETY: the array has the 16 bytes, and the load needs no alignment.
        let levels = unsafe { _mm_loadu_si128(levels.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { looked_up(levels, codes) }
    }
    #[inline(always)]
    fn floats(self, numbers: __m512i) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_cvtepi32_ps(numbers) }
    }
    #[inline(always)]
    fn splat(self, number: f32) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_set1_ps(number) }
    }
    #[inline(always)]
    fn four(self, numbers: f32x4) -> __m512 {
        let numbers = numbers.to_array();
        // SAFETY: the array has the 16 bytes, and the load needs no alignment.
        let four = unsafe { _mm_loadu_ps(numbers.as_ptr()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_castps128_ps512(four) }
    }
    #[inline(always)]
    fn spread2(self, numbers: __m512, a: usize, b: usize) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { spread(numbers, [a, a, b, b]) }
    }
    #[inline(always)]
    fn spread4(self, numbers: __m512, first: usize) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { spread(numbers, [first, first + 1, first + 2, first + 3]) }
    }
    #[inline(always)]
    fn small(self, [low, high]: [u64; 2]) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { small(low, high) }
    }
    #[inline(always)]
    fn widen4(self, halves: u64) -> f32x4 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { widen4(halves) }
    }
    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> __m512 {
        // SAFETY: as above; the array has the 64 bytes, and the load needs no alignment.
        unsafe { _mm512_loadu_ps(numbers.as_ptr()) }
    }
    #[inline(always)]
    fn load_f16(self, bytes: &[u8; 2 * LANES]) -> __m512 {
        // SAFETY: the array has the 32 bytes, and the load needs no alignment.
        let halves = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_cvtph_ps(halves) }
    }
    #[inline(always)]
    fn store(self, numbers: __m512, place: &mut [f32; LANES]) {
        // SAFETY: as above; the array has the 64 bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_ps(place.as_mut_ptr(), numbers) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn sum(self, numbers: __m512) -> f32 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { _mm512_reduce_add_ps(numbers) }
    }

    #[inline(always)]
    fn sum_each(self, vectors: &[[f32; LANES]; LANES]) -> __m512 {
        let mut rows = [self.ints(0); LANES];
        for (row, vector) in rows.iter_mut().zip(vectors) {
            // SAFETY: as above; the array has the 64 bytes, and the load needs no alignment.
            *row = unsafe { _mm512_loadu_si512(vector.as_ptr().cast()) };
        }
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { sum_turned(&rows) }
    }

    #[inline(always)]
    fn transpose(self, rows: &[u32], stride: usize, out: &mut [[u32; LANES]; LANES]) {
        let mut row = [self.ints(0); LANES];
        for (r, row) in row.iter_mut().enumerate() {
            let words: &[u32; LANES] = rows[r * stride..]
                .first_chunk()
                .expect("sixteen rows of sixteen words");
            // SAFETY: as above; the array has the 64 bytes, and the load needs no alignment.
            *row = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
        }
        // SAFETY: `self` is there only where the CPU has the features.
        let row = unsafe { turn(row) };
        for (out, row) in out.iter_mut().zip(row) {
            // SAFETY: as above; the array has the 64 bytes, and the store needs no alignment.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), row) }
        }
    }
}
