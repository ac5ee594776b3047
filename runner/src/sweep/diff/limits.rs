//! Whether limits let more pass than before, or less.

use std::collections::BTreeMap;

use schemas::diff::FieldChange;
use schemas::limits::{AppliedLimit, Beyond, Bound, Figure, Limit, LimitedMetric, Rung};

use crate::limits::{keeps, metric_name, widened_in_words};

/// What of limits differs. A limit of which one part is wider and another narrower is in both.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::sweep) struct LimitChanges {
    /// Gone, or they let more pass.
    pub(in crate::sweep) loosened: Vec<FieldChange>,
    /// New, or they let less pass.
    pub(in crate::sweep) tightened: Vec<FieldChange>,
}

/// What is limited, and what it means to break it; the flag is set where the smallest value passes.
type Place = (Rung, LimitedMetric, Figure, bool, Beyond);

/// How the limits of two comparisons differ.
pub(in crate::sweep) fn changes(before: &[AppliedLimit], after: &[AppliedLimit]) -> LimitChanges {
    let (before, after) = (by_place(before), by_place(after));
    let mut changes = LimitChanges::default();
    for (place, old) in &before {
        let new = after.get(place).copied();
        if new.is_none_or(|new| is_looser(old, new)) {
            changes.loosened.push(told(old, Some(old), new));
        }
    }
    for (place, new) in &after {
        let old = before.get(place).copied();
        if old.is_none_or(|old| is_looser(new, old)) {
            changes.tightened.push(told(new, old, Some(new)));
        }
    }
    changes
}

/// Of several limits in one place the narrowest counts.
fn by_place(limits: &[AppliedLimit]) -> BTreeMap<Place, &Limit> {
    let mut by_place = BTreeMap::new();
    for AppliedLimit { limit, .. } in limits {
        let smallest = limit.bound == Bound::Smallest;
        let place = (
            limit.rung,
            limit.metric,
            limit.figure,
            smallest,
            limit.beyond,
        );
        let narrowest = by_place.entry(place).or_insert(limit);
        if is_looser(limit, narrowest) {
            *narrowest = limit;
        }
    }
    by_place
}

/// Whether `new` lets something pass that `old`, a limit of the same bound, does not.
fn is_looser(old: &Limit, new: &Limit) -> bool {
    let is_wider = !keeps(old.bound, old.value, Some(new.value.get()));
    let gives_way = |limit: &Limit| {
        let widened = limit.widened.as_ref();
        widened.map_or((0.0, 0.0), |it| (it.times.get(), it.at_most.get()))
    };
    let (before, after) = (gives_way(old), gives_way(new));
    is_wider
        || after.0 > before.0
        || after.1 > before.1
        || new.least_rows.unwrap_or(0) > old.least_rows.unwrap_or(0)
}

fn told(limit: &Limit, before: Option<&Limit>, after: Option<&Limit>) -> FieldChange {
    FieldChange {
        field: name(limit),
        before: before.map(value),
        after: after.map(value),
    }
}

fn value(limit: &Limit) -> String {
    let rows = limit.least_rows;
    let rows = rows.map_or(String::new(), |rows| format!(" from {rows} rows on"));
    format!("{}{}{rows}", limit.value.get(), widened_in_words(limit))
}

/// As `positions kl excess, at most (drift)`.
fn name(limit: &Limit) -> String {
    let rung = match limit.rung {
        Rung::FirstLogit => "first-logit",
        Rung::Positions => "positions",
        Rung::Decode => "decode",
    };
    let figure = match limit.figure {
        Figure::Value => "",
        Figure::Excess => " excess",
        Figure::ExcessMedian => " excess-median",
        Figure::ExcessP99 => " excess-p99",
        Figure::ExcessShare => " excess-share",
        Figure::Share => " share",
    };
    let side = match limit.bound {
        Bound::Largest => "at most",
        Bound::Smallest => "at least",
    };
    let beyond = match limit.beyond {
        Beyond::Diverged => "",
        Beyond::Drift => " (drift)",
    };
    let metric = metric_name(limit.metric);
    format!("{rung} {metric}{figure}, {side}{beyond}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use schemas::limits::Widening;
    use schemas::number::Finite;
    use schemas::receipt::Profile;

    fn shipped() -> Vec<AppliedLimit> {
        let file = Limits::default_file(Profile::F32);
        Limits::new(file.as_ref(), &[]).applied().to_vec()
    }

    fn edited(metric: LimitedMetric, edit: impl Fn(&mut Limit)) -> Vec<AppliedLimit> {
        let mut limits = shipped();
        let of_metric = limits.iter_mut().filter(|it| it.limit.metric == metric);
        for applied in of_metric {
            edit(&mut applied.limit);
        }
        limits
    }

    fn times(metric: LimitedMetric, factor: f64) -> Vec<AppliedLimit> {
        edited(metric, |limit| {
            limit.value = Finite::new(limit.value.get() * factor).expect("finite");
        })
    }

    fn counts(after: &[AppliedLimit]) -> (usize, usize) {
        let changes = changes(&shipped(), after);
        (changes.loosened.len(), changes.tightened.len())
    }

    #[test]
    fn the_bound_says_which_way_is_looser() {
        assert_eq!(counts(&shipped()), (0, 0));
        assert_eq!(counts(&times(LimitedMetric::Kl, 2.0)), (1, 0));
        assert_eq!(counts(&times(LimitedMetric::Kl, 0.5)), (0, 1));
        assert_eq!(counts(&times(LimitedMetric::Cosine, 0.5)), (1, 0));
        assert_eq!(counts(&times(LimitedMetric::Cosine, 1.0001)), (0, 1));
    }

    #[test]
    fn a_limit_that_is_gone_is_looser_and_words_are_nothing() {
        let without: Vec<_> = shipped().drain(1..).collect();
        assert_eq!(counts(&without), (1, 0));
        let swapped = changes(&without, &shipped());
        assert_eq!((swapped.loosened.len(), swapped.tightened.len()), (0, 1));
        let reworded = edited(LimitedMetric::Kl, |limit| {
            limit.basis = "by hand".to_owned();
        });
        assert_eq!(counts(&reworded), (0, 0));
    }

    #[test]
    fn what_is_drift_and_not_divergence_any_more_is_looser() {
        let changes = changes(
            &shipped(),
            &edited(LimitedMetric::Kl, |limit| limit.beyond = Beyond::Drift),
        );
        assert_eq!(changes.loosened[0].field, "positions kl, at most");
        assert_eq!(changes.loosened[0].after, None);
        assert_eq!(changes.tightened[0].field, "positions kl, at most (drift)");
    }

    #[test]
    fn what_applies_to_fewer_comparisons_is_looser() {
        let from = |rows| edited(LimitedMetric::Kl, move |limit| limit.least_rows = rows);
        let looser = changes(&from(Some(30)), &from(Some(100)));
        assert_eq!(looser.loosened.len(), 1);
        assert_eq!(
            looser.loosened[0].after.as_deref(),
            Some("0.0005 from 100 rows on")
        );
        assert_eq!(changes(&from(Some(30)), &from(None)).tightened.len(), 1);
    }

    #[test]
    fn what_gives_way_further_is_looser() {
        let widened = |by: Option<[f64; 2]>| {
            let by = by.map(|both| both.map(|it| Finite::new(it).expect("finite")));
            edited(LimitedMetric::Kl, move |limit| {
                limit.widened = by.map(|[times, at_most]| Widening { times, at_most });
            })
        };
        let [none, some] = [None, Some([1.5, 0.75])].map(widened);
        let looser = changes(&none, &some).loosened;
        assert_eq!(
            looser[0].after.as_deref(),
            Some("0.0005 or 1.5 times what the floor's own variants have, at most 0.75")
        );
        assert_eq!(changes(&some, &none).tightened.len(), 1);
        for further in [[2.0, 0.75], [1.5, 1.0]] {
            let further = widened(Some(further));
            assert_eq!(changes(&some, &further).loosened.len(), 1);
            assert_eq!(changes(&further, &some).tightened.len(), 1);
        }
    }
}
