//! How a figure is distributed over all rows of a comparison: five bars to a power of ten, so that
//! ten thousand cases take no more room than one.

use std::collections::BTreeMap;

use schemas::limits::{Figure, LimitedMetric};
use schemas::number::Finite;
use schemas::receipt::{Profile, Receipt, Verdict};
use schemas::row::RowRecord;

use super::cells::Found;

/// Bars to a power of ten.
pub(super) const BARS: f64 = 5.0;

/// A figure that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    metric: LimitedMetric,
    figure: Figure,
}

/// What is drawn of a comparison in this profile.
pub(super) fn measures(profile: Profile) -> [Measure; 3] {
    let value = |title, unit, metric| Measure {
        title,
        unit,
        metric,
        figure: Figure::Value,
    };
    let excess = |title, metric| Measure {
        title,
        unit: "1 is as far as the reference is from itself",
        metric,
        figure: Figure::Excess,
    };
    let kl = value("KL divergence", "nat", LimitedMetric::Kl);
    match profile {
        Profile::Production => [
            excess("KL over its floor", LimitedMetric::Kl),
            excess("Largest difference over its floor", LimitedMetric::MaxAbs),
            kl,
        ],
        Profile::Exact | Profile::F32 => [
            value("Largest difference", "logit", LimitedMetric::MaxAbs),
            value(
                "NMSE",
                "share of the reference's mean square",
                LimitedMetric::Nmse,
            ),
            kl,
        ],
    }
}

impl Measure {
    /// Of a row; `None` where a row has no such figure.
    fn of(self, row: &RowRecord) -> Option<Found> {
        let Some(metrics) = &row.metrics else {
            return Some(Found::NoNumber);
        };
        let number =
            |value: Option<Finite>| value.map_or(Found::NoNumber, |it| Found::Number(it.get()));
        if self.figure == Figure::Excess {
            let excess = row.excess.as_ref()?;
            return Some(number(match self.metric {
                LimitedMetric::Kl => excess.kl,
                _ => excess.max_abs,
            }));
        }
        match self.metric {
            LimitedMetric::Kl => Some(Found::Number(metrics.kl.get())),
            LimitedMetric::Nmse => metrics.shift_removed.nmse.map(|it| Found::Number(it.get())),
            _ => Some(Found::Number(metrics.shift_removed.max_abs.get())),
        }
    }

    /// The limit of a position that applied, and whether breaking it means DIVERGED.
    pub(super) fn limit(self, receipt: &Receipt) -> Option<f64> {
        let mut limits = receipt.limits.iter().map(|it| &it.limit);
        let found = limits.find(|it| {
            it.metric == self.metric
                && it.figure == self.figure
                && it.rung == schemas::limits::Rung::Positions
                && it.beyond == schemas::limits::Beyond::Diverged
        });
        found.map(|it| it.value.get())
    }
}

/// How many rows lie where, and how many of them diverged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) kept: u64,
    pub(super) diverged: u64,
}

/// One figure of a comparison.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    pub(super) measure: Measure,
    pub(super) limit: Option<f64>,
    pub(super) zero: Bar,
    /// By the power of ten times [`BARS`] at which they begin.
    pub(super) bars: BTreeMap<i32, Bar>,
    pub(super) no_number: Bar,
}

impl Histogram {
    pub(super) fn new(measure: Measure) -> Self {
        Self {
            measure,
            limit: None,
            zero: Bar::default(),
            bars: BTreeMap::new(),
            no_number: Bar::default(),
        }
    }

    pub(super) fn add(&mut self, row: &RowRecord) {
        let bar = match self.measure.of(row) {
            None => return,
            Some(Found::NoNumber) => &mut self.no_number,
            Some(Found::Number(value)) if value <= 0.0 => &mut self.zero,
            Some(Found::Number(value)) => {
                // Rounding leaves KLs of 1e-17 where rows are equal but for a bit: they share a bar.
                let place = (value.log10() * BARS).floor().max(-16.0 * BARS);
                self.bars.entry(place as i32).or_default()
            }
        };
        match row.verdict {
            Verdict::Diverged => bar.diverged += 1,
            _ => bar.kept += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::testing::{Sweep, Told};

    #[test]
    fn every_row_is_in_one_bar() {
        let sweep = Sweep::of(&[Told::Same, Told::DivergedAt(1), Told::Floors(40.0)]);
        for (receipt, expected) in sweep.receipts.iter().zip([(3, 0), (1, 2), (0, 3)]) {
            for measure in measures(receipt.profile) {
                let mut histogram = Histogram::new(measure);
                receipt.rows().for_each(|row| histogram.add(row));
                let bars = histogram.bars.values();
                let all = bars.chain([&histogram.zero, &histogram.no_number]);
                let sum = all.fold((0, 0), |sum, it| (sum.0 + it.kept, sum.1 + it.diverged));
                assert_eq!(sum, expected, "{}", measure.title);
            }
        }
    }

    #[test]
    fn the_limit_is_that_which_makes_a_row_diverge() {
        let sweep = Sweep::of(&[Told::Same, Told::Floors(1.0)]);
        let limits = |case: usize| {
            let receipt = &sweep.receipts[case];
            measures(receipt.profile).map(|it| it.limit(receipt))
        };
        assert_eq!(limits(0), [None; 3], "bits are compared");
        assert_eq!(
            limits(1),
            [Some(10.0), Some(3.0), None],
            "drift is no limit"
        );
    }
}
