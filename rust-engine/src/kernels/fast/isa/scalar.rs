//! Sixteen lanes one after another: the oracle of all others.

use wide::f32x4;

use super::{Isa, LANES};

/// What every CPU can do.
#[derive(Clone, Copy)]
pub(in crate::kernels::fast) struct Scalar;

impl Isa for Scalar {
    type Ints = [i32; LANES];
    type Floats = [f32; LANES];

    fn ints(self, number: i32) -> Self::Ints {
        [number; LANES]
    }
    fn load_ints(self, numbers: &[i32; LANES]) -> Self::Ints {
        *numbers
    }
    fn bytes(self, bytes: &[u8; 64]) -> Self::Ints {
        std::array::from_fn(|lane| {
            let four = &bytes[4 * lane..][..4];
            i32::from_le_bytes([four[0], four[1], four[2], four[3]])
        })
    }
    fn dot(self, sums: Self::Ints, unsigned: Self::Ints, signed: Self::Ints) -> Self::Ints {
        std::array::from_fn(|lane| {
            let pairs = unsigned[lane]
                .to_le_bytes()
                .into_iter()
                .zip(signed[lane].to_le_bytes());
            let products = pairs.map(|(u, s)| i32::from(u) * i32::from(s.cast_signed()));
            sums[lane].wrapping_add(products.sum())
        })
    }
    fn store_bytes(self, bytes: Self::Ints, place: &mut [u8; 64]) {
        for (four, word) in place.as_chunks_mut().0.iter_mut().zip(bytes) {
            *four = word.to_le_bytes();
        }
    }
    fn shifted(self, bytes: Self::Ints, by: [u32; 4], mask: u8) -> Self::Ints {
        std::array::from_fn(|lane| {
            let bytes = bytes[lane].to_le_bytes();
            i32::from_le_bytes(bytes.map(|byte| byte >> by[lane / 4] & mask))
        })
    }
    fn raised(self, bytes: Self::Ints, by: u32) -> Self::Ints {
        bytes.map(|word| i32::from_le_bytes(word.to_le_bytes().map(|byte| byte << by)))
    }
    fn or(self, a: Self::Ints, b: Self::Ints) -> Self::Ints {
        std::array::from_fn(|lane| a[lane] | b[lane])
    }
    fn xor(self, a: Self::Ints, b: Self::Ints) -> Self::Ints {
        std::array::from_fn(|lane| a[lane] ^ b[lane])
    }
    fn floats(self, numbers: Self::Ints) -> Self::Floats {
        numbers.map(|number| number as f32)
    }
    fn splat(self, number: f32) -> Self::Floats {
        [number; LANES]
    }
    fn four(self, numbers: f32x4) -> Self::Floats {
        let numbers = numbers.to_array();
        std::array::from_fn(|lane| numbers[lane % 4])
    }
    fn spread2(self, numbers: Self::Floats, a: usize, b: usize) -> Self::Floats {
        std::array::from_fn(|lane| numbers[if lane < 8 { a } else { b }])
    }
    fn spread4(self, numbers: Self::Floats, first: usize) -> Self::Floats {
        std::array::from_fn(|lane| numbers[first + lane / 4])
    }
    fn load(self, numbers: &[f32; LANES]) -> Self::Floats {
        *numbers
    }
    fn load_f16(self, bytes: &[u8; 2 * LANES]) -> Self::Floats {
        std::array::from_fn(|lane| {
            half::f16::from_le_bytes([bytes[2 * lane], bytes[2 * lane + 1]]).to_f32()
        })
    }
    fn store(self, numbers: Self::Floats, place: &mut [f32; LANES]) {
        *place = numbers;
    }
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }
}
