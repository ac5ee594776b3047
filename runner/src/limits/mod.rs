//! Which limits apply to a comparison, and the one function that tests a limit.
//!
//! The values are data: a versioned file, compiled in, with flags laid over it. What applied goes
//! into the receipt, with where each value came from.

mod metric;

use std::collections::BTreeSet;
use std::fmt;

use schemas::limits::{
    AppliedLimit, Beyond, Bound, Figure, Limit, LimitSource, LimitedMetric, LimitsFile, Rung,
};
use schemas::line::{self, MessageError};
use schemas::number::Finite;
use schemas::receipt::{LimitsFileRecord, Profile, Receipt};
use schemas::row::Metrics;

pub use metric::metric_name;
use metric::{bound_of, bound_word, unit_of, value_of};

/// The file that the profile `f32` judges by.
const SHIPPED: &str = include_str!("../../limits/f32-v1.json");

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

    /// The file that a profile judges by when none is named: `exact` compares bits, and
    /// `production` has no limits of its own until a floor is measured.
    pub fn default_file(profile: Profile) -> Option<LimitsFile> {
        (profile == Profile::F32).then(shipped)
    }

    /// What applied, for the receipt.
    pub fn applied(&self) -> &[AppliedLimit] {
        &self.applied
    }

    /// Whether there is any limit for these rungs.
    pub fn limit_any(&self, rungs: &[Rung]) -> bool {
        self.of_rungs(rungs).next().is_some()
    }

    /// The limits of these rungs that a row breaks.
    pub fn broken(&self, rungs: &[Rung], metrics: &Metrics) -> Vec<Broken> {
        self.of_rungs(rungs)
            .map(|applied| Broken {
                limit: applied.limit.clone(),
                found: value_of(applied.limit.metric, metrics),
            })
            .filter(|broken| !keeps(broken.limit.bound, broken.limit.value, broken.found))
            .collect()
    }

    fn of_rungs(&self, rungs: &[Rung]) -> impl Iterator<Item = &AppliedLimit> {
        let limits = self.applied.iter();
        limits.filter(move |applied| rungs.contains(&applied.limit.rung))
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
    parse(SHIPPED).expect("the shipped file of limits is valid: a test reads it")
}

/// Reads a file of limits, and refuses one by which everything would pass: whose bound lies on
/// the side where a metric is good, or that leaves positions without a limit.
pub fn read(text: &str) -> Result<LimitsFile, MessageError> {
    let (file, shipped) = (parse(text)?, shipped());
    if file.name == shipped.name && file.version == shipped.version && file != shipped {
        return Err(MessageError {
            path: "name".to_owned(),
            problem: format!(
                "{} version {} is the shipped file, and this is another one",
                file.name, file.version
            ),
        });
    }
    Ok(file)
}

fn parse(text: &str) -> Result<LimitsFile, MessageError> {
    let file: LimitsFile = line::read(text)?;
    check(file.limits.iter())?;
    Ok(file)
}

/// Whether limits can limit anything.
pub(crate) fn check<'a>(limits: impl Iterator<Item = &'a Limit>) -> Result<(), MessageError> {
    let bad = |path: String, problem: String| Err(MessageError { path, problem });
    let mut seen = BTreeSet::new();
    for (index, limit) in limits.enumerate() {
        let name = metric_name(limit.metric);
        let expected = bound_of(limit.metric);
        if limit.bound != expected {
            let (expected, found) = (bound_word(expected), bound_word(limit.bound));
            return bad(
                format!("limits[{index}].bound"),
                format!("{name} has a {expected} value that passes, not a {found} one"),
            );
        }
        if !seen.insert((limit.rung, limit.metric)) {
            return bad(
                format!("limits[{index}]"),
                format!("{name} is limited twice on one rung"),
            );
        }
    }
    if !seen.iter().any(|(rung, _)| *rung == Rung::Positions) {
        return bad(
            "limits".to_owned(),
            "none is for the rung `positions`: any position would pass".to_owned(),
        );
    }
    Ok(())
}

/// Every rung that limits the metric gets the value, and every position is limited by it, whatever
/// rungs the file has.
fn override_value(applied: &mut Vec<AppliedLimit>, metric: LimitedMetric, value: Finite) {
    let mut known = false;
    for limit in applied
        .iter_mut()
        .filter(|applied| applied.limit.metric == metric)
    {
        limit.limit.value = value;
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
                least_rows: None,
                beyond: Beyond::Diverged,
                unit: unit_of(metric).to_owned(),
                basis: OVERRIDE_BASIS.to_owned(),
            },
            source: LimitSource::Flag,
        });
    }
}

/// Whether a value keeps a limit. The only place where one is tested; a value that is missing or
/// NaN keeps none.
pub(crate) fn keeps(bound: Bound, value: Finite, found: Option<f64>) -> bool {
    found.is_some_and(|found| match bound {
        Bound::Largest => found <= value.get(),
        Bound::Smallest => found >= value.get(),
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
            // All digits: a value just beyond its limit must not look like it.
            Some(found) => write!(f, "{name} is {found:e}, ")?,
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
            figure: Figure::Value,
            bound,
            value: finite(0.5),
            least_rows: None,
            beyond: Beyond::Diverged,
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
        let keeps = |bound, found| keeps(bound, finite(0.5), found);
        for bound in [Bound::Largest, Bound::Smallest] {
            assert!(keeps(bound, Some(0.5)));
            assert!(!keeps(bound, Some(f64::NAN)));
            assert!(!keeps(bound, None));
        }
        assert!(!keeps(Bound::Largest, Some(0.6)));
        assert!(!keeps(Bound::Smallest, Some(0.4)));
    }

    #[test]
    fn an_override_decides() {
        let reference = [1.0, 2.0, 3.0, 4.0];
        let candidate = [1.0, 2.0, 3.0, 4.2];
        let metrics = compare(&candidate, &reference).metrics.expect("finite");
        let judge = |profile, value| {
            let overrides = [(LimitedMetric::Cosine, finite(value))];
            let file = Limits::default_file(profile);
            Limits::new(file.as_ref(), &overrides).broken(&[Rung::Positions], &metrics)
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
    }

    fn refusal(limits: &[Limit]) -> String {
        let mut file = shipped();
        file.limits = limits.to_vec();
        let text = serde_json::to_string(&file).expect("JSON");
        read(&text).expect_err("refused").to_string()
    }

    #[test]
    fn a_file_by_which_everything_passes_is_refused() {
        let none = refusal(&[]);
        assert!(
            none.contains("`limits`") && none.contains("positions"),
            "{none}"
        );
        let decode = Limit {
            rung: Rung::Decode,
            ..limit(Bound::Smallest)
        };
        let decode_alone = refusal(&[decode]);
        assert!(decode_alone.contains("positions"), "{decode_alone}");
        let reversed = refusal(&[limit(Bound::Smallest), limit(Bound::Largest)]);
        assert_eq!(
            reversed,
            "field `limits[1].bound`: cosine has a smallest value that passes, not a largest one"
        );
    }
}
