//! A limit and the value that it is held against: the one function that tests a limit, and what is
//! said of one that is broken.

use std::fmt;

use schemas::limits::{Beyond, Bound, Figure, Limit, Widening};
use schemas::number::Finite;
use schemas::receipt::Verdict;

use super::file::is_of_case;
use super::metric::metric_name;

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
    pub(super) limit: Limit,
    pub(super) found: Option<f64>,
}

impl Broken {
    /// What it makes of a row, or of a comparison.
    pub fn verdict(&self) -> Verdict {
        match self.limit.beyond {
            Beyond::Diverged => Verdict::Diverged,
            Beyond::Drift => Verdict::Drift,
        }
    }
}

/// As ` or 1.5 times what the floor's own variants have, at most 1.5`.
pub(crate) fn widened_in_words(limit: &Limit) -> String {
    limit
        .widened
        .map_or(String::new(), |Widening { times, at_most }| {
            format!(
                " or {} times what the floor's own variants have, at most {}",
                times.get(),
                at_most.get()
            )
        })
}

/// What is said of each.
pub(crate) fn in_words(broken: &[Broken]) -> Vec<String> {
    broken.iter().map(ToString::to_string).collect()
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limit {
            metric,
            figure,
            bound,
            value,
            ..
        } = &self.limit;
        let name = metric_name(*metric);
        match figure {
            Figure::Value => f.write_str(name)?,
            Figure::Excess => write!(f, "{name} over its floor")?,
            Figure::ExcessMedian => write!(f, "the median of {name} over its floor")?,
            Figure::ExcessP99 => write!(f, "the 99th percentile of {name} over its floor")?,
            Figure::ExcessShare => write!(f, "the share of rows whose {name} is above its floor")?,
            Figure::Share => write!(f, "the share of rows that have {name}")?,
        }
        match self.found {
            // All digits: a value just beyond its limit must not look like it.
            Some(found) => write!(f, " is {found:e}, ")?,
            None if is_of_case(*figure) || *figure == Figure::Excess => {
                f.write_str(" is beyond all numbers, for the floor is 0, ")?;
            }
            None => f.write_str(" does not exist for this row, ")?,
        }
        let side = match bound {
            Bound::Largest => "at most",
            Bound::Smallest => "at least",
        };
        write!(f, "expected {side} {:e}", value.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_false_for_nan_and_for_nothing() {
        let half = Finite::new(0.5).expect("finite");
        let keeps = |bound, found| keeps(bound, half, found);
        for bound in [Bound::Largest, Bound::Smallest] {
            assert!(keeps(bound, Some(0.5)));
            assert!(!keeps(bound, Some(f64::NAN)));
            assert!(!keeps(bound, None));
        }
        assert!(!keeps(Bound::Largest, Some(0.6)));
        assert!(!keeps(Bound::Smallest, Some(0.4)));
    }
}
