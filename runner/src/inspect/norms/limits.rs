//! The limits of norm weights: a versioned file, compiled in, or one that the user names.

use schemas::limits::Bound;
use schemas::line::{self, MessageError};
use schemas::norms::{NormLimit, NormLimitsFile, NormMetric, Severity};

/// The file that is used unless another is named.
const SHIPPED: &str = include_str!("../../../limits/norms-v1.json");

/// The shipped file.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub fn shipped() -> NormLimitsFile {
    read(SHIPPED).expect("the shipped file of norm limits is valid: a test reads it")
}

/// Reads a file of limits, and refuses one by which broken weights would pass: with a bound on the
/// side where its metric is good, or that lets any family have NaNs or be of any type.
pub fn read(text: &str) -> Result<NormLimitsFile, MessageError> {
    let file: NormLimitsFile = line::read(text)?;
    let refuse = |path: String, problem: String| Err(MessageError { path, problem });
    for (index, limit) in file.limits.iter().enumerate() {
        if let Some(expected) = bound_of(limit.metric).filter(|&bound| bound != limit.bound) {
            return refuse(
                format!("limits[{index}].bound"),
                format!(
                    "{} takes {expected:?}, found {:?}",
                    word(limit.metric),
                    limit.bound
                ),
            );
        }
    }
    for needed in [NormMetric::Quantised, NormMetric::NonFinite] {
        let holds = |limit: &NormLimit| {
            limit.metric == needed
                && limit.family.is_none()
                && limit.norm.is_none()
                && limit.severity == Severity::Failure
        };
        if !file.limits.iter().any(holds) {
            return refuse(
                "limits".to_owned(),
                format!("no failure of {} for all families and norms", word(needed)),
            );
        }
    }
    Ok(file)
}

/// The side on which a metric is bad; an RMS can be too small and too large.
fn bound_of(metric: NormMetric) -> Option<Bound> {
    match metric {
        NormMetric::Quantised | NormMetric::NElements | NormMetric::NonFinite => {
            Some(Bound::Largest)
        }
        NormMetric::NonZero | NormMetric::NDistinct => Some(Bound::Smallest),
        NormMetric::Rms => None,
    }
}

/// A metric's name, as files have it.
pub(super) fn word(metric: NormMetric) -> &'static str {
    match metric {
        NormMetric::Quantised => "quantised",
        NormMetric::NElements => "n_elements",
        NormMetric::NonFinite => "non_finite",
        NormMetric::NonZero => "non_zero",
        NormMetric::NDistinct => "n_distinct",
        NormMetric::Rms => "rms",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_is_valid_and_says_why() {
        let file = shipped();
        for limit in &file.limits {
            assert!(
                !limit.basis.is_empty() && !limit.unit.is_empty(),
                "{limit:?}"
            );
            assert_eq!(limit.family.is_some(), limit.metric == NormMetric::Rms);
        }
        let with_limits = |family: &str| {
            let mut limits = file.limits.iter();
            limits.any(|limit| limit.family.as_deref() == Some(family))
        };
        for family in ["llama", "gemma3"] {
            assert!(with_limits(family), "{family}");
        }
        for unmeasured in &file.unmeasured {
            assert!(!with_limits(&unmeasured.family), "{unmeasured:?}");
        }
    }

    /// A family's failure lies outside its warning, else the warning is never seen.
    #[test]
    fn failures_are_further_out_than_warnings() {
        let file = shipped();
        for warning in &file.limits {
            let same = |other: &&NormLimit| {
                (&other.family, &other.norm, other.metric, other.bound)
                    == (
                        &warning.family,
                        &warning.norm,
                        warning.metric,
                        warning.bound,
                    )
                    && other.severity == Severity::Failure
            };
            if warning.metric != NormMetric::Rms || warning.severity == Severity::Failure {
                continue;
            }
            let failure = file.limits.iter().find(same).expect("a failure");
            let further = match warning.bound {
                Bound::Largest => failure.value > warning.value,
                Bound::Smallest => failure.value < warning.value,
            };
            assert!(further, "{failure:?}\n{warning:?}");
        }
    }

    fn refusal(change: impl FnOnce(&mut NormLimitsFile)) -> String {
        let mut file = shipped();
        change(&mut file);
        let text = serde_json::to_string(&file).expect("JSON");
        read(&text).expect_err("refused").to_string()
    }

    #[test]
    fn a_file_by_which_broken_weights_pass_is_refused() {
        let empty = refusal(|file| file.limits.clear());
        assert!(empty.contains("quantised"), "{empty}");
        let without = |metric| move |limit: &NormLimit| limit.metric != metric;
        let no_nan = refusal(|file| file.limits.retain(without(NormMetric::NonFinite)));
        assert!(no_nan.contains("non_finite"), "{no_nan}");
        let mild = refusal(|file| {
            for limit in &mut file.limits {
                limit.severity = Severity::Warning;
            }
        });
        assert!(mild.contains("no failure of quantised"), "{mild}");
        let reversed = refusal(|file| file.limits[0].bound = Bound::Smallest);
        assert_eq!(
            reversed,
            "field `limits[0].bound`: quantised takes Largest, found Smallest"
        );
    }
}
