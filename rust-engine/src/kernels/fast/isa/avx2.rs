//! Two 256-bit registers for sixteen lanes; byte products by AVX-VNNI where the CPU has it, else by
//! `vpmaddwd` on bytes widened to 16 bits. (`vpmaddubsw` would saturate: 2 · 255 · 127 has 17 bits.)
#![expect(unsafe_code, reason = "instructions that not every x86-64 CPU has")]

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _MM_HINT_T0, _MM_HINT_T1, _mm_cvtph_ps, _mm_cvtsi64_si128,
    _mm_loadu_ps, _mm_loadu_si128, _mm_prefetch, _mm_storeu_ps, _mm256_add_epi32, _mm256_add_ps,
    _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_castps128_ps256, _mm256_cmpeq_epi8,
    _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_dpbusd_avx_epi32,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_mul_ps,
    _mm256_or_si256, _mm256_permutevar8x32_ps, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setr_epi32, _mm256_setr_epi64x,
    _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_sllv_epi32, _mm256_srai_epi16,
    _mm256_srli_epi16, _mm256_srlv_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_xor_si256,
};

use wide::f32x4;

use super::{Isa, LANES, Task};

/// A CPU with AVX2, FMA and F16C; with AVX-VNNI, too, if `VNNI` is set.
#[derive(Clone, Copy)]
pub(in crate::kernels::fast) struct Avx2<const VNNI: bool>(());

impl<const VNNI: bool> Avx2<VNNI> {
    /// If this CPU is one.
    pub(in crate::kernels::fast) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
            && (!VNNI || is_x86_feature_detected!("avxvnni"));
        has.then_some(Self(()))
    }

    /// Does a task with these instructions.
    pub(in crate::kernels::fast) fn run<T: Task>(self, task: T) -> T::Output {
        if VNNI {
            // SAFETY: `self` is there only where the CPU has these features.
            unsafe { compiled_with_vnni(self, task) }
        } else {
            // SAFETY: `self` is there only where the CPU has these features.
            unsafe { compiled(self, task) }
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn compiled<const VNNI: bool, T: Task>(isa: Avx2<VNNI>, task: T) -> T::Output {
    task.run(isa)
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn compiled_with_vnni<const VNNI: bool, T: Task>(isa: Avx2<VNNI>, task: T) -> T::Output {
    task.run(isa)
}

impl<const VNNI: bool> Isa for Avx2<VNNI> {
    type Ints = [__m256i; 2];
    type Floats = [__m256; 2];

    #[inline(always)]
    fn ints(self, number: i32) -> [__m256i; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        [unsafe { _mm256_set1_epi32(number) }; 2]
    }
    #[inline(always)]
    fn load_ints(self, numbers: &[i32; LANES]) -> [__m256i; 2] {
        let (low, high) = numbers.split_at(8);
        // SAFETY: each half has the bytes, and the load needs no alignment.
        let low = unsafe { _mm256_loadu_si256(low.as_ptr().cast()) };
        // SAFETY: as above.
        let high = unsafe { _mm256_loadu_si256(high.as_ptr().cast()) };
        [low, high]
    }
    #[inline(always)]
    fn bytes(self, bytes: &[u8; 64]) -> [__m256i; 2] {
        let (low, high) = bytes.split_at(32);
        // SAFETY: each half has the bytes, and the load needs no alignment.
        let low = unsafe { _mm256_loadu_si256(low.as_ptr().cast()) };
        // SAFETY: as above.
        let high = unsafe { _mm256_loadu_si256(high.as_ptr().cast()) };
        [low, high]
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
    fn dot(self, sums: [__m256i; 2], unsigned: [__m256i; 2], signed: [__m256i; 2]) -> [__m256i; 2] {
        if VNNI {
            // SAFETY: `self` is there only where the CPU has the feature.
            let low = unsafe { _mm256_dpbusd_avx_epi32(sums[0], unsigned[0], signed[0]) };
            // SAFETY: as above.
            let high = unsafe { _mm256_dpbusd_avx_epi32(sums[1], unsigned[1], signed[1]) };
            [low, high]
        } else {
            // SAFETY: `self` is there only where the CPU has the feature.
            let low = unsafe { dot(sums[0], unsigned[0], signed[0]) };
            // SAFETY: as above.
            let high = unsafe { dot(sums[1], unsigned[1], signed[1]) };
            [low, high]
        }
    }
    #[inline(always)]
    fn store_bytes(self, bytes: [__m256i; 2], place: &mut [u8; 64]) {
        let (low, high) = place.split_at_mut(32);
        // SAFETY: each half has the 32 bytes, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(low.as_mut_ptr().cast(), bytes[0]) };
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(high.as_mut_ptr().cast(), bytes[1]) };
    }
    #[inline(always)]
    fn each_twice(self, first: &[u8; 16], second: &[u8; 16]) -> [__m256i; 2] {
        // SAFETY: the array has the 16 bytes, and the load needs no alignment.
        let first = unsafe { _mm_loadu_si128(first.as_ptr().cast()) };
        // SAFETY: as above.
        let second = unsafe { _mm_loadu_si128(second.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { _mm256_broadcastsi128_si256(first) };
        // SAFETY: as above.
        let high = unsafe { _mm256_broadcastsi128_si256(second) };
        [low, high]
    }
    #[inline(always)]
    fn both(self, first: &[u8; 32], second: &[u8; 32]) -> [__m256i; 2] {
        // SAFETY: the array has the 32 bytes, and the load needs no alignment.
        let low = unsafe { _mm256_loadu_si256(first.as_ptr().cast()) };
        // SAFETY: as above.
        let high = unsafe { _mm256_loadu_si256(second.as_ptr().cast()) };
        [low, high]
    }
    #[inline(always)]
    fn shifted(self, bytes: [__m256i; 2], by: [u32; 4], mask: u8) -> [__m256i; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { shifted(bytes[0], [by[0], by[1]], mask) };
        // SAFETY: as above.
        let high = unsafe { shifted(bytes[1], [by[2], by[3]], mask) };
        [low, high]
    }
    #[inline(always)]
    fn raised(self, bytes: [__m256i; 2], by: u32) -> [__m256i; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { raised(bytes[0], by) };
        // SAFETY: as above.
        let high = unsafe { raised(bytes[1], by) };
        [low, high]
    }
    #[inline(always)]
    fn or(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { _mm256_or_si256(a[0], b[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_or_si256(a[1], b[1]) };
        [low, high]
    }
    #[inline(always)]
    fn xor(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { _mm256_xor_si256(a[0], b[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_xor_si256(a[1], b[1]) };
        [low, high]
    }
    #[inline(always)]
    fn sixteens(self, bits: u64) -> [__m256i; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { sixteens(bits as u32) };
        // SAFETY: as above.
        let high = unsafe { sixteens((bits >> 32) as u32) };
        [low, high]
    }
    #[inline(always)]
    fn levels(self, levels: &[u8; 16], codes: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: the array has the 16 bytes, and the load needs no alignment.
        let levels = unsafe { _mm_loadu_si128(levels.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { looked_up(levels, codes[0]) };
        // SAFETY: as above.
        let high = unsafe { looked_up(levels, codes[1]) };
        [low, high]
    }
    #[inline(always)]
    fn floats(self, [low, high]: [__m256i; 2]) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { floats(low, high) }
    }
    #[inline(always)]
    fn splat(self, number: f32) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        [unsafe { _mm256_set1_ps(number) }; 2]
    }
    #[inline(always)]
    fn four(self, numbers: f32x4) -> [__m256; 2] {
        let numbers = numbers.to_array();
        // SAFETY: the array has the 16 bytes, and the load needs no alignment.
        let four = unsafe { _mm_loadu_ps(numbers.as_ptr()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        [unsafe { _mm256_castps128_ps256(four) }; 2]
    }
    #[inline(always)]
    fn spread2(self, numbers: [__m256; 2], a: usize, b: usize) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { spread2(numbers[a / 8], a as i32 % 8, b as i32 % 8) }
    }
    #[inline(always)]
    fn spread4(self, numbers: [__m256; 2], first: usize) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { spread4(numbers[first / 8], first as i32 % 8) }
    }
    #[inline(always)]
    fn small(self, bytes: [u64; 2]) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { small(bytes) }
    }
    #[inline(always)]
    fn widen4(self, halves: u64) -> f32x4 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { widen4(halves) }
    }
    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> [__m256; 2] {
        let (low, high) = numbers.split_at(8);
        // SAFETY: each half has the bytes, and the load needs no alignment.
        let low = unsafe { _mm256_loadu_ps(low.as_ptr()) };
        // SAFETY: as above.
        let high = unsafe { _mm256_loadu_ps(high.as_ptr()) };
        [low, high]
    }
    #[inline(always)]
    fn load_f16(self, bytes: &[u8; 2 * LANES]) -> [__m256; 2] {
        let (low, high) = bytes.split_at(16);
        // SAFETY: each half has the 16 bytes, and the load needs no alignment.
        let low = unsafe { _mm_loadu_si128(low.as_ptr().cast()) };
        // SAFETY: as above.
        let high = unsafe { _mm_loadu_si128(high.as_ptr().cast()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        let low = unsafe { _mm256_cvtph_ps(low) };
        // SAFETY: as above.
        let high = unsafe { _mm256_cvtph_ps(high) };
        [low, high]
    }
    #[inline(always)]
    fn store(self, numbers: [__m256; 2], place: &mut [f32; LANES]) {
        let (low, high) = place.split_at_mut(8);
        // SAFETY: each half has the 32 bytes, and the store needs no alignment.
        unsafe { _mm256_storeu_ps(low.as_mut_ptr(), numbers[0]) };
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(high.as_mut_ptr(), numbers[1]) };
    }
    #[inline(always)]
    fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the features.
        let low = unsafe { _mm256_add_ps(a[0], b[0]) };
        // SAFETY: `self` is there only where the CPU has the features.
        let high = unsafe { _mm256_add_ps(a[1], b[1]) };
        [low, high]
    }
    #[inline(always)]
    fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the features.
        let low = unsafe { _mm256_mul_ps(a[0], b[0]) };
        // SAFETY: `self` is there only where the CPU has the features.
        let high = unsafe { _mm256_mul_ps(a[1], b[1]) };
        [low, high]
    }
    #[inline(always)]
    fn mul_add(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the features.
        let low = unsafe { _mm256_fmadd_ps(a[0], b[0], c[0]) };
        // SAFETY: `self` is there only where the CPU has the features.
        let high = unsafe { _mm256_fmadd_ps(a[1], b[1], c[1]) };
        [low, high]
    }
}

/// Bytes widened to 16 bits, the even and the odd ones apart.
#[target_feature(enable = "avx2")]
#[inline]
fn dot(sums: __m256i, u: __m256i, s: __m256i) -> __m256i {
    let even = _mm256_and_si256(u, _mm256_set1_epi16(255));
    let even_signed = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(s));
    let odd = _mm256_srli_epi16::<8>(u);
    let odd_signed = _mm256_srai_epi16::<8>(s);
    let even = _mm256_madd_epi16(even, even_signed);
    let odd = _mm256_madd_epi16(odd, odd_signed);
    _mm256_add_epi32(sums, _mm256_add_epi32(even, odd))
}

#[target_feature(enable = "avx2")]
#[inline]
fn shifted(bytes: __m256i, by: [u32; 2], mask: u8) -> __m256i {
    let [a, b] = by.map(u32::cast_signed);
    let by = _mm256_setr_epi32(a, a, a, a, b, b, b, b);
    _mm256_and_si256(
        _mm256_srlv_epi32(bytes, by),
        _mm256_set1_epi8(mask.cast_signed()),
    )
}

#[target_feature(enable = "avx2")]
#[inline]
fn raised(bytes: __m256i, by: u32) -> __m256i {
    _mm256_sllv_epi32(bytes, _mm256_set1_epi32(by.cast_signed()))
}

/// Each byte gets the byte of the bits that its own bit is in, and is compared with that bit.
#[target_feature(enable = "avx2")]
#[inline]
fn sixteens(bits: u32) -> __m256i {
    let eights = _mm256_setr_epi64x(
        0,
        0x0101_0101_0101_0101,
        0x0202_0202_0202_0202,
        0x0303_0303_0303_0303,
    );
    let own = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits.cast_signed()), eights);
    let set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, own), own);
    _mm256_and_si256(set, _mm256_set1_epi8(16))
}

#[target_feature(enable = "avx2")]
#[inline]
fn looked_up(levels: __m128i, codes: __m256i) -> __m256i {
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(levels), codes)
}

#[target_feature(enable = "avx2")]
#[inline]
fn floats(low: __m256i, high: __m256i) -> [__m256; 2] {
    [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)]
}

#[target_feature(enable = "avx2")]
#[inline]
fn spread2(eight: __m256, a: i32, b: i32) -> [__m256; 2] {
    [
        _mm256_permutevar8x32_ps(eight, _mm256_set1_epi32(a)),
        _mm256_permutevar8x32_ps(eight, _mm256_set1_epi32(b)),
    ]
}

#[target_feature(enable = "avx2")]
#[inline]
fn spread4(eight: __m256, first: i32) -> [__m256; 2] {
    let low = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    let high = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    let first = _mm256_set1_epi32(first);
    let (low, high) = (_mm256_add_epi32(low, first), _mm256_add_epi32(high, first));
    [
        _mm256_permutevar8x32_ps(eight, low),
        _mm256_permutevar8x32_ps(eight, high),
    ]
}

#[target_feature(enable = "avx2")]
#[inline]
fn small([low, high]: [u64; 2]) -> [__m256; 2] {
    let low = _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(low.cast_signed()));
    let high = _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(high.cast_signed()));
    floats(low, high)
}

#[target_feature(enable = "f16c")]
#[inline]
pub(super) fn widen4(halves: u64) -> f32x4 {
    let mut four = [0.0; 4];
    let widened = _mm_cvtph_ps(_mm_cvtsi64_si128(halves.cast_signed()));
    // SAFETY: there is room for four numbers, and the store needs no alignment.
    unsafe { _mm_storeu_ps(four.as_mut_ptr(), widened) }
    four.into()
}
