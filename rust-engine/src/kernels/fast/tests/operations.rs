//! Single operations, on all lanes.

use super::{few, values};
use crate::fixture::numbers::Numbers;
use crate::kernels::fast::isa::{Isa, LANES, Task};
use crate::kernels::fast::{Fast, Mix};

/// Runs one operation on all lanes.
struct Dot {
    unsigned: [u8; 64],
    signed: [u8; 64],
}

impl Task for Dot {
    type Output = [f32; LANES];
    fn run<I: Isa>(self, isa: I) -> [f32; LANES] {
        let sums = isa.dot(
            isa.ints(-7),
            isa.bytes(&self.unsigned),
            isa.bytes(&self.signed),
        );
        let mut lanes = [0.0; LANES];
        isa.store(isa.floats(sums), &mut lanes);
        lanes
    }
}

/// 255 · 127 twice has 17 bits: `vpmaddubsw` would saturate.
#[test]
fn no_product_of_bytes_saturates() {
    for fast in Fast::available() {
        for (u, s) in [(255u8, 127i8), (255, -128), (128, -128), (0, -128), (1, 1)] {
            let dot = Dot {
                unsigned: [u; 64],
                signed: [s as u8; 64],
            };
            let expected = 4 * i32::from(u) * i32::from(s) - 7;
            assert_eq!(fast.run(dot), [expected as f32; LANES], "{}", fast.name());
        }
        let unsigned = std::array::from_fn(|i| i as u8 * 3);
        let signed = std::array::from_fn(|i| (i as u8).wrapping_mul(37));
        let found = fast.run(Dot { unsigned, signed });
        for (lane, found) in found.into_iter().enumerate() {
            let products = (4 * lane..4 * lane + 4)
                .map(|i| i32::from(unsigned[i]) * i32::from(signed[i].cast_signed()));
            assert_eq!(found, (products.sum::<i32>() - 7) as f32, "{}", fast.name());
        }
    }
}

struct Turn(Vec<u32>);

impl Task for Turn {
    type Output = [[u32; LANES]; LANES];
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let mut out = [[0; LANES]; LANES];
        isa.transpose(&self.0, 20, &mut out);
        out
    }
}

#[test]
fn a_square_of_words_is_turned() {
    for fast in Fast::available() {
        let out = fast.run(Turn((0..20 * 16).collect()));
        for (i, out) in out.iter().enumerate() {
            for (r, &word) in out.iter().enumerate() {
                assert_eq!(word, (20 * r + i) as u32, "{}", fast.name());
            }
        }
    }
}

struct Spread;

impl Task for Spread {
    type Output = [[f32; LANES]; 7];
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let mut out = [[0.0; LANES]; 7];
        let four = isa.four([9.0, 1.0, 9.0, 2.0].into());
        isa.store(isa.spread2(four, 1, 3), &mut out[0]);
        let numbers = isa.load(&std::array::from_fn(|lane| lane as f32));
        isa.store(isa.spread2(numbers, 2, 3), &mut out[1]);
        isa.store(isa.spread2(numbers, 14, 15), &mut out[2]);
        isa.store(isa.spread4(numbers, 4), &mut out[3]);
        isa.store(isa.spread4(numbers, 12), &mut out[4]);
        let bytes = [0x0706_0504_03fe_8001, 0x7f00_0000_0000_0008];
        isa.store(isa.small(bytes), &mut out[5]);
        let halves = std::array::from_fn(|i| half::f16::from_f32(i as f32 / 4.0).to_le_bytes());
        let halves: [[u8; 2]; LANES] = halves;
        let bytes = halves.as_flattened().first_chunk().expect("32 bytes");
        isa.store(isa.load_f16(bytes), &mut out[6]);
        out
    }
}

#[test]
fn numbers_are_spread_to_their_lanes() {
    for fast in Fast::available() {
        let name = fast.name();
        let [two_of_four, two, last_two, four, last_four, small, halves] = fast.run(Spread);
        for lane in 0..LANES {
            assert_eq!(two_of_four[lane], 1.0 + (lane / 8) as f32, "{name}");
            assert_eq!(two[lane], 2.0 + (lane / 8) as f32, "{name}");
            assert_eq!(last_two[lane], 14.0 + (lane / 8) as f32, "{name}");
            assert_eq!(four[lane], 4.0 + (lane / 4) as f32, "{name}");
            assert_eq!(last_four[lane], 12.0 + (lane / 4) as f32, "{name}");
            assert_eq!(halves[lane], lane as f32 / 4.0, "{name}");
        }
        let bytes = [1, -128, -2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 127];
        assert_eq!(small, bytes.map(|byte: i8| f32::from(byte)), "{name}");
    }
}

struct Widen(u64);

impl Task for Widen {
    type Output = [f32; 4];
    fn run<I: Isa>(self, isa: I) -> [f32; 4] {
        isa.widen4(self.0).to_array()
    }
}

/// Small numbers, infinity and what is no number, too.
#[test]
fn every_f16_number_is_widened() {
    for fast in Fast::available() {
        for bits in few(&(0..=u16::MAX).collect::<Vec<_>>()).iter().copied() {
            let four = [bits, !bits, 0x3c00, bits ^ 0x8000];
            let halves: u64 = bytemuck::cast(four.map(u16::to_le));
            let found = fast.run(Widen(u64::from_le(halves)));
            for (found, bits) in found.into_iter().zip(four) {
                let expected = half::f16::from_bits(bits).to_f32();
                let is_same = found.to_bits() == expected.to_bits();
                assert!(
                    is_same || found.is_nan() && expected.is_nan(),
                    "{}",
                    fast.name()
                );
            }
        }
    }
}

#[test]
fn mixed_products_are_right_for_every_shape() {
    let mut numbers = Numbers::new(9);
    for &(positions, depth, width) in few(&[
        (5, 7, 20),
        (1, 1, 1),
        (3, 64, 16),
        (12, 33, 64),
        (13, 64, 128),
        (25, 3, 79),
    ]) {
        let (x_stride, y_stride, out_stride) = (depth + 3, width + 5, width + 1);
        let x = values(&mut numbers, positions * x_stride);
        let y = values(&mut numbers, depth * y_stride + 16);
        for fast in Fast::available() {
            let mut out = vec![7.0; positions * out_stride];
            Mix {
                x: &x,
                x_stride,
                depth,
                y: &y,
                y_stride,
                out: &mut out,
                out_stride,
                width,
                positions,
            }
            .run(fast);
            for p in 0..positions {
                assert_eq!(
                    out[p * out_stride + width],
                    7.0,
                    "nothing beside it is written"
                );
                for n in 0..width {
                    let products = (0..depth)
                        .map(|k| f64::from(x[p * x_stride + k]) * f64::from(y[k * y_stride + n]));
                    let expected: f64 = products.sum();
                    let error = (f64::from(out[p * out_stride + n]) - expected).abs();
                    assert!(error < 1e-5 * (depth as f64), "{}", fast.name());
                }
            }
        }
    }
}
