//! Distances of the numbers themselves, from sums over a pair of rows.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined gets the instructions of the loop around it"
)]

use pulp::{Arch, Simd, WithSimd};

use super::lanes::{LANES, Lanes};

/// Sums over a reference r and its differences d from a candidate r + d. No sum is of the candidate
/// alone, which saves a product: what is asked of it follows from Σ d², Σ d r and Σ r².
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    differences: Lanes,
    squares: Lanes,
    products: Lanes,
    reference: Lanes,
    reference_squares: Lanes,
    /// No sums: the largest difference and the smallest.
    ends: [Lanes; 2],
}

impl Sums {
    pub(super) const NONE: Self = Self {
        differences: Lanes::ZERO,
        squares: Lanes::ZERO,
        products: Lanes::ZERO,
        reference: Lanes::ZERO,
        reference_squares: Lanes::ZERO,
        ends: [
            Lanes([f64::NEG_INFINITY; LANES]),
            Lanes([f64::INFINITY; LANES]),
        ],
    };

    #[inline(always)]
    pub(super) fn add(&mut self, candidate: Lanes, reference: Lanes) {
        let difference = self.add_up(candidate, reference);
        self.reach(difference);
    }

    /// Less than a vector. The zeros beside it add nothing, but could be an end.
    #[inline(always)]
    pub(super) fn add_some(&mut self, candidate: &[f32], reference: &[f32]) {
        let n = candidate.len();
        let candidate = Lanes::of_some(candidate, 0.0);
        let differences = self.add_up(candidate, Lanes::of_some(reference, 0.0));
        for lane in 0..n {
            self.reach(Lanes::splat(differences.0[lane]));
        }
    }

    #[inline(always)]
    fn add_up(&mut self, candidate: Lanes, reference: Lanes) -> Lanes {
        let difference = candidate - reference;
        self.differences += difference;
        self.squares += difference * difference;
        self.products += difference * reference;
        self.reference += reference;
        self.reference_squares += reference * reference;
        difference
    }

    #[inline(always)]
    fn reach(&mut self, differences: Lanes) {
        let [largest, smallest] = self.ends;
        self.ends = [largest.max(differences), smallest.min(differences)];
    }

    /// Whether all numbers are finite: the square of a difference of f32 numbers is, if they are.
    pub(super) fn are_finite(&self) -> bool {
        self.squares.total().is_finite()
    }

    /// The largest magnitude of a difference once `shift` is off it. It is at one of the ends, since
    /// rounding keeps the order.
    fn max_abs(&self, shift: f64) -> f64 {
        let ends = self.ends.map(|end| (end - Lanes::splat(shift)).abs().0);
        ends.as_flattened().iter().copied().fold(0.0, f64::max)
    }
}

/// What is between two rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Distance {
    n: f64,
    pub(super) max_abs: f64,
    pub(super) sum_of_squares: f64,
    dot: f64,
    candidate_squares: f64,
    reference_squares: f64,
}

/// A pair of rows as they are, and with the candidate's constant shift taken out.
#[derive(Debug, PartialEq)]
pub(super) struct Distances {
    pub(super) raw: Distance,
    pub(super) mean_difference: f64,
    pub(super) shift_removed: Distance,
}

/// How small a sum of squares may be beside what it is the rest of, and how large what is taken off it:
/// up to here a result has lost no more than a digit or two, of sixteen.
const LITTLE: f64 = 0.25;

/// Takes the sums of finite rows, and reads these once more only if digits would be lost. With c = r + d:
///
/// ```text
/// Σ c r = Σ r² + Σ d r
/// Σ c²  = Σ r² + 2 Σ d r + Σ d²
/// ```
///
/// A candidate that is far smaller than the reference would be what is left of large numbers. Without
/// the shift s, the mean of d:
///
/// ```text
/// Σ (d − s)²  = Σ d² − n s²
/// Σ (c − s) r = Σ c r − s Σ r
/// Σ (c − s)²  = Σ c² − 2 s Σ c + n s²
/// ```
///
/// A large shift would cancel their digits, too.
pub(super) fn measure(arch: Arch, sums: &Sums, candidate: &[f32], reference: &[f32]) -> Distances {
    let n = reference.len() as f64;
    let again = |shift: f64| {
        let [squares, dot, candidate_squares] =
            Again::read(arch, candidate, reference, shift).map(Lanes::total);
        Distance {
            n,
            max_abs: sums.max_abs(shift),
            sum_of_squares: squares,
            dot,
            candidate_squares,
            reference_squares: sums.reference_squares.total(),
        }
    };
    let raw = sums.raw(n).unwrap_or_else(|| again(0.0));
    let of_differences = sums.differences.total();
    let shift = of_differences / n;
    let of_shift = n * shift * shift;
    let is_little = |beside: f64| of_shift <= LITTLE * beside;
    let shift_removed = if is_little(raw.sum_of_squares) && is_little(raw.candidate_squares) {
        let of_reference = sums.reference.total();
        let of_candidate = of_reference + of_differences;
        Distance {
            max_abs: sums.max_abs(shift),
            sum_of_squares: raw.sum_of_squares - of_shift,
            dot: raw.dot - shift * of_reference,
            candidate_squares: raw.candidate_squares - 2.0 * shift * of_candidate + of_shift,
            ..raw
        }
    } else {
        again(shift)
    };
    Distances {
        raw,
        mean_difference: shift,
        shift_removed,
    }
}

impl Sums {
    /// `None` where the candidate is too small beside the reference.
    fn raw(&self, n: f64) -> Option<Distance> {
        let reference_squares = self.reference_squares.total();
        let sum_of_squares = self.squares.total();
        let products = self.products.total();
        let candidate_squares = reference_squares + 2.0 * products + sum_of_squares;
        (candidate_squares >= LITTLE * reference_squares).then(|| Distance {
            n,
            max_abs: self.max_abs(0.0),
            sum_of_squares,
            dot: reference_squares + products,
            candidate_squares,
            reference_squares,
        })
    }
}

/// A second reading: Σ (d − s)², Σ (c − s) r and Σ (c − s)² by what they say.
struct Again<'a> {
    candidate: &'a [f32],
    reference: &'a [f32],
    shift: f64,
}

impl<'a> Again<'a> {
    fn read(arch: Arch, candidate: &'a [f32], reference: &'a [f32], shift: f64) -> [Lanes; 3] {
        arch.dispatch(Self {
            candidate,
            reference,
            shift,
        })
    }
}

impl WithSimd for Again<'_> {
    type Output = [Lanes; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let mut sums = [Lanes::ZERO; 3];
        let mut add = |candidate: Lanes, reference: Lanes, shift: Lanes| {
            // First the difference: a shift may be less than the last bit of a logit.
            let difference = candidate - reference - shift;
            let candidate = candidate - shift;
            sums[0] += difference * difference;
            sums[1] += candidate * reference;
            sums[2] += candidate * candidate;
        };
        let (candidate, candidate_rest) = self.candidate.as_chunks();
        let (reference, reference_rest) = self.reference.as_chunks();
        for (candidate, reference) in candidate.iter().zip(reference) {
            add(
                Lanes::of(candidate),
                Lanes::of(reference),
                Lanes::splat(self.shift),
            );
        }
        let mut shift = Lanes::ZERO;
        shift.0[..candidate_rest.len()].fill(self.shift);
        add(
            Lanes::of_some(candidate_rest, 0.0),
            Lanes::of_some(reference_rest, 0.0),
            shift,
        );
        sums
    }
}

impl Distances {
    /// Of rows that are equal, and zeros throughout or not: what [`measure`] finds of them.
    pub(super) fn none(are_zero: bool) -> Self {
        let squares = if are_zero { 0.0 } else { 1.0 };
        let none = || Distance {
            n: 1.0,
            max_abs: 0.0,
            sum_of_squares: 0.0,
            dot: squares,
            candidate_squares: squares,
            reference_squares: squares,
        };
        Self {
            raw: none(),
            mean_difference: 0.0,
            shift_removed: none(),
        }
    }
}

impl Distance {
    /// Mean squared difference.
    pub(super) fn mse(&self) -> f64 {
        self.sum_of_squares / self.n
    }

    /// Over the mean square of the reference.
    pub(super) fn nmse(&self) -> Option<f64> {
        (self.reference_squares > 0.0).then(|| self.sum_of_squares / self.reference_squares)
    }

    /// The factor by which the reference comes nearest to the candidate.
    pub(super) fn scale(&self) -> Option<f64> {
        (self.reference_squares > 0.0).then(|| self.dot / self.reference_squares)
    }

    /// Cosine of the angle; rounding may not take it beyond 1.
    pub(super) fn cosine(&self) -> Option<f64> {
        // One root over the product: of equal rows it is exactly their sum of squares, so that
        // their cosine is exactly 1, which the product of two rounded roots is not. Sums over f32
        // numbers stay below 2^274, their product far inside f64.
        let lengths = (self.candidate_squares * self.reference_squares).sqrt();
        (lengths > 0.0).then(|| (self.dot / lengths).clamp(-1.0, 1.0))
    }
}
