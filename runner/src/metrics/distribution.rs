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

/// log Σ exp x.
fn log_sum_exp(row: &[f32]) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let largest = f64::from(largest);
    let sum: f64 = row.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
    largest + sum.ln()
}

pub(super) fn measure(candidate: &[f32], reference: &[f32]) -> Spread {
    let candidate_total = log_sum_exp(candidate);
    let reference_total = log_sum_exp(reference);
    let mut spread = Spread {
        kl: 0.0,
        kl_reverse: 0.0,
        total_variation: 0.0,
    };
    for (&candidate, &reference) in candidate.iter().zip(reference) {
        let log_p = f64::from(reference) - reference_total;
        let log_q = f64::from(candidate) - candidate_total;
        let (p, q) = (log_p.exp(), log_q.exp());
        spread.kl += p * (log_p - log_q);
        spread.kl_reverse += q * (log_q - log_p);
        spread.total_variation += (p - q).abs() / 2.0;
    }
    spread
}
