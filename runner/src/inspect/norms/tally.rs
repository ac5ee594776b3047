//! Bytes of floats in, statistics out.

use std::collections::HashSet;

use gguf::TensorType;
use schemas::norms::NormStatistics;
use schemas::number::Finite;

/// A type whose elements are floats one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Float {
    F32,
    F16,
    BF16,
}

impl Float {
    /// `None` for every other type.
    pub(super) fn of(tensor_type: TensorType) -> Option<Self> {
        match tensor_type {
            TensorType::F32 => Some(Self::F32),
            TensorType::F16 => Some(Self::F16),
            TensorType::BF16 => Some(Self::BF16),
            _ => None,
        }
    }

    /// Whether a type of this name is one.
    pub(super) fn is_called(name: &str) -> bool {
        let types = [TensorType::F32, TensorType::F16, TensorType::BF16];
        types.iter().any(|float| float.to_string() == name)
    }

    /// Of one element.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    /// Gives every whole element of little-endian bytes.
    pub(super) fn decode(self, bytes: &[u8], mut give: impl FnMut(f32)) {
        match self {
            Self::F32 => {
                for &element in bytes.as_chunks().0 {
                    give(f32::from_le_bytes(element));
                }
            }
            Self::F16 => {
                for &element in bytes.as_chunks().0 {
                    give(f16(u16::from_le_bytes(element)));
                }
            }
            // The first half of an F32.
            Self::BF16 => {
                for &element in bytes.as_chunks().0 {
                    give(f32::from_bits(u32::from(u16::from_le_bytes(element)) << 16));
                }
            }
        }
    }
}

/// IEEE binary16, every value of which is an f32:
/// ```text
/// sign 1 | exponent 5, biased by 15 | fraction 10
/// ```
fn f16(bits: u16) -> f32 {
    let fraction = f32::from(bits & 0x3ff);
    let size = match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        exponent => (1024.0 + fraction) * 2f32.powi(exponent - 25),
    };
    if bits >> 15 == 0 { size } else { -size }
}

/// How far different numbers are counted (`n_distinct`).
const DISTINCT_MAX: u64 = 64;

/// What is known of the elements that were seen. Sums are those of the finite ones, in f64: 2^24
/// squares of an f32 are far from its end.
#[derive(Debug)]
pub(super) struct Tally {
    n_finite: u64,
    n_non_finite: u64,
    n_non_zero: u64,
    distinct: HashSet<u32>,
    sum: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            n_finite: 0,
            n_non_finite: 0,
            n_non_zero: 0,
            distinct: HashSet::new(),
            sum: 0.0,
            squares: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, value: f32) {
        if !value.is_finite() {
            self.n_non_finite += 1;
            return;
        }
        if (self.distinct.len() as u64) < DISTINCT_MAX {
            // The sum of the two zeros is the positive one.
            self.distinct.insert((value + 0.0).to_bits());
        }
        let value = f64::from(value);
        self.n_finite += 1;
        self.n_non_zero += u64::from(value != 0.0);
        self.sum += value;
        self.squares += value * value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    pub(super) fn statistics(&self) -> NormStatistics {
        // Without a finite element these are NaN and the infinities, and so are absent.
        let n = self.n_finite as f64;
        NormStatistics {
            n_non_finite: self.n_non_finite,
            n_non_zero: self.n_non_zero,
            n_distinct: self.distinct.len() as u64,
            rms: Finite::new((self.squares / n).sqrt()),
            mean: Finite::new(self.sum / n),
            min: Finite::new(self.min),
            max: Finite::new(self.max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(float: Float, bytes: &[u8]) -> Vec<f32> {
        let mut values = Vec::new();
        float.decode(bytes, |value| values.push(value));
        values
    }

    #[test]
    fn decodes_each_float_type() {
        assert_eq!(decoded(Float::F32, &(-1.5f32).to_le_bytes()), [-1.5]);
        // The first sixteen bits of an f32.
        assert_eq!(decoded(Float::BF16, &[0xc0, 0xbf]), [-1.5]);
        for (bits, expected) in [
            (0x3c00, 1.0),
            (0xbe00, -1.5),
            (0x7bff, 65504.0),
            (0x0400, 2f32.powi(-14)),
            (0x0001, 2f32.powi(-24)),
            (0x03ff, 1023.0 * 2f32.powi(-24)),
            (0x8000, 0.0),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(f16(bits), expected, "{bits:04x}");
        }
        assert!(f16(0x7e00).is_nan() && f16(0xfc01).is_nan());
        assert!(f16(0x8000).is_sign_negative());
    }

    #[test]
    fn no_other_type_is_decoded() {
        for id in (0..64).filter(|id| ![0, 1, 30].contains(id)) {
            assert_eq!(Float::of(TensorType::from_id(id)), None);
        }
    }

    #[test]
    fn statistics_are_those_of_the_finite_elements() {
        let mut tally = Tally::default();
        for value in [3.0, -4.0, 0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            tally.add(value);
        }
        let statistics = tally.statistics();
        assert_eq!(statistics.n_non_finite, 3);
        assert_eq!(statistics.n_non_zero, 2);
        let get = |number: Option<Finite>| number.expect("finite").get();
        assert_eq!(get(statistics.rms), (25.0f64 / 3.0).sqrt());
        assert_eq!(get(statistics.mean), -1.0 / 3.0);
        assert_eq!((get(statistics.min), get(statistics.max)), (-4.0, 3.0));
    }

    #[test]
    fn different_numbers_are_counted_up_to_64() {
        let n_distinct = |values: &mut dyn Iterator<Item = f32>| {
            let mut tally = Tally::default();
            values.for_each(|value| tally.add(value));
            tally.statistics().n_distinct
        };
        assert_eq!(
            n_distinct(&mut [0.0, -0.0, 1.0, 1.0, f32::NAN].into_iter()),
            2
        );
        assert_eq!(n_distinct(&mut (0..63_u8).map(f32::from)), 63);
        assert_eq!(n_distinct(&mut (0..99_u8).map(f32::from)), 64);
    }

    #[test]
    fn the_largest_floats_do_not_overflow() {
        let mut tally = Tally::default();
        (0..1000).for_each(|_| tally.add(f32::MAX));
        let rms = tally.statistics().rms.expect("finite").get();
        assert!((rms / f64::from(f32::MAX) - 1.0).abs() < 1e-12, "{rms:e}");
    }

    #[test]
    fn without_a_finite_element_there_are_no_numbers() {
        let mut tally = Tally::default();
        tally.add(f32::NAN);
        let statistics = tally.statistics();
        let absent = [
            statistics.rms,
            statistics.mean,
            statistics.min,
            statistics.max,
        ];
        assert_eq!(absent, [None; 4]);
        assert_eq!(statistics.n_non_finite, 1);
    }
}
