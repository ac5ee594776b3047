//! Distances of the distributions that softmax makes of two rows.
//!
//! From log-softmax, without a clamp or an added epsilon: a probability that underflows to 0
//! contributes 0, and its logarithm stays finite.

/// Distances between two distributions.
pub(super) struct Spread {
    /// KL(reference ‖ candidate).
    pub(super) kl: f64,
    /// KL(candidate ‖ reference).
    pub(super) kl_reverse: f64,
    pub(super) total_variation: f64,
}

/// log Σ exp x in its two parts: their sum would lose the second beside a large first.
struct LogSumExp {
    largest: f64,
    /// log Σ exp (x − largest), from 0 to the logarithm of the vocabulary.
    rest: f64,
}

impl LogSumExp {
    fn of(row: &[f32]) -> Self {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let largest = f64::from(largest);
        let sum: f64 = row.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
        let rest = sum.ln();
        Self { largest, rest }
    }

    fn log_probability(&self, logit: f32) -> f64 {
        (f64::from(logit) - self.largest) - self.rest
    }
}

pub(super) fn measure(candidate: &[f32], reference: &[f32]) -> Spread {
    let candidate_total = LogSumExp::of(candidate);
    let reference_total = LogSumExp::of(reference);
    let mut spread = Spread {
        kl: 0.0,
        kl_reverse: 0.0,
        total_variation: 0.0,
    };
    for (&candidate, &reference) in candidate.iter().zip(reference) {
        let log_p = reference_total.log_probability(reference);
        let log_q = candidate_total.log_probability(candidate);
        let (p, q) = (log_p.exp(), log_q.exp());
        spread.kl += p * (log_p - log_q);
        spread.kl_reverse += q * (log_q - log_p);
        spread.total_variation += (p - q).abs() / 2.0;
    }
    spread
}
