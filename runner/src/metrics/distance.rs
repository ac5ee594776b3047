//! Distances of the numbers themselves.

use wide::f64x2;

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

/// The square of the shift over the mean square of the candidate, or of the differences, up to which
/// the way around a second reading is taken: it takes no more than a digit from the result.
const LITTLE: f64 = 0.25;

/// Reads the rows once where the shift s is little beside them and their differences d. What is left
/// of them without it then follows from the sums over all:
///
/// ```text
/// Σ (d − s)²  = Σ d² − n s²
/// Σ (c − s) r = Σ c r − s Σ r
/// Σ (c − s)²  = Σ c² − 2 s Σ c + n s²
/// ```
///
/// A large shift would cancel their digits, and the rows are read again.
pub(super) fn measure(candidate: &[f32], reference: &[f32]) -> Distances {
    let n = reference.len() as f64;
    let sums = Sums::of(candidate, reference, 0.0);
    let raw = sums.distance(n);
    let shift = total(sums.differences) / n;
    let of_shift = n * shift * shift;
    let is_little = |beside: f64| of_shift <= LITTLE * beside;
    let shift_removed = if is_little(raw.sum_of_squares) && is_little(raw.candidate_squares) {
        let of_reference = total(sums.reference);
        let of_candidate = of_reference + total(sums.differences);
        Distance {
            max_abs: sums.max_abs(shift),
            sum_of_squares: raw.sum_of_squares - of_shift,
            dot: raw.dot - shift * of_reference,
            candidate_squares: raw.candidate_squares - 2.0 * shift * of_candidate + of_shift,
            ..raw
        }
    } else {
        Sums::of(candidate, reference, shift).distance(n)
    };
    Distances {
        raw,
        mean_difference: shift,
        shift_removed,
    }
}

/// Over a pair of rows, in two lanes each: with four, the sums do not fit into the registers that every
/// x86-64 has, and a row of 49,152 took a fifth longer.
#[derive(Default)]
struct Sums {
    differences: f64x2,
    squares: f64x2,
    dot: f64x2,
    candidate_squares: f64x2,
    reference: f64x2,
    reference_squares: f64x2,
    /// No sums: the largest difference and the smallest.
    ends: [f64x2; 2],
}

impl Sums {
    /// Of the candidate without `shift`, and the reference.
    #[inline]
    fn of(candidate: &[f32], reference: &[f32], shift: f64) -> Self {
        let (candidate, candidate_rest) = candidate.as_chunks();
        let (reference, reference_rest) = reference.as_chunks();
        let mut sums = Self {
            ends: [f64::NEG_INFINITY, f64::INFINITY].map(f64x2::splat),
            ..Self::default()
        };
        let shifts = f64x2::splat(shift);
        for (candidate, reference) in candidate.iter().zip(reference) {
            let [candidate, reference] = [candidate, reference].map(|two| two.map(f64::from));
            let difference = sums.add(f64x2::new(candidate), f64x2::new(reference), shifts);
            sums.reach(difference);
        }
        if let ([candidate], [reference]) = (candidate_rest, reference_rest) {
            // Beside it zeros, without a shift: they add nothing, but could be an end.
            let [candidate, reference, shift] =
                [f64::from(*candidate), f64::from(*reference), shift].map(|x| f64x2::new([x, 0.0]));
            let [difference, _] = sums.add(candidate, reference, shift).to_array();
            sums.reach(f64x2::splat(difference));
        }
        sums
    }

    /// Gives back the differences.
    #[inline]
    fn add(&mut self, candidate: f64x2, reference: f64x2, shift: f64x2) -> f64x2 {
        // First the difference: a shift may be less than the last bit of a logit.
        let difference = candidate - reference - shift;
        let candidate = candidate - shift;
        self.differences += difference;
        self.squares += difference * difference;
        self.dot += candidate * reference;
        self.candidate_squares += candidate * candidate;
        self.reference += reference;
        self.reference_squares += reference * reference;
        difference
    }

    #[inline]
    fn reach(&mut self, differences: f64x2) {
        let [largest, smallest] = self.ends;
        self.ends = [
            largest.fast_max(differences),
            smallest.fast_min(differences),
        ];
    }

    /// The largest magnitude of a difference once `shift` is off it. It is at one of the ends, since
    /// rounding keeps the order.
    fn max_abs(&self, shift: f64) -> f64 {
        let ends = self.ends.map(|end| (end - shift).abs().to_array());
        ends.as_flattened().iter().copied().fold(0.0, f64::max)
    }

    fn distance(&self, n: f64) -> Distance {
        Distance {
            n,
            max_abs: self.max_abs(0.0),
            sum_of_squares: total(self.squares),
            dot: total(self.dot),
            candidate_squares: total(self.candidate_squares),
            reference_squares: total(self.reference_squares),
        }
    }
}

fn total(sums: f64x2) -> f64 {
    let [even, odd] = sums.to_array();
    even + odd
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
