//! Scores of attention become weights.

use std::ops::Range;

use super::Fast;
use super::exp::exp;
use super::isa::{Isa, LANES, Task};

/// What the weights of a row are in proportion to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whole {
    /// The largest score, whose weight is 1.
    pub largest: f32,
    /// The sum of the weights.
    pub sum: f32,
}

/// `weight = exp(scale · score - largest)`, and 0 outside of what is seen.
pub struct Weigh<'a> {
    /// Whole vectors of sixteen, whose place the weights take.
    pub scores: &'a mut [f32],
    /// What scores are multiplied with.
    pub scale: f32,
    /// Which of them count.
    pub seen: Range<usize>,
}

impl Weigh<'_> {
    /// Computes it.
    pub fn run(self, fast: Fast) -> Whole {
        fast.run(self)
    }
}

impl Task for Weigh<'_> {
    type Output = Whole;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Whole {
        let Self {
            scores,
            scale,
            seen,
        } = self;
        assert!(scores.len().is_multiple_of(LANES), "whole vectors");
        for score in scores.iter_mut() {
            *score *= scale;
        }
        scores[..seen.start].fill(f32::NEG_INFINITY);
        scores[seen.end..].fill(f32::NEG_INFINITY);
        let mut largest = [f32::NEG_INFINITY; LANES];
        for sixteen in scores.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                largest[lane] = larger(sixteen[lane], largest[lane]);
            }
        }
        let largest = halved(largest, larger);
        if seen.is_empty() {
            scores.fill(0.0);
            return Whole { largest, sum: 0.0 };
        }
        let mut sums = [0.0; LANES];
        for sixteen in scores.as_chunks_mut::<LANES>().0 {
            for lane in 0..LANES {
                sixteen[lane] = exp(sixteen[lane] - largest);
            }
            for lane in 0..LANES {
                sums[lane] += sixteen[lane];
            }
        }
        Whole {
            largest,
            sum: isa.sum(isa.load(&sums)),
        }
    }
}

/// What all lanes come to, each with the one half of them away.
#[inline(always)]
fn halved(mut lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = join(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// A single instruction; what is no number is passed over.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With each set, which come to the same but for the order of the sum.
    fn weigh(numbers: &mut [f32], scale: f32, seen: Range<usize>) -> Whole {
        let with = |fast: Fast| {
            let mut scores = numbers.to_vec();
            let weigh = Weigh {
                scores: &mut scores,
                scale,
                seen: seen.clone(),
            };
            let whole = weigh.run(fast);
            let bits: Vec<u32> = scores.iter().map(|weight| weight.to_bits()).collect();
            (whole, scores, bits)
        };
        let (whole, weights, bits) = with(Fast::detect());
        for fast in Fast::available() {
            let (of_other, others, bits_of_other) = with(fast);
            let is_nan = weights.iter().any(|weight| weight.is_nan());
            assert!(
                is_nan || bits_of_other == bits,
                "{}: {others:?}",
                fast.name()
            );
            assert_eq!(of_other.largest, whole.largest, "{}", fast.name());
            let apart = (of_other.sum - whole.sum).abs();
            assert!(is_nan || apart <= 1e-6 * whole.sum, "{}", fast.name());
        }
        numbers.copy_from_slice(&weights);
        whole
    }

    #[test]
    fn weights_are_exponentials_and_zero_where_nothing_is_seen() {
        for n in [16, 48] {
            for seen in [0..1, 0..n, 3..n - 2, 5..6, 7..7] {
                let scores: Vec<f32> = (0..n).map(|i| (i * 7 % 5) as f32).collect();
                let mut weights = scores.clone();
                let whole = weigh(&mut weights, 0.5, seen.clone());
                let largest = scores[seen.clone()]
                    .iter()
                    .fold(f32::NEG_INFINITY, |a, &b| a.max(b));
                assert_eq!(whole.largest, 0.5 * largest, "{n}, {seen:?}");
                let sum: f32 = weights.iter().sum();
                assert!((sum - whole.sum).abs() < 1e-5, "{n}, {seen:?}: {sum}");
                for (i, (weight, score)) in weights.iter().zip(&scores).enumerate() {
                    let expected = if seen.contains(&i) {
                        (0.5 * (score - largest)).exp()
                    } else {
                        0.0
                    };
                    assert!(
                        (weight - expected).abs() < 1e-6,
                        "{i} of {seen:?}: {weight}"
                    );
                }
            }
        }
    }

    #[test]
    fn huge_scores_do_not_overflow_and_what_is_no_number_shows() {
        let mut weights = [-1e30; 16];
        (weights[0], weights[1]) = (1e30, 1e30);
        assert_eq!(weigh(&mut weights, 1.0, 0..16).sum, 2.0);
        assert_eq!(weights[..3], [1.0, 1.0, 0.0]);
        let mut weights = [0.0; 16];
        weights[3] = f32::NAN;
        assert!(weigh(&mut weights, 1.0, 0..16).sum.is_nan());
    }
}
