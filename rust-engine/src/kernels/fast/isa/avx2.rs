//! Two 256-bit registers for sixteen lanes; byte products by AVX-VNNI where the CPU has it, else by
//! `vpmaddwd` on bytes widened to 16 bits. (`vpmaddubsw` would saturate: 2 · 255 · 127 has 17 bits.)
#![expect(unsafe_code, reason = "instructions that not every x86-64 CPU has")]

use std::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T1, _mm_loadu_si128, _mm_prefetch, _mm_set1_ps, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_si256, _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_dpbusd_avx_epi32,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_mul_ps,
    _mm256_set_m128, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_slli_epi16, _mm256_srai_epi16, _mm256_srli_epi16, _mm256_storeu_ps,
};

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
    fn two_bits(self, bytes: [__m256i; 2], place: usize) -> [__m256i; 2] {
        // SAFETY: `self` is there only where the CPU has the features.
        let low = unsafe { two_bits(bytes[0], place) };
        // SAFETY: `self` is there only where the CPU has the features.
        let high = unsafe { two_bits(bytes[1], place) };
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
    fn spread2(self, [a, b]: [f32; 2]) -> [__m256; 2] {
        [self.splat(a)[0], self.splat(b)[0]]
    }
    #[inline(always)]
    fn spread4(self, [a, b, c, d]: [f32; 4]) -> [__m256; 2] {
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { spread4(a, b, c, d) }
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

/// What a shift of 16 bits brings in from the neighbour is masked.
#[target_feature(enable = "avx2")]
#[inline]
fn two_bits(bytes: __m256i, place: usize) -> __m256i {
    let shifted = match place {
        0 => bytes,
        1 => _mm256_srli_epi16::<2>(bytes),
        2 => _mm256_srli_epi16::<4>(bytes),
        _ => _mm256_srli_epi16::<6>(bytes),
    };
    _mm256_and_si256(shifted, _mm256_set1_epi8(3))
}

#[target_feature(enable = "avx2")]
#[inline]
fn floats(low: __m256i, high: __m256i) -> [__m256; 2] {
    [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)]
}

#[target_feature(enable = "avx2")]
#[inline]
fn spread4(a: f32, b: f32, c: f32, d: f32) -> [__m256; 2] {
    [
        _mm256_set_m128(_mm_set1_ps(b), _mm_set1_ps(a)),
        _mm256_set_m128(_mm_set1_ps(d), _mm_set1_ps(c)),
    ]
}
