//! Which limits apply to a comparison, and what rows make of them.
//!
//! The values are data: a versioned file, compiled in, with flags laid over it. What applied goes
//! into the receipt, with where each value came from.

mod broken;
mod choice;
mod file;
mod metric;

use schemas::floor::{CaseExcess, OwnExcess, RowExcess};
use schemas::limits::{
    AppliedLimit, Beyond, Figure, Limit, LimitSource, LimitedMetric, LimitsFile, Rung,
};
use schemas::number::Finite;
use schemas::receipt::{LimitsFileRecord, Profile, Receipt};
use schemas::row::{Metrics, RowRecord};

pub use broken::Broken;
pub(crate) use broken::{in_words, keeps, widened_in_words};
pub use choice::{may_be_named, overrides, read_from};
pub(crate) use file::{check, shipped_as};
pub use file::{read, shipped};
pub use metric::metric_name;
use metric::{bound_of, needs_floor, of_case, of_row, unit_of, widened};

/// What a receipt says of a value that a flag gave.
pub(crate) const OVERRIDE_BASIS: &str = "given on the command line";

/// The limits of one comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    file: Option<LimitsFileRecord>,
    applied: Vec<AppliedLimit>,
}

/// A value given on the command line.
pub type Override = (LimitedMetric, Finite);

impl Limits {
    /// The limits of a file, if there is one, with the overrides laid over them.
    pub fn new(file: Option<&LimitsFile>, overrides: &[Override]) -> Self {
        let of_file = file.into_iter().flat_map(|file| &file.limits);
        let mut applied: Vec<_> = of_file
            .map(|limit| AppliedLimit {
                limit: limit.clone(),
                source: LimitSource::File,
            })
            .collect();
        for &(metric, value) in overrides {
            override_value(&mut applied, metric, value);
        }
        let file = file.map(|file| LimitsFileRecord {
            name: file.name.clone(),
            version: file.version,
        });
        Self { file, applied }
    }

    /// Those that a receipt says it was judged by.
    pub fn of_receipt(receipt: &Receipt) -> Self {
        Self {
            file: receipt.limits_file.clone(),
            applied: receipt.limits.clone(),
        }
    }

    /// The file that they come from, flags apart.
    pub fn file(&self) -> Option<&LimitsFileRecord> {
        self.file.as_ref()
    }

    /// The file that a profile judges by when none is named.
    pub fn default_file(profile: Profile) -> Option<LimitsFile> {
        shipped(profile)
    }

    /// What applied, for the receipt.
    pub fn applied(&self) -> &[AppliedLimit] {
        &self.applied
    }

    /// What the limits of these rungs say of a row.
    pub fn of_row(
        &self,
        rungs: &[Rung],
        metrics: &Metrics,
        excess: Option<&RowExcess>,
    ) -> RowFindings {
        let mut findings = RowFindings::default();
        let limits = self.applied.iter().map(|applied| &applied.limit);
        let of_rows =
            |limit: &&Limit| rungs.contains(&limit.rung) && !file::is_of_case(limit.figure);
        for limit in limits.filter(of_rows) {
            findings.limited = true;
            findings.flips_are_judged |= limit.metric == LimitedMetric::FlipGap;
            if excess.is_none() && needs_floor(limit) {
                findings.lacks_floor = true;
                continue;
            }
            let found = of_row(limit, metrics, excess);
            if !keeps(limit.bound, limit.value, found) {
                let side = match limit.beyond {
                    Beyond::Diverged => &mut findings.diverged,
                    Beyond::Drift => &mut findings.drift,
                };
                let limit = limit.clone();
                side.push(Broken { limit, found });
            }
        }
        findings
    }

    /// The limits of a whole comparison that its rows together break.
    pub fn broken_by_case(
        &self,
        excess: &CaseExcess,
        own: Option<&OwnExcess>,
        n_rows: u64,
    ) -> Vec<Broken> {
        let applies = |limit: &&Limit| limit.least_rows.is_none_or(|least| n_rows >= least);
        let limits = self.of_cases().filter(applies);
        let broken = limits.filter_map(|limit| {
            let found = of_case(limit, excess, n_rows);
            let value = widened(limit, own);
            let limit = Limit {
                value,
                ..limit.clone()
            };
            (!keeps(limit.bound, value, found)).then_some(Broken { limit, found })
        });
        broken.collect()
    }

    /// Whether a whole comparison is limited, which takes a floor.
    pub fn limit_cases(&self) -> bool {
        self.of_cases().next().is_some()
    }

    fn of_cases(&self) -> impl Iterator<Item = &Limit> {
        let limits = self.applied.iter().map(|applied| &applied.limit);
        limits.filter(|limit| file::is_of_case(limit.figure))
    }

    /// The smallest cosine that passes, where one is asked for.
    pub fn smallest_cosine(&self) -> Option<Finite> {
        let limits = self.applied.iter().map(|applied| &applied.limit);
        let cosine = |limit: &&Limit| {
            limit.metric == LimitedMetric::Cosine && limit.beyond == Beyond::Diverged
        };
        limits.filter(cosine).map(|limit| limit.value).next()
    }
}

/// What limits say of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowFindings {
    /// Broken limits that make it DIVERGED.
    pub diverged: Vec<Broken>,
    /// Broken limits that keep it from being MATCH.
    pub drift: Vec<Broken>,
    /// Whether any limit is for its rungs.
    pub limited: bool,
    /// Whether some limit could not be looked at, for there is no floor.
    pub lacks_floor: bool,
    /// Whether a limit says which flips of the most likely token are ties.
    pub flips_are_judged: bool,
}

/// Every rung that limits the metric gets the value, and every position is limited by it, whatever
/// rungs the file has.
fn override_value(applied: &mut Vec<AppliedLimit>, metric: LimitedMetric, value: Finite) {
    let mut known = false;
    // A value given by the user is no shade of MATCH: beyond it is DIVERGED.
    let is_value =
        |it: &&mut AppliedLimit| it.limit.metric == metric && it.limit.figure == Figure::Value;
    for limit in applied.iter_mut().filter(is_value) {
        limit.limit.value = value;
        limit.limit.beyond = Beyond::Diverged;
        limit.limit.basis = OVERRIDE_BASIS.into();
        limit.source = LimitSource::Flag;
        known |= limit.limit.rung == Rung::Positions;
    }
    if !known {
        applied.push(AppliedLimit {
            limit: Limit {
                rung: Rung::Positions,
                metric,
                figure: Figure::Value,
                bound: bound_of(metric),
                value,
                widened: None,
                least_rows: None,
                beyond: Beyond::Diverged,
                unit: unit_of(metric).to_owned(),
                basis: OVERRIDE_BASIS.to_owned(),
            },
            source: LimitSource::Flag,
        });
    }
}

/// What a limit of rows looks at in a row.
pub(crate) fn found_in(limit: &Limit, row: &RowRecord) -> Option<f64> {
    of_row(limit, row.metrics.as_ref()?, row.excess.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::compare;

    fn judge(profile: Profile, value: f64) -> RowFindings {
        let reference = [1.0, 2.0, 3.0, 4.0];
        let candidate = [1.0, 2.0, 3.0, 4.2];
        let metrics = compare(&candidate, &reference).metrics.expect("finite");
        let value = Finite::new(value).expect("finite");
        let overrides = [(LimitedMetric::Cosine, value)];
        let limits = Limits::new(Limits::default_file(profile).as_ref(), &overrides);
        limits.of_row(&[Rung::Positions], &metrics, None)
    }

    #[test]
    fn an_override_decides() {
        let production = judge(Profile::Production, 0.99);
        assert!(production.diverged.is_empty() && production.lacks_floor);
        // What only keeps a row from being MATCH when it comes from the file.
        let broken = judge(Profile::Production, 0.99999).diverged;
        let words = broken[0].to_string();
        assert!(words.starts_with("cosine is"), "{words}");
        let f32 = judge(Profile::F32, 0.99);
        let is_cosine = |broken: &Broken| broken.limit.metric == LimitedMetric::Cosine;
        assert!(!f32.diverged.iter().any(is_cosine) && f32.drift.is_empty());
    }
}
