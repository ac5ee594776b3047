//! Vectors of `wide`, whose instructions were chosen when this was compiled: what a CPU of any kind runs
//! that has none of the other sets.

use wide::{f32x4, f32x8, i16x8, i32x4, i32x8};

use super::{Isa, LANES};
use crate::formats::float::widen_f16;

/// What every CPU of the target can do.
#[derive(Clone, Copy)]
pub(in crate::kernels::fast) struct Portable;

/// The products of the even and of the odd bytes of four lanes; each pair fits 32 bits.
#[inline(always)]
fn dot4(unsigned: i32x4, signed: i32x4) -> i32x4 {
    let (u, s): (i16x8, i16x8) = (bytemuck::cast(unsigned), bytemuck::cast(signed));
    let (low, shifted): (i16x8, i16x8) = (i16x8::splat(255), u >> 8);
    let (even_signed, odd_signed): (i16x8, i16x8) = ((s << 8) >> 8, s >> 8);
    let even = (u & low).dot(even_signed);
    // The shift brings in the sign, which the mask takes off the unsigned ones again.
    let odd = (shifted & low).dot(odd_signed);
    even + odd
}

impl Isa for Portable {
    type Ints = [i32x4; 4];
    type Floats = [f32x8; 2];

    #[inline(always)]
    fn ints(self, number: i32) -> [i32x4; 4] {
        [i32x4::splat(number); 4]
    }
    #[inline(always)]
    fn load_ints(self, numbers: &[i32; LANES]) -> [i32x4; 4] {
        bytemuck::cast(*numbers)
    }
    #[inline(always)]
    fn bytes(self, bytes: &[u8; 64]) -> [i32x4; 4] {
        bytemuck::cast(*bytes)
    }
    #[inline(always)]
    fn dot(self, sums: [i32x4; 4], unsigned: [i32x4; 4], signed: [i32x4; 4]) -> [i32x4; 4] {
        let mut sums = sums;
        for (sums, (u, s)) in sums.iter_mut().zip(unsigned.into_iter().zip(signed)) {
            *sums += dot4(u, s);
        }
        sums
    }
    #[inline(always)]
    fn store_bytes(self, bytes: [i32x4; 4], place: &mut [u8; 64]) {
        *place = bytemuck::cast(bytes);
    }
    #[inline(always)]
    fn shifted(self, mut bytes: [i32x4; 4], by: [u32; 4], mask: u8) -> [i32x4; 4] {
        for (bytes, by) in bytes.iter_mut().zip(by) {
            // The shift brings in the sign, which the mask takes off again.
            *bytes = (*bytes >> by as i32) & i32x4::splat(i32::from_le_bytes([mask; 4]));
        }
        bytes
    }
    #[inline(always)]
    fn raised(self, bytes: [i32x4; 4], by: u32) -> [i32x4; 4] {
        bytes.map(|bytes| bytes << by as i32)
    }
    #[inline(always)]
    fn or(self, a: [i32x4; 4], b: [i32x4; 4]) -> [i32x4; 4] {
        [a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]]
    }
    #[inline(always)]
    fn xor(self, a: [i32x4; 4], b: [i32x4; 4]) -> [i32x4; 4] {
        [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
    }
    #[inline(always)]
    fn floats(self, numbers: [i32x4; 4]) -> [f32x8; 2] {
        let numbers: [i32x8; 2] = bytemuck::cast(numbers);
        numbers.map(f32x8::from_i32x8)
    }
    #[inline(always)]
    fn splat(self, number: f32) -> [f32x8; 2] {
        [f32x8::splat(number); 2]
    }
    #[inline(always)]
    fn four(self, numbers: f32x4) -> [f32x8; 2] {
        bytemuck::cast([numbers; 4])
    }
    #[inline(always)]
    fn spread2(self, numbers: [f32x8; 2], a: usize, b: usize) -> [f32x8; 2] {
        let numbers: [f32; LANES] = bytemuck::cast(numbers);
        [f32x8::splat(numbers[a]), f32x8::splat(numbers[b])]
    }
    #[inline(always)]
    fn spread4(self, numbers: [f32x8; 2], first: usize) -> [f32x8; 2] {
        let numbers: [f32; LANES] = bytemuck::cast(numbers);
        let mut fours = [f32x4::splat(0.0); 4];
        for (i, four) in fours.iter_mut().enumerate() {
            *four = f32x4::splat(numbers[first + i]);
        }
        bytemuck::cast(fours)
    }
    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> [f32x8; 2] {
        bytemuck::cast(*numbers)
    }
    #[inline(always)]
    fn load_f16(self, bytes: &[u8; 2 * LANES]) -> [f32x8; 2] {
        let bits: [[u8; 2]; LANES] = bytemuck::cast(*bytes);
        bytemuck::cast(bits.map(|bits| widen_f16(u16::from_le_bytes(bits))))
    }
    #[inline(always)]
    fn store(self, numbers: [f32x8; 2], place: &mut [f32; LANES]) {
        *place = bytemuck::cast(numbers);
    }
    #[inline(always)]
    fn add(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [a[0] + b[0], a[1] + b[1]]
    }
    #[inline(always)]
    fn mul(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [a[0] * b[0], a[1] * b[1]]
    }
    #[inline(always)]
    fn mul_add(self, a: [f32x8; 2], b: [f32x8; 2], c: [f32x8; 2]) -> [f32x8; 2] {
        [a[0].mul_add(b[0], c[0]), a[1].mul_add(b[1], c[1])]
    }
}
