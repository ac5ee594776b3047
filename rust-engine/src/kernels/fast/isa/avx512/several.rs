//! What takes several instructions.

use std::arch::x86_64::{
    __m128i, __m256i, __m512, __m512i, _mm_set_epi64x, _mm512_add_epi32, _mm512_add_ps,
    _mm512_and_si512, _mm512_andnot_si512, _mm512_broadcast_i32x4, _mm512_castps_si512,
    _mm512_castsi256_si512, _mm512_castsi512_ps, _mm512_cvtepi8_epi32, _mm512_cvtepi32_epi16,
    _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_inserti64x4, _mm512_mask_broadcast_i32x4,
    _mm512_mullo_epi16, _mm512_or_si512, _mm512_permutexvar_ps, _mm512_set1_epi8,
    _mm512_set1_epi16, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_shuffle_epi8,
    _mm512_shuffle_i32x4, _mm512_slli_epi16, _mm512_slli_epi32, _mm512_sllv_epi32,
    _mm512_srli_epi16, _mm512_srli_epi32, _mm512_srlv_epi32, _mm512_sub_epi16, _mm512_sub_ps,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::LANES;

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn each_twice(first: __m128i, second: __m128i) -> __m512i {
    let first = _mm512_broadcast_i32x4(first);
    _mm512_mask_broadcast_i32x4(first, 0xff00, second)
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn both(first: __m256i, second: __m256i) -> __m512i {
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), second)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn shifted(bytes: __m512i, by: [u32; 4], mask: u8) -> __m512i {
    let [a, b, c, d] = by.map(u32::cast_signed);
    let by = _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
    let mask = _mm512_set1_epi8(mask.cast_signed());
    _mm512_and_si512(_mm512_srlv_epi32(bytes, by), mask)
}

/// Even and odd bytes apart, so that products have room.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn scaled(codes: __m512i, zero: u8, scales: __m512i) -> [__m512i; 2] {
    let (byte, zero) = (_mm512_set1_epi16(0xff), _mm512_set1_epi16(zero.into()));
    let even = _mm512_sub_epi16(_mm512_and_si512(codes, byte), zero);
    let odd = _mm512_sub_epi16(_mm512_srli_epi16::<8>(codes), zero);
    let even = _mm512_mullo_epi16(even, scales);
    let odd = _mm512_mullo_epi16(odd, scales);
    let low = _mm512_or_si512(_mm512_and_si512(even, byte), _mm512_slli_epi16::<8>(odd));
    let high = _mm512_or_si512(_mm512_srli_epi16::<8>(even), _mm512_andnot_si512(byte, odd));
    [low, high]
}

/// The rest has three bits, so that it is cut nowhere.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn cut([low, high]: [__m512; 2]) -> [__m512i; 2] {
    let first_bits = _mm512_set1_epi32(0xffff_0000_u32.cast_signed());
    let first_low = _mm512_and_si512(_mm512_castps_si512(low), first_bits);
    let first_high = _mm512_and_si512(_mm512_castps_si512(high), first_bits);
    let rest_low = _mm512_castps_si512(_mm512_sub_ps(low, _mm512_castsi512_ps(first_low)));
    let rest_high = _mm512_castps_si512(_mm512_sub_ps(high, _mm512_castsi512_ps(first_high)));
    [
        _mm512_or_si512(_mm512_srli_epi32::<16>(first_low), first_high),
        _mm512_or_si512(_mm512_srli_epi32::<16>(rest_low), rest_high),
    ]
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn joined(low: __m512i, high: __m512i) -> __m512i {
    _mm512_add_epi32(low, _mm512_slli_epi32::<8>(high))
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn widen_pairs(pairs: __m512i) -> [__m512; 2] {
    let low = _mm512_cvtepi32_epi16(pairs);
    let high = _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(pairs));
    [_mm512_cvtph_ps(low), _mm512_cvtph_ps(high)]
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn raised(bytes: __m512i, by: u32) -> __m512i {
    _mm512_sllv_epi32(bytes, _mm512_set1_epi32(by.cast_signed()))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn looked_up(levels: __m128i, codes: __m512i) -> __m512i {
    _mm512_shuffle_epi8(_mm512_broadcast_i32x4(levels), codes)
}

/// From each of four lanes to four.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn spread(sixteen: __m512, [a, b, c, d]: [usize; 4]) -> __m512 {
    let (a, b, c, d) = (a as i32, b as i32, c as i32, d as i32);
    let lanes = _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
    _mm512_permutexvar_ps(lanes, sixteen)
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn small(low: u64, high: u64) -> __m512 {
    let bytes = _mm_set_epi64x(high.cast_signed(), low.cast_signed());
    _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn sum_turned(rows: &[__m512i; LANES]) -> __m512 {
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
pub(super) fn turn(mut row: [__m512i; LANES]) -> [__m512i; LANES] {
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
