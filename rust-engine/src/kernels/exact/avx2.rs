//! The inner loops for CPUs with AVX2.
//!
//! The integer sums are written out: sixteen 16-bit products a step by `vpmaddwd`, which adds
//! neighbours into 32 bits. No saturation can occur: two products of at most 2^15 · 127 fit
//! 24 bits, and a block adds no more than 128 of them to a lane. The float loops are those of
//! `scalar`, compiled for 256-bit registers; Rust never contracts a product and a sum into a
//! fused one, so the bits stay.
#![expect(
    unsafe_code,
    reason = "calling what is compiled for AVX2 needs the CPU to have it"
)]

use std::arch::x86_64::{
    __m256i, _mm_add_epi32, _mm_storeu_si128, _mm256_add_epi16, _mm256_add_epi32, _mm256_and_si256,
    _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_hadd_epi32, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_setzero_si256, _mm256_srli_epi16, _mm256_storeu_si256,
};

use super::{Kernels, LANES, scalar};

/// The set, if this CPU has AVX2. The functions below are reachable through it alone.
pub(super) fn kernels() -> Option<Kernels> {
    is_x86_feature_detected!("avx2").then_some(Kernels {
        name: "exact-avx2",
        simd: &["avx2"],
        block_sums: |a, b, sums| {
            // SAFETY: `kernels` gives this function out only where the CPU has AVX2.
            unsafe { block_sums(a, b, sums) }
        },
        super_sums: |a, b, sums| {
            // SAFETY: `kernels` gives this function out only where the CPU has AVX2.
            unsafe { super_sums(a, b, sums) }
        },
        two_bit_sum: |codes, x| {
            // SAFETY: `kernels` gives this function out only where the CPU has AVX2.
            unsafe { two_bit_sum(codes, x) }
        },
        panel_dot: |shared, panel, results| {
            // SAFETY: `kernels` gives this function out only where the CPU has AVX2.
            unsafe { panel_dot(shared, panel, results) }
        },
        add_scaled_rows: |factors, rows, stride, sums| {
            // SAFETY: `kernels` gives this function out only where the CPU has AVX2.
            unsafe { add_scaled_rows(factors, rows, stride, sums) }
        },
    })
}

#[target_feature(enable = "avx2")]
fn load(codes: &[i16; 16]) -> __m256i {
    // SAFETY: sixteen 16-bit numbers are the 32 bytes read; the load needs no alignment.
    unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) }
}

/// The eight partial sums of one block of 32.
#[target_feature(enable = "avx2")]
fn block_lanes(a: &[i16; 32], b: &[i16; 32]) -> __m256i {
    let (a, b) = (a.as_chunks::<16>().0, b.as_chunks::<16>().0);
    _mm256_add_epi32(
        _mm256_madd_epi16(load(&a[0]), load(&b[0])),
        _mm256_madd_epi16(load(&a[1]), load(&b[1])),
    )
}

/// Four blocks at a time, so that one tree of additions serves four sums.
#[target_feature(enable = "avx2")]
fn block_sums(a: &[i16], b: &[i16], sums: &mut [i32]) {
    let (a, b) = (a.as_chunks::<32>().0, b.as_chunks::<32>().0);
    assert!(
        a.len() == b.len() && a.len() == sums.len(),
        "one sum a block"
    );
    let (quads_a, rest_a) = a.as_chunks::<4>();
    let (quads_b, rest_b) = b.as_chunks::<4>();
    let (quads_sums, rest_sums) = sums.as_chunks_mut::<4>();
    for ((a, b), sums) in quads_a.iter().zip(quads_b).zip(quads_sums) {
        let left = _mm256_hadd_epi32(block_lanes(&a[0], &b[0]), block_lanes(&a[1], &b[1]));
        let right = _mm256_hadd_epi32(block_lanes(&a[2], &b[2]), block_lanes(&a[3], &b[3]));
        // Each half of `both` holds the four blocks' sums over its half of the lanes.
        let both = _mm256_hadd_epi32(left, right);
        let four = _mm_add_epi32(
            _mm256_castsi256_si128(both),
            _mm256_extracti128_si256::<1>(both),
        );
        // SAFETY: four 32-bit numbers are the 16 bytes written; the store needs no alignment.
        unsafe { _mm_storeu_si128(sums.as_mut_ptr().cast(), four) };
    }
    for ((a, b), sum) in rest_a.iter().zip(rest_b).zip(rest_sums) {
        *sum = store(block_lanes(a, b)).iter().sum();
    }
}

#[target_feature(enable = "avx2")]
fn store(lanes: __m256i) -> [i32; 8] {
    let mut stored = [0; 8];
    // SAFETY: eight 32-bit numbers are the 32 bytes written; the store needs no alignment.
    unsafe { _mm256_storeu_si256(stored.as_mut_ptr().cast(), lanes) };
    stored
}

#[target_feature(enable = "avx2")]
fn super_sums(a: &[i16], b: &[i16], sums: &mut [[i32; 8]]) {
    let (a, b) = (a.as_chunks::<256>().0, b.as_chunks::<256>().0);
    assert!(
        a.len() == b.len() && a.len() == sums.len(),
        "eight sums a block"
    );
    for ((a, b), sums) in a.iter().zip(b).zip(sums) {
        let mut lanes = _mm256_setzero_si256();
        for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
            lanes = _mm256_add_epi32(lanes, _mm256_madd_epi16(load(a), load(b)));
        }
        *sums = store(lanes);
    }
}

#[target_feature(enable = "avx2")]
fn load_unsigned(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the 32 bytes are those read; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load_signed(bytes: &[i8; 32]) -> __m256i {
    // SAFETY: the 32 bytes are those read; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Blocks after which sums of 32 bits are emptied: a lane gets at most 16 · 3 · 128 from a block.
const BLOCKS_A_SUM: usize = 1024;

/// `vpmaddubsw` saturates at 16 bits, and sums of four of them would wrap: but codes are at most 3
/// and numbers at least -128, so that two products are within 768 and eight within 3072.
#[target_feature(enable = "avx2")]
fn two_bit_sum(codes: &[u8], x: &[i8]) -> i64 {
    let (codes, x) = (codes.as_chunks::<32>().0, x.as_chunks::<128>().0);
    assert!(codes.len() == x.len(), "128 numbers for 32 bytes");
    let (mask, ones) = (_mm256_set1_epi8(3), _mm256_set1_epi16(1));
    let mut total = 0;
    for (codes, x) in codes.chunks(BLOCKS_A_SUM).zip(x.chunks(BLOCKS_A_SUM)) {
        let mut lanes = _mm256_setzero_si256();
        for (bytes, x) in codes.iter().zip(x) {
            let (bytes, x) = (load_unsigned(bytes), x.as_chunks::<32>().0);
            // The shift is one of 16 bits: what comes in from the neighbour is masked.
            let shifted = [
                _mm256_srli_epi16::<6>(bytes),
                _mm256_srli_epi16::<4>(bytes),
                _mm256_srli_epi16::<2>(bytes),
                bytes,
            ];
            let mut sums = _mm256_setzero_si256();
            for (shifted, x) in shifted.into_iter().zip(x) {
                let codes = _mm256_and_si256(shifted, mask);
                sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(codes, load_signed(x)));
            }
            lanes = _mm256_add_epi32(lanes, _mm256_madd_epi16(sums, ones));
        }
        total += store(lanes).into_iter().map(i64::from).sum::<i64>();
    }
    total
}

#[target_feature(enable = "avx2")]
fn panel_dot(shared: &[f32], panel: &[[f32; LANES]], results: &mut [f32; LANES]) {
    scalar::panel_dot(shared, panel, results);
}

#[target_feature(enable = "avx2")]
fn add_scaled_rows(factors: &[f32], rows: &[f32], stride: usize, sums: &mut [f64]) {
    scalar::add_scaled_rows(factors, rows, stride, sums);
}
