//! Puts runs side by side, comparison by comparison.

use schemas::tag::Tag;
use schemas::trend::{ComparisonTrend, Trend};

use super::marks;
use super::night::{Facts, Night, Seen};

/// A comparison on its way through the runs.
struct Followed {
    trend: ComparisonTrend,
    first: Facts,
    /// Of the run before; `None`: that is the first.
    previous: Option<Facts>,
}

/// What the runs came to, comparisons in the order in which they first appear.
pub(super) fn trend(nights: Vec<Night>) -> Trend {
    let mut runs = Vec::new();
    let mut all: Vec<Followed> = Vec::new();
    for (index, night) in (0..).zip(nights) {
        runs.push(night.run);
        for mut seen in night.comparisons {
            seen.point.run = index;
            let name = &seen.planned.name;
            match all.iter_mut().find(|it| it.trend.name == *name) {
                Some(followed) => followed.add(seen),
                None => all.push(Followed::from_first(seen)),
            }
        }
    }
    Trend {
        schema: Tag::new(),
        runs,
        comparisons: all.into_iter().map(|it| it.trend).collect(),
    }
}

impl Followed {
    fn from_first(seen: Seen) -> Self {
        let planned = seen.planned;
        Self {
            trend: ComparisonTrend {
                name: planned.name,
                model: planned.model,
                candidate: planned.candidate,
                reference: planned.reference,
                profile: planned.profile,
                points: vec![seen.point],
            },
            first: seen.facts,
            previous: None,
        }
    }

    fn add(&mut self, seen: Seen) {
        let mut point = seen.point;
        let previous = self.previous.as_ref().unwrap_or(&self.first);
        point.since_previous = marks::between(previous, &seen.facts);
        point.since_first = marks::between(&self.first, &seen.facts);
        self.trend.points.push(point);
        self.previous = Some(seen.facts);
    }
}
