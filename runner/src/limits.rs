//! Which limits apply to a comparison, and the one function that tests a limit.
//!
//! The values are data: a versioned file, compiled in, with flags laid over it. What applied goes
//! into the receipt, with where each value came from.

use std::fmt;

use schemas::limits::{AppliedLimit, Bound, Limit, LimitSource, LimitedMetric, LimitsFile, Rung};
use schemas::line::{self, MessageError};
use schemas::number::Finite;
use schemas::receipt::Profile;
use schemas::row::Metrics;

/// The file that the profile `f32` judges by.
const SHIPPED: &str = include_str!("../limits/f32-v1.json");

/// What a receipt says of a value that a flag gave.
const OVERRIDE_BASIS: &str = "given on the command line";

/// The limits of one comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    applied: Vec<AppliedLimit>,
}

/// A value given on the command line.
pub type Override = (LimitedMetric, Finite);

impl Limits {
    /// The limits of a profile: `exact` has none, for it compares bits; `f32` has the file's with
    /// the overrides; `production` has the overrides alone until a floor is measured.
    pub fn new(profile: Profile, file: &LimitsFile, overrides: &[Override]) -> Self {
        let mut applied = Vec::new();
        if profile == Profile::F32 {
            applied.extend(file.limits.iter().map(|limit| AppliedLimit {
                limit: limit.clone(),
                source: LimitSource::File,
            }));
        }
        if profile != Profile::Exact {
            for &(metric, value) in overrides {
                override_value(&mut applied, metric, value);
            }
        }
        Self { applied }
    }

    /// What applied, for the receipt.
    pub fn applied(&self) -> &[AppliedLimit] {
        &self.applied
    }

    /// The limits of these rungs that a row breaks.
    pub fn broken(&self, rungs: &[Rung], metrics: &Metrics) -> Vec<Broken> {
        let of_rungs = |applied: &&AppliedLimit| rungs.contains(&applied.limit.rung);
        self.applied
            .iter()
            .filter(of_rungs)
            .map(|applied| Broken {
                limit: applied.limit.clone(),
                found: value_of(applied.limit.metric, metrics),
            })
            .filter(|broken| !keeps(&broken.limit, broken.found))
            .collect()
    }

    /// The smallest cosine that passes, where one is asked for.
    pub fn smallest_cosine(&self) -> Option<Finite> {
        let limits = self.applied.iter().map(|applied| &applied.limit);
        let cosine = |limit: &&Limit| limit.metric == LimitedMetric::Cosine;
        limits.filter(cosine).map(|limit| limit.value).next()
    }
}

/// The shipped file.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub fn shipped() -> LimitsFile {
    read(SHIPPED).expect("the shipped file of limits is valid: a test reads it")
}

/// Reads a file of limits.
pub fn read(text: &str) -> Result<LimitsFile, MessageError> {
    line::read(text)
}

/// Every rung that limits the metric gets the value; a metric that none limits is limited at
/// every position.
fn override_value(applied: &mut Vec<AppliedLimit>, metric: LimitedMetric, value: Finite) {
    let mut known = false;
    for limit in applied
        .iter_mut()
        .filter(|applied| applied.limit.metric == metric)
    {
        limit.limit.value = value;
        limit.limit.basis = OVERRIDE_BASIS.into();
        limit.source = LimitSource::Flag;
        known = true;
    }
    if !known {
        applied.push(AppliedLimit {
            limit: Limit {
                rung: Rung::Positions,
                metric,
                bound: bound_of(metric),
                value,
                unit: unit_of(metric).to_owned(),
                basis: OVERRIDE_BASIS.to_owned(),
            },
            source: LimitSource::Flag,
        });
    }
}

fn bound_of(metric: LimitedMetric) -> Bound {
    match metric {
        LimitedMetric::Cosine | LimitedMetric::Top5Overlap | LimitedMetric::Top1Equal => {
            Bound::Smallest
        }
        LimitedMetric::Mse | LimitedMetric::Nmse | LimitedMetric::MaxAbs | LimitedMetric::Kl => {
            Bound::Largest
        }
    }
}

fn unit_of(metric: LimitedMetric) -> &'static str {
    match metric {
        LimitedMetric::Cosine => "cosine",
        LimitedMetric::Mse => "squared logit",
        LimitedMetric::Nmse => "share of the reference's mean square",
        LimitedMetric::MaxAbs => "logit",
        LimitedMetric::Kl => "nat",
        LimitedMetric::Top5Overlap | LimitedMetric::Top1Equal => "share",
    }
}

/// The name of a metric in JSON and in messages.
pub fn metric_name(metric: LimitedMetric) -> &'static str {
    match metric {
        LimitedMetric::Cosine => "cosine",
        LimitedMetric::Mse => "mse",
        LimitedMetric::Nmse => "nmse",
        LimitedMetric::MaxAbs => "max_abs",
        LimitedMetric::Kl => "kl",
        LimitedMetric::Top5Overlap => "top5_overlap",
        LimitedMetric::Top1Equal => "top1_equal",
    }
}

/// What is judged of a row: distances after the constant shift is taken out.
fn value_of(metric: LimitedMetric, metrics: &Metrics) -> Option<f64> {
    let shift_removed = &metrics.shift_removed;
    match metric {
        LimitedMetric::Cosine => shift_removed.cosine.map(Finite::get),
        LimitedMetric::Mse => Some(shift_removed.mse.get()),
        LimitedMetric::Nmse => shift_removed.nmse.map(Finite::get),
        LimitedMetric::MaxAbs => Some(shift_removed.max_abs.get()),
        LimitedMetric::Kl => Some(metrics.kl.get()),
        LimitedMetric::Top5Overlap => Some(metrics.top_k_overlap.k5.get()),
        LimitedMetric::Top1Equal => Some(f64::from(u8::from(metrics.top1_equal))),
    }
}

/// Whether a value keeps a limit. The only place where one is tested; a value that is missing or
/// NaN keeps none.
fn keeps(limit: &Limit, found: Option<f64>) -> bool {
    found.is_some_and(|found| match limit.bound {
        Bound::Largest => found <= limit.value.get(),
        Bound::Smallest => found >= limit.value.get(),
    })
}

/// A limit that is not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    limit: Limit,
    found: Option<f64>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = metric_name(self.limit.metric);
        let bound = match self.limit.bound {
            Bound::Largest => "at most",
            Bound::Smallest => "at least",
        };
        match self.found {
            Some(found) => write!(f, "{name} is {found:.3e}, ")?,
            None => write!(f, "{name} does not exist for this row, ")?,
        }
        write!(f, "expected {bound} {:e}", self.limit.value.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::compare;

    fn finite(value: f64) -> Finite {
        Finite::new(value).expect("finite")
    }

    fn limit(bound: Bound) -> Limit {
        Limit {
            rung: Rung::Positions,
            metric: LimitedMetric::Cosine,
            bound,
            value: finite(0.5),
            unit: String::new(),
            basis: String::new(),
        }
    }

    #[test]
    fn the_shipped_file_is_valid_and_has_every_rung() {
        let file = shipped();
        for rung in [Rung::FirstLogit, Rung::Positions, Rung::Decode] {
            assert!(
                file.limits.iter().any(|limit| limit.rung == rung),
                "{rung:?}"
            );
        }
        for limit in &file.limits {
            assert_eq!(limit.bound, bound_of(limit.metric), "{limit:?}");
            assert!(
                !limit.basis.is_empty() && !limit.unit.is_empty(),
                "{limit:?}"
            );
        }
    }

    #[test]
    fn a_limit_is_false_for_nan_and_for_nothing() {
        for bound in [Bound::Largest, Bound::Smallest] {
            assert!(keeps(&limit(bound), Some(0.5)));
            assert!(!keeps(&limit(bound), Some(f64::NAN)));
            assert!(!keeps(&limit(bound), None));
        }
        assert!(!keeps(&limit(Bound::Largest), Some(0.6)));
        assert!(!keeps(&limit(Bound::Smallest), Some(0.4)));
    }

    #[test]
    fn an_override_decides() {
        let reference = [1.0, 2.0, 3.0, 4.0];
        let candidate = [1.0, 2.0, 3.0, 4.2];
        let metrics = compare(&candidate, &reference).metrics.expect("finite");
        let judge = |profile, value| {
            let overrides = [(LimitedMetric::Cosine, finite(value))];
            Limits::new(profile, &shipped(), &overrides).broken(&[Rung::Positions], &metrics)
        };
        assert!(judge(Profile::Production, 0.99).is_empty());
        let broken = judge(Profile::Production, 0.99999);
        assert!(
            broken[0].to_string().starts_with("cosine is"),
            "{}",
            broken[0]
        );
        assert!(
            judge(Profile::F32, 0.99)
                .iter()
                .all(|b| b.limit.metric != LimitedMetric::Cosine)
        );
        assert!(
            judge(Profile::Exact, 0.99999).is_empty(),
            "bits are compared there"
        );
    }
}
