//! Whether numbers rise or fall.

/// The rank correlation of numbers with their places (Spearman), and how many decades the median
/// of the last quarter is above that of the first. Numbers are positive.
pub(super) fn trend(numbers: &[f64]) -> (f64, f64) {
    let quarter = (numbers.len() / 4).max(1).min(numbers.len());
    let first = median(&numbers[..quarter]);
    let last = median(&numbers[numbers.len() - quarter..]);
    (correlation(numbers), (last / first).log10())
}

/// The middle one, the upper of two; NaN of none.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Equal numbers take the ranks of their places, which hardly happens with distances.
fn correlation(numbers: &[f64]) -> f64 {
    let mut places: Vec<usize> = (0..numbers.len()).collect();
    places.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let middle = (numbers.len() as f64 - 1.0) / 2.0;
    let mut together = 0.0;
    let mut alone = 0.0;
    for (rank, &place) in places.iter().enumerate() {
        together += (rank as f64 - middle) * (place as f64 - middle);
        alone += (rank as f64 - middle).powi(2);
    }
    together / alone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_a_fall_and_neither() {
        let rising: Vec<f64> = (0..16).map(|i| 10f64.powi(i)).collect();
        let (rho, decades) = trend(&rising);
        assert!((rho - 1.0).abs() < 1e-12 && (decades - 12.0).abs() < 1e-9);
        let falling: Vec<f64> = rising.iter().rev().copied().collect();
        let (rho, decades) = trend(&falling);
        assert!((rho + 1.0).abs() < 1e-12 && (decades + 12.0).abs() < 1e-9);
        let (rho, decades) = trend(&[1.0, 3.0, 2.0, 4.0, 4.0, 2.0, 3.0, 1.0]);
        assert!(rho.abs() < 0.3 && decades.abs() < 0.6, "{rho} {decades}");
        assert!(trend(&[]).0.is_nan());
        assert!(median(&[]).is_nan());
    }
}
