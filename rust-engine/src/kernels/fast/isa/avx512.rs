//! One 512-bit register for sixteen lanes; byte products by AVX-512 VNNI (`vpdpbusd`), which adds four
//! of them to 32 bits and saturates nowhere.
#![expect(unsafe_code, reason = "instructions that not every x86-64 CPU has")]

use std::arch::x86_64::{
    __m128, __m128i, __m256i, __m512, __m512i, _MM_HINT_T1, _mm_loadu_ps, _mm_loadu_si128,
    _mm_prefetch, _mm256_loadu_si256, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512,
    _mm512_andnot_si512, _mm512_broadcast_f32x4, _mm512_broadcast_i32x4, _mm512_broadcast_i64x4,
    _mm512_castpd_ps, _mm512_castps_si512, _mm512_castsi256_si512, _mm512_castsi512_ps,
    _mm512_cvtepi32_epi16, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_dpbusd_epi32,
    _mm512_fmadd_ps, _mm512_inserti64x4, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_broadcast_i32x4, _mm512_maskz_set1_epi8, _mm512_mul_ps, _mm512_mullo_epi16,
    _mm512_or_si512, _mm512_permutexvar_ps, _mm512_reduce_add_ps, _mm512_set1_epi8,
    _mm512_set1_epi16, _mm512_set1_epi32, _mm512_set1_pd, _mm512_set1_ps, _mm512_setr_epi32,
    _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_slli_epi16, _mm512_slli_epi32,
    _mm512_sllv_epi32, _mm512_srli_epi16, _mm512_srli_epi32, _mm512_srlv_epi32, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_epi16, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::tiles::{TileRun, TileSum};
use super::{Isa, LANES, Task, amx};

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
    fn spread2(self, numbers: [f32; 2]) -> __m512 {
        let both = f64::from_bits(bytemuck::cast(numbers));
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { spread2(both) }
    }
    #[inline(always)]
    fn spread4(self, numbers: &[f32; 4]) -> __m512 {
        // SAFETY: the array has the 16 bytes, and the load needs no alignment.
        let four = unsafe { _mm_loadu_ps(numbers.as_ptr()) };
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { spread4(four) }
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
    fn load_f16_pairs(self, pairs: &[u32; LANES]) -> [__m512; 2] {
        // SAFETY: the array has the 64 bytes, and the load needs no alignment.
        let pairs = unsafe { _mm512_loadu_si512(pairs.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { widen_pairs(pairs) }
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

#[target_feature(enable = "avx512f")]
#[inline]
fn each_twice(first: __m128i, second: __m128i) -> __m512i {
    let first = _mm512_broadcast_i32x4(first);
    _mm512_mask_broadcast_i32x4(first, 0xff00, second)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn both(first: __m256i, second: __m256i) -> __m512i {
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), second)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn shifted(bytes: __m512i, by: [u32; 4], mask: u8) -> __m512i {
    let [a, b, c, d] = by.map(u32::cast_signed);
    let by = _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
    let mask = _mm512_set1_epi8(mask.cast_signed());
    _mm512_and_si512(_mm512_srlv_epi32(bytes, by), mask)
}

/// Even and odd bytes apart, so that products have room.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn scaled(codes: __m512i, zero: u8, scales: __m512i) -> [__m512i; 2] {
    let (byte, zero) = (_mm512_set1_epi16(0xff), _mm512_set1_epi16(zero.into()));
    let even = _mm512_sub_epi16(_mm512_and_si512(codes, byte), zero);
    let odd = _mm512_sub_epi16(_mm512_srli_epi16::<8>(codes), zero);
    let even = _mm512_mullo_epi16(even, scales);
    let odd = _mm512_mullo_epi16(odd, scales);
    let low = _mm512_or_si512(_mm512_and_si512(even, byte), _mm512_slli_epi16::<8>(odd));
    let high = _mm512_or_si512(_mm512_srli_epi16::<8>(even), _mm512_andnot_si512(byte, odd));
    [low, high]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn joined(low: __m512i, high: __m512i) -> __m512i {
    _mm512_add_epi32(low, _mm512_slli_epi32::<8>(high))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn widen_pairs(pairs: __m512i) -> [__m512; 2] {
    let low = _mm512_cvtepi32_epi16(pairs);
    let high = _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(pairs));
    [_mm512_cvtph_ps(low), _mm512_cvtph_ps(high)]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn raised(bytes: __m512i, by: u32) -> __m512i {
    _mm512_sllv_epi32(bytes, _mm512_set1_epi32(by.cast_signed()))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn looked_up(levels: __m128i, codes: __m512i) -> __m512i {
    _mm512_shuffle_epi8(_mm512_broadcast_i32x4(levels), codes)
}

/// Two floats in the bits of one number: one broadcast for both.
#[target_feature(enable = "avx512f")]
#[inline]
fn spread2(both: f64) -> __m512 {
    let both = _mm512_castpd_ps(_mm512_set1_pd(both));
    let lanes = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    _mm512_permutexvar_ps(lanes, both)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn spread4(four: __m128) -> __m512 {
    let four = _mm512_broadcast_f32x4(four);
    let lanes = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    _mm512_permutexvar_ps(lanes, four)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn sum_turned(rows: &[__m512i; LANES]) -> __m512 {
    let mut vectors = turn(*rows);
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            let (a, b) = (vectors[i], vectors[i + half]);
            let sum = _mm512_add_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b));
            vectors[i] = _mm512_castps_si512(sum);
        }
        half /= 2;
    }
    _mm512_castsi512_ps(vectors[0])
}

/// Pairs of rows are woven word by word, then by two words, which turns each square of four; then the
/// squares change places, in two steps.
#[target_feature(enable = "avx512f")]
#[inline]
fn turn(mut row: [__m512i; LANES]) -> [__m512i; LANES] {
    let mut woven = row;
    for i in (0..LANES).step_by(2) {
        woven[i] = _mm512_unpacklo_epi32(row[i], row[i + 1]);
        woven[i + 1] = _mm512_unpackhi_epi32(row[i], row[i + 1]);
    }
    for i in (0..LANES).step_by(4) {
        row[i] = _mm512_unpacklo_epi64(woven[i], woven[i + 2]);
        row[i + 1] = _mm512_unpackhi_epi64(woven[i], woven[i + 2]);
        row[i + 2] = _mm512_unpacklo_epi64(woven[i + 1], woven[i + 3]);
        row[i + 3] = _mm512_unpackhi_epi64(woven[i + 1], woven[i + 3]);
    }
    for i in 0..4 {
        woven[i] = _mm512_shuffle_i32x4::<0x88>(row[i], row[i + 4]);
        woven[i + 4] = _mm512_shuffle_i32x4::<0xdd>(row[i], row[i + 4]);
        woven[i + 8] = _mm512_shuffle_i32x4::<0x88>(row[i + 8], row[i + 12]);
        woven[i + 12] = _mm512_shuffle_i32x4::<0xdd>(row[i + 8], row[i + 12]);
    }
    for i in 0..8 {
        row[i] = _mm512_shuffle_i32x4::<0x88>(woven[i], woven[i + 8]);
        row[i + 8] = _mm512_shuffle_i32x4::<0xdd>(woven[i], woven[i + 8]);
    }
    row
}
