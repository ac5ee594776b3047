//! From the values of rounds to figures and ratios. Pure.

use schemas::bench::{BenchFigure, BenchFigures};
use schemas::number::Finite;

use super::process::Numbers;

/// All figures of an engine, out of one or more rounds.
pub(super) fn all(rounds: &[Numbers]) -> BenchFigures {
    let figure = |value: fn(&Numbers) -> u64| of(rounds.iter().map(value).collect());
    BenchFigures {
        load_ns: figure(|it| it.load_ns),
        prefill_all_ns: figure(|it| it.prefill_all_ns),
        prefill_last_ns: figure(|it| it.prefill_last_ns),
        decode_ns: figure(|it| it.decode_ns),
        answer_ns: figure(|it| it.answer_ns),
        peak_resident_bytes: figure(|it| it.peak_resident_bytes),
        anonymous_bytes: figure(|it| it.anonymous_bytes),
    }
}

/// The figure of these values; 0 everywhere where there is none, which no reader believes.
pub(super) fn of(values: Vec<u64>) -> BenchFigure {
    let mut sorted = values.clone();
    sorted.sort_unstable();
    let middle = |index: usize| sorted.get(index).copied().unwrap_or_default();
    let (lower, upper) = (
        middle(sorted.len().saturating_sub(1) / 2),
        middle(sorted.len() / 2),
    );
    BenchFigure {
        minimum: middle(0),
        median: lower + (upper - lower) / 2,
        maximum: sorted.last().copied().unwrap_or_default(),
        values,
    }
}

/// Whether a figure that somebody stored follows from its values, as many as there were rounds, none of
/// them 0.
pub(super) fn is_sound(figure: &BenchFigure, repeat: u32) -> bool {
    let values = &figure.values;
    let count = u32::try_from(values.len());
    count == Ok(repeat)
        && !values.contains(&0)
        && !values.is_empty()
        && of(values.clone()) == *figure
}

/// One median over another. Neither is 0: see [`is_sound`] and `process`.
pub(super) fn ratio(over: u64, under: u64) -> Finite {
    let ratio = over as f64 / under as f64;
    Finite::new(ratio).expect("no figure is 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(values: &[u64]) -> [u64; 3] {
        let figure = of(values.to_vec());
        assert_eq!(figure.values, values, "in the order of the rounds");
        [figure.minimum, figure.median, figure.maximum]
    }

    #[test]
    fn the_median_is_the_one_in_the_middle_or_half_way() {
        assert_eq!(parts(&[7]), [7, 7, 7]);
        assert_eq!(parts(&[9, 1, 5]), [1, 5, 9]);
        assert_eq!(parts(&[9, 1, 5, 4]), [1, 4, 9]);
        assert_eq!(parts(&[10, 20]), [10, 15, 20]);
        assert_eq!(parts(&[u64::MAX, u64::MAX]), [u64::MAX; 3]);
    }

    #[test]
    fn only_what_follows_from_its_values_is_sound() {
        let sound = of(vec![3, 1, 2]);
        assert!(is_sound(&sound, 3));
        assert!(!is_sound(&sound, 4));
        let edited = BenchFigure { median: 1, ..sound };
        assert!(!is_sound(&edited, 3));
        assert!(!is_sound(&of(vec![0, 1, 2]), 3));
        assert!(!is_sound(&of(Vec::new()), 0));
    }

    #[test]
    fn a_ratio_of_the_double_is_two() {
        assert_eq!(ratio(6, 3).get(), 2.0);
    }
}
