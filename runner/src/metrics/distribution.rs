//! Distances of the distributions that softmax makes of two rows.
//!
//! From log-softmax, without a clamp or an added epsilon: a probability that underflows to 0
//! contributes 0, and its logarithm stays finite.
//!
//! ```text
//! a = reference − its largest       A = Σ eᵃ       p = eᵃ / A       log p = a − log A
//! b = candidate − its largest       B = Σ eᵇ       q = eᵇ / B       log q = b − log B
//!
//! KL(p ‖ q) = Σ p (log p − log q) = Σ eᵃ (a − b) / A − log (A / B)
//! TV(p, q)  = Σ |p − q| / 2       = Σ |eᵃ − eᵇ A / B| / 2A
//! ```
//!
//! One power for each number; those are kept, since A / B is known at the end only. First each
//! row's largest is taken off, then the difference: a constant shift must leave nothing behind. The
//! logarithm is one of A / B: two of equal sums, each rounded, would be 10⁻¹⁵ apart.
//!
//! The largest so far is taken off block by block; where a block has a larger one, the sums up to there
//! are lowered by it.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined gets the instructions of the loop around it"
)]

use pulp::{Arch, Simd, WithSimd};

use super::exp::exp;
use super::lanes::Lanes;

/// Behind the end of a row: so far below all f32 that its probability is 0.
const NOWHERE: f64 = -1e300;

/// Distances between two distributions.
#[derive(Debug, PartialEq)]
pub(super) struct Spread {
    /// KL(reference ‖ candidate).
    pub(super) kl: f64,
    /// KL(candidate ‖ reference).
    pub(super) kl_reverse: f64,
    pub(super) total_variation: f64,
}

impl Spread {
    /// Of equal rows: what [`measure`] finds of them.
    pub(super) const NONE: Self = Self {
        kl: 0.0,
        kl_reverse: 0.0,
        total_variation: 0.0,
    };
}

/// What is taken off the numbers of a block: the largest up to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heights {
    candidate: f64,
    reference: f64,
}

impl Heights {
    #[inline(always)]
    pub(super) fn of([candidate, reference]: [f32; 2]) -> Self {
        Self {
            candidate: f64::from(candidate),
            reference: f64::from(reference),
        }
    }

    /// What numbers without these are to be multiplied by, as if without `others`: reference's first.
    #[inline(always)]
    fn beside(self, others: Self) -> [f64; 2] {
        let mut below = Lanes::ZERO;
        below.0[0] = self.reference - others.reference;
        below.0[1] = self.candidate - others.candidate;
        let factors = exp(below).0;
        [factors[0], factors[1]]
    }
}

/// Sums over both rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    /// eᵃ
    a: Lanes,
    /// eᵇ
    b: Lanes,
    /// eᵃ (a − b)
    kl: Lanes,
    /// eᵇ (a − b)
    kl_reverse: Lanes,
}

impl Sums {
    pub(super) const NONE: Self = Self {
        a: Lanes::ZERO,
        b: Lanes::ZERO,
        kl: Lanes::ZERO,
        kl_reverse: Lanes::ZERO,
    };

    /// Gives back the powers.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        candidate: Lanes,
        reference: Lanes,
        heights: Heights,
    ) -> [Lanes; 2] {
        let a = reference - Lanes::splat(heights.reference);
        let b = candidate - Lanes::splat(heights.candidate);
        let difference = a - b;
        let powers = [exp(a), exp(b)];
        self.a += powers[0];
        self.b += powers[1];
        self.kl += powers[0] * difference;
        self.kl_reverse += powers[1] * difference;
        powers
    }

    /// Less than a vector, and nothing beside it.
    #[inline(always)]
    pub(super) fn add_some(
        &mut self,
        candidate: &[f32],
        reference: &[f32],
        heights: Heights,
    ) -> [Lanes; 2] {
        let candidate = Lanes::of_some(candidate, NOWHERE);
        let reference = Lanes::of_some(reference, NOWHERE);
        self.add(candidate, reference, heights)
    }

    /// From the heights up to a block to its own.
    #[inline(always)]
    pub(super) fn rise(&mut self, from: Heights, to: Heights) {
        let [by_a, by_b] = from.beside(to);
        let (by_a, by_b) = (Lanes::splat(by_a), Lanes::splat(by_b));
        let apart = (from.reference - to.reference) - (from.candidate - to.candidate);
        self.kl = (self.kl + Lanes::splat(apart) * self.a) * by_a;
        self.kl_reverse = (self.kl_reverse + Lanes::splat(apart) * self.b) * by_b;
        self.a = self.a * by_a;
        self.b = self.b * by_b;
    }
}

/// Takes the sums over finite rows, their powers, and the heights of each block of so many powers.
pub(super) fn measure(
    arch: Arch,
    sums: &Sums,
    powers: &[[Lanes; 2]],
    (heights, in_a_block): (&[Heights], usize),
) -> Spread {
    let [sum_a, sum_b] = [sums.a, sums.b].map(Lanes::total);
    let ratio = sum_a / sum_b;
    let differences = arch.dispatch(Apart {
        powers,
        heights,
        in_a_block,
        ratio,
    });
    Spread {
        kl: sums.kl.total() / sum_a - ratio.ln(),
        kl_reverse: ratio.ln() - sums.kl_reverse.total() / sum_b,
        total_variation: differences.total() / (2.0 * sum_a),
    }
}

/// Σ |eᵃ − eᵇ A / B|
struct Apart<'a> {
    powers: &'a [[Lanes; 2]],
    heights: &'a [Heights],
    in_a_block: usize,
    ratio: f64,
}

impl WithSimd for Apart<'_> {
    type Output = Lanes;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Lanes {
        let mut sum = Lanes::ZERO;
        let Some(&last) = self.heights.last() else {
            return sum;
        };
        let blocks = self.powers.chunks(self.in_a_block);
        for (powers, heights) in blocks.zip(self.heights) {
            let [of_a, of_b] = heights.beside(last);
            let (of_a, of_b) = (Lanes::splat(of_a), Lanes::splat(of_b * self.ratio));
            for &[a, b] in powers {
                sum += (a * of_a - b * of_b).abs();
            }
        }
        sum
    }
}
