//! Percentiles by nearest rank: the smallest of the values that so many in a hundred do not exceed.
//! Each is a value that was measured; nothing is interpolated.

use schemas::floor::Quantiles;
use schemas::number::Finite;

/// Values in ascending order.
pub struct Sorted(Vec<f64>);

impl Sorted {
    /// Sorts values, of which none is NaN.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    /// The value at rank ⌈n · percent / 100⌉, counted from 1; `None` of no values.
    pub fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }

    /// The percentiles that are stored; `None` of no values, or where one is not finite.
    pub fn quantiles(&self) -> Option<Quantiles> {
        let at = |percent| Finite::new(self.percentile(percent)?);
        Some(Quantiles {
            median: at(50)?,
            p90: at(90)?,
            p99: at(99)?,
            max: at(100)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_counted_from_one_and_rounded_up() {
        let ten = Sorted::new((1..=10).rev().map(f64::from));
        for (percent, expected) in [
            (0, 1.0),
            (10, 1.0),
            (11, 2.0),
            (50, 5.0),
            (90, 9.0),
            (99, 10.0),
            (100, 10.0),
        ] {
            assert_eq!(ten.percentile(percent), Some(expected), "{percent}");
        }
        assert_eq!(Sorted::new([7.0]).percentile(50), Some(7.0));
        assert_eq!(Sorted::new([f64::INFINITY, 1.0]).percentile(50), Some(1.0));
        assert_eq!(Sorted::new([]).percentile(50), None);
    }
}
