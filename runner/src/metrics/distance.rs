//! Distances of the numbers themselves.

/// Sums over one pair of rows.
pub(super) struct Distance {
    n: f64,
    pub(super) max_abs: f64,
    pub(super) sum_of_squares: f64,
    pub(super) mean_difference: f64,
    dot: f64,
    candidate_squares: f64,
    reference_squares: f64,
}

/// Measures candidate minus `shift` against reference.
pub(super) fn measure(candidate: &[f32], reference: &[f32], shift: f64) -> Distance {
    let mut sums = Distance {
        n: reference.len() as f64,
        max_abs: 0.0,
        sum_of_squares: 0.0,
        mean_difference: 0.0,
        dot: 0.0,
        candidate_squares: 0.0,
        reference_squares: 0.0,
    };
    for (&candidate, &reference) in candidate.iter().zip(reference) {
        let (candidate, reference) = (f64::from(candidate), f64::from(reference));
        // First the difference: a shift may be less than the last bit of a logit.
        let difference = candidate - reference - shift;
        let candidate = candidate - shift;
        sums.max_abs = sums.max_abs.max(difference.abs());
        sums.sum_of_squares += difference * difference;
        sums.mean_difference += difference;
        sums.dot += candidate * reference;
        sums.candidate_squares += candidate * candidate;
        sums.reference_squares += reference * reference;
    }
    sums.mean_difference /= sums.n;
    sums
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
