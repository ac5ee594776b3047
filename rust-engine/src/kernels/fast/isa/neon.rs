//! Four 128-bit registers for sixteen lanes; byte products by `sdot`, which adds four of them to 32 bits
//! and saturates nowhere.
//!
//! NEON and the widening of F16 numbers (`fcvtl`) are in every CPU of this kind; the dot product came later
//! and is looked for. It multiplies bytes of one sign only, so that unsigned ones are taken less 128:
//!
//! ```text
//! Σ u · s = Σ (u - 128) · s - Σ -128 · s
//! ```
//! The second sum depends on the signed bytes alone: where they are the same for all lanes, as in tiles, the
//! compiler computes it once. What has no stable names is written as assembly.
//!
//! It was compiled, and its tests were run under an emulator. It was never timed: nobody had the hardware.
#![expect(unsafe_code, reason = "instructions that not every ARM CPU has")]

use std::arch::aarch64::{
    float32x4_t, int32x4_t, uint8x16_t, vaddq_f32, vaddvq_f32, vandq_u8, vcvtq_f32_s32,
    vdupq_n_f32, vdupq_n_s8, vdupq_n_s32, vdupq_n_u8, vdupq_n_u32, veorq_s32, vfmaq_f32, vld1q_f32,
    vld1q_s32, vld1q_u8, vld1q_u32, vmulq_f32, vorrq_s32, vqtbl1q_u8, vreinterpretq_s32_u8,
    vreinterpretq_u8_s32, vreinterpretq_u32_u64, vreinterpretq_u64_u32, vshlq_u8, vst1q_f32,
    vst1q_s32, vst1q_u32, vsubq_s32, vtrn1q_u32, vtrn1q_u64, vtrn2q_u32, vtrn2q_u64,
};
use std::arch::asm;

use super::{Isa, LANES, Task};
use wide::f32x4;

/// A CPU with NEON's dot product.
#[derive(Clone, Copy)]
pub(in crate::kernels::fast) struct Neon(());

impl Neon {
    /// If this CPU is one.
    pub(in crate::kernels::fast) fn detect() -> Option<Self> {
        let has = std::arch::is_aarch64_feature_detected!("neon")
            && std::arch::is_aarch64_feature_detected!("dotprod");
        has.then_some(Self(()))
    }

    /// Does a task with these instructions.
    pub(in crate::kernels::fast) fn run<T: Task>(self, task: T) -> T::Output {
        // SAFETY: `self` is there only where the CPU has these features.
        unsafe { compiled(self, task) }
    }
}

#[target_feature(enable = "neon,dotprod")]
fn compiled<T: Task>(isa: Neon, task: T) -> T::Output {
    task.run(isa)
}

/// What is done to each of four registers.
#[inline(always)]
fn each<T>(register: impl Fn(usize) -> T) -> [T; 4] {
    [register(0), register(1), register(2), register(3)]
}

/// Four floats in each of four registers.
type Floats = [float32x4_t; 4];
/// Four 32-bit integers in each of four registers.
type Ints = [int32x4_t; 4];

impl Isa for Neon {
    type Ints = Ints;
    type Floats = Floats;

    #[inline(always)]
    fn ints(self, number: i32) -> Ints {
        // SAFETY: `self` is there only where the CPU has the feature.
        [unsafe { vdupq_n_s32(number) }; 4]
    }
    #[inline(always)]
    fn load_ints(self, numbers: &[i32; LANES]) -> Ints {
        let fours = numbers.as_chunks::<4>().0;
        each(|i| {
            // SAFETY: as above; the four numbers are there.
            unsafe { vld1q_s32(fours[i].as_ptr()) }
        })
    }
    #[inline(always)]
    fn bytes(self, bytes: &[u8; 64]) -> Ints {
        let sixteens = bytes.as_chunks::<16>().0;
        each(|i| {
            // SAFETY: as above; the sixteen bytes are there, and the load needs no alignment.
            unsafe { vld1q_s32(sixteens[i].as_ptr().cast()) }
        })
    }
    #[inline(always)]
    fn prefetch(self, bytes: &[u8], ahead: usize) {
        let address = bytes.as_ptr().wrapping_add(ahead);
        // SAFETY: nothing is read that the program could see, so that any address will do.
        unsafe {
            asm!(
                "prfm pldl2keep, [{address}]",
                address = in(reg) address,
                options(nostack, readonly, preserves_flags),
            );
        }
    }
    #[inline(always)]
    fn dot(self, sums: Ints, unsigned: Ints, signed: Ints) -> Ints {
        // SAFETY: `self` is there only where the CPU has the features.
        unsafe { dot(sums, unsigned, signed) }
    }
    #[inline(always)]
    fn store_bytes(self, bytes: Ints, place: &mut [u8; 64]) {
        let sixteens = place.as_chunks_mut::<16>().0;
        for i in 0..4 {
            // SAFETY: `self` is there only where the CPU has the feature; there is room for sixteen
            // bytes, and the store needs no alignment.
            unsafe { vst1q_s32(sixteens[i].as_mut_ptr().cast(), bytes[i]) }
        }
    }
    #[inline(always)]
    fn shifted(self, bytes: Ints, by: [u32; 4], mask: u8) -> Ints {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { shifted(bytes, by, mask) }
    }
    #[inline(always)]
    fn raised(self, bytes: Ints, by: u32) -> Ints {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { raised(bytes, by) }
    }
    #[inline(always)]
    fn or(self, a: Ints, b: Ints) -> Ints {
        each(|i| {
            // SAFETY: `self` is there only where the CPU has the feature.
            unsafe { vorrq_s32(a[i], b[i]) }
        })
    }
    #[inline(always)]
    fn xor(self, a: Ints, b: Ints) -> Ints {
        each(|i| {
            // SAFETY: `self` is there only where the CPU has the feature.
            unsafe { veorq_s32(a[i], b[i]) }
        })
    }
    #[inline(always)]
    fn levels(self, levels: &[u8; 16], codes: Ints) -> Ints {
        // SAFETY: the sixteen bytes are there, and the load needs no alignment.
        let levels = unsafe { vld1q_u8(levels.as_ptr()) };
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { looked_up(levels, codes) }
    }
    #[inline(always)]
    fn floats(self, numbers: Ints) -> Floats {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { floats(numbers) }
    }
    #[inline(always)]
    fn splat(self, number: f32) -> Floats {
        // SAFETY: `self` is there only where the CPU has the feature.
        [unsafe { vdupq_n_f32(number) }; 4]
    }
    #[inline(always)]
    fn four(self, numbers: f32x4) -> Floats {
        let numbers = numbers.to_array();
        // SAFETY: `self` is there only where the CPU has the feature; the four numbers are there.
        [unsafe { vld1q_f32(numbers.as_ptr()) }; 4]
    }
    #[inline(always)]
    fn spread2(self, numbers: Floats, a: usize, b: usize) -> Floats {
        let mut lanes = [0.0; LANES];
        self.store(numbers, &mut lanes);
        let [a, b] = [self.splat(lanes[a])[0], self.splat(lanes[b])[0]];
        [a, a, b, b]
    }
    #[inline(always)]
    fn spread4(self, numbers: Floats, first: usize) -> Floats {
        let mut lanes = [0.0; LANES];
        self.store(numbers, &mut lanes);
        each(|i| self.splat(lanes[first + i])[0])
    }
    #[inline(always)]
    fn widen4(self, halves: u64) -> f32x4 {
        let mut four = [0.0; 4];
        // SAFETY: `self` is there only where the CPU has the feature; there is room for four numbers.
        unsafe { vst1q_f32(four.as_mut_ptr(), widen4(halves)) }
        four.into()
    }
    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> Floats {
        let fours = numbers.as_chunks::<4>().0;
        each(|i| {
            // SAFETY: `self` is there only where the CPU has the feature; the four numbers are there.
            unsafe { vld1q_f32(fours[i].as_ptr()) }
        })
    }
    #[inline(always)]
    fn load_f16(self, bytes: &[u8; 2 * LANES]) -> Floats {
        let fours = bytes.as_chunks::<8>().0;
        each(|i| widen4(u64::from_le_bytes(fours[i])))
    }
    #[inline(always)]
    fn store(self, numbers: Floats, place: &mut [f32; LANES]) {
        let fours = place.as_chunks_mut::<4>().0;
        for i in 0..4 {
            // SAFETY: `self` is there only where the CPU has the feature; there is room for four numbers.
            unsafe { vst1q_f32(fours[i].as_mut_ptr(), numbers[i]) }
        }
    }
    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        each(|i| {
            // SAFETY: `self` is there only where the CPU has the feature.
            unsafe { vaddq_f32(a[i], b[i]) }
        })
    }
    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        each(|i| {
            // SAFETY: `self` is there only where the CPU has the feature.
            unsafe { vmulq_f32(a[i], b[i]) }
        })
    }
    #[inline(always)]
    fn mul_add(self, a: Floats, b: Floats, c: Floats) -> Floats {
        each(|i| {
            // SAFETY: `self` is there only where the CPU has the feature.
            unsafe { vfmaq_f32(c[i], a[i], b[i]) }
        })
    }
    #[inline(always)]
    fn sum(self, numbers: Floats) -> f32 {
        // SAFETY: `self` is there only where the CPU has the feature.
        unsafe { sum(numbers) }
    }

    #[inline(always)]
    fn transpose(self, rows: &[u32], stride: usize, out: &mut [[u32; LANES]; LANES]) {
        for r in (0..LANES).step_by(4) {
            for i in (0..LANES).step_by(4) {
                // SAFETY: `self` is there only where the CPU has the feature.
                unsafe { turn4(&rows[r * stride + i..], stride, &mut out[i..], r) }
            }
        }
    }
}

/// Unsigned bytes less 128 are signed, and those with their highest bit turned.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn dot(sums: Ints, unsigned: Ints, signed: Ints) -> Ints {
    let highest = vdupq_n_s32(i32::from_le_bytes([128; 4]));
    each(|i| {
        let sum = sdot(sums[i], veorq_s32(unsigned[i], highest), signed[i]);
        let too_little = sdot(vdupq_n_s32(0), highest, signed[i]);
        vsubq_s32(sum, too_little)
    })
}

/// To each lane the four products of its bytes, signed on both sides.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn sdot(mut sums: int32x4_t, a: int32x4_t, b: int32x4_t) -> int32x4_t {
    // SAFETY: the instruction changes the register of the sums alone.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// A shift to the left by less than nothing is one to the right.
#[target_feature(enable = "neon")]
#[inline]
fn shifted(bytes: Ints, by: [u32; 4], mask: u8) -> Ints {
    each(|i| {
        let by = vdupq_n_s8(-(by[i] as i8));
        let shifted = vshlq_u8(vreinterpretq_u8_s32(bytes[i]), by);
        vreinterpretq_s32_u8(vandq_u8(shifted, vdupq_n_u8(mask)))
    })
}

#[target_feature(enable = "neon")]
#[inline]
fn raised(bytes: Ints, by: u32) -> Ints {
    each(|i| {
        let raised = vshlq_u8(vreinterpretq_u8_s32(bytes[i]), vdupq_n_s8(by as i8));
        vreinterpretq_s32_u8(raised)
    })
}

#[target_feature(enable = "neon")]
#[inline]
fn looked_up(levels: uint8x16_t, codes: Ints) -> Ints {
    each(|i| vreinterpretq_s32_u8(vqtbl1q_u8(levels, vreinterpretq_u8_s32(codes[i]))))
}

#[target_feature(enable = "neon")]
#[inline]
fn floats(numbers: Ints) -> Floats {
    each(|i| vcvtq_f32_s32(numbers[i]))
}

#[target_feature(enable = "neon")]
#[inline]
fn sum([a, b, c, d]: Floats) -> f32 {
    vaddvq_f32(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)))
}

/// Four F16 numbers, the first in the lowest bits, as floats.
#[inline(always)]
fn widen4(halves: u64) -> float32x4_t {
    let floats: float32x4_t;
    // SAFETY: every CPU of this kind has the instructions; they change one register alone.
    unsafe {
        asm!(
            "fmov {floats:d}, {halves}",
            "fcvtl {floats:v}.4s, {floats:v}.4h",
            floats = lateout(vreg) floats,
            halves = in(reg) halves,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    floats
}

/// Four rows of four words, turned, from lane `r` of `out` on: pairs of rows are woven word by word, then
/// by two words.
#[target_feature(enable = "neon")]
#[inline]
fn turn4(rows: &[u32], stride: usize, out: &mut [[u32; LANES]], r: usize) {
    let mut row = [vdupq_n_u32(0); 4];
    for (r, row) in row.iter_mut().enumerate() {
        let words: &[u32; 4] = rows[r * stride..].first_chunk().expect("four words");
        // SAFETY: the four words are there.
        *row = unsafe { vld1q_u32(words.as_ptr()) };
    }
    let [a, b, c, d] = row;
    let even_ab = vreinterpretq_u64_u32(vtrn1q_u32(a, b));
    let even_cd = vreinterpretq_u64_u32(vtrn1q_u32(c, d));
    let odd_ab = vreinterpretq_u64_u32(vtrn2q_u32(a, b));
    let odd_cd = vreinterpretq_u64_u32(vtrn2q_u32(c, d));
    let turned = [
        vtrn1q_u64(even_ab, even_cd),
        vtrn1q_u64(odd_ab, odd_cd),
        vtrn2q_u64(even_ab, even_cd),
        vtrn2q_u64(odd_ab, odd_cd),
    ];
    for (out, turned) in out.iter_mut().zip(turned) {
        let place: &mut [u32; 4] = out[r..].first_chunk_mut().expect("four lanes");
        let turned = vreinterpretq_u32_u64(turned);
        // SAFETY: there is room for four words.
        unsafe { vst1q_u32(place.as_mut_ptr(), turned) }
    }
}
