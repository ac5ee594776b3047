//! Rows in multiples of their floors.

use schemas::floor::{CaseExcess, ExcessStatistics, FloorRecord, JudgedDistances, RowExcess};
use schemas::number::Finite;
use schemas::row::{Metrics, RowRecord};

use super::percentile::Sorted;

/// What one row is judged by.
#[derive(Clone, Copy, Debug)]
pub struct RowFloor {
    distances: JudgedDistances,
    largest_difference: Finite,
}

impl RowFloor {
    /// That of a position, if the floor has it.
    pub fn of_position(floor: &FloorRecord, position: u64) -> Option<Self> {
        let position = usize::try_from(position).ok()?;
        Some(Self::new(floor, floor.positions.get(position)?))
    }

    /// That of a greedy step, if the floor has it.
    pub fn of_step(floor: &FloorRecord, step: usize) -> Option<Self> {
        Some(Self::new(floor, floor.steps.get(step)?))
    }

    /// No row's floor is less than the 90th percentile of all.
    fn new(floor: &FloorRecord, row: &JudgedDistances) -> Self {
        let larger = |a: Finite, b: Finite| if a.get() < b.get() { b } else { a };
        Self {
            distances: JudgedDistances {
                kl: larger(row.kl, floor.p90.kl),
                mse: larger(row.mse, floor.p90.mse),
                max_abs: larger(row.max_abs, floor.p90.max_abs),
            },
            largest_difference: floor.largest_difference,
        }
    }

    /// What a row is in multiples of this.
    pub fn excess(&self, metrics: &Metrics) -> RowExcess {
        let (floor, shift_removed) = (&self.distances, &metrics.shift_removed);
        let gap = metrics.reference_top2_gap;
        let over_largest = |gap| over(gap, self.largest_difference);
        RowExcess {
            kl: over(metrics.kl, floor.kl),
            mse: over(shift_removed.mse, floor.mse),
            max_abs: over(shift_removed.max_abs, floor.max_abs),
            flip_gap: if metrics.top1_equal {
                Finite::new(0.0)
            } else {
                gap.and_then(over_largest)
            },
        }
    }
}

/// No distance is in no floor's excess; some distance over no floor is beyond all numbers.
fn over(distance: Finite, floor: Finite) -> Option<Finite> {
    let (distance, floor) = (distance.get(), floor.get());
    // Rounding can take a KL below 0.
    if distance <= 0.0 {
        return Finite::new(0.0);
    }
    Finite::new(distance / floor)
}

/// What judged rows are together, no limit looked at; `None` unless one has an excess.
pub fn of_case<'a>(rows: impl Iterator<Item = &'a RowRecord>) -> Option<CaseExcess> {
    let (mut excesses, mut flips) = (Vec::new(), 0);
    for row in rows {
        let is_flip = |metrics: &Metrics| !metrics.top1_equal;
        flips += u64::from(row.metrics.as_ref().is_some_and(is_flip));
        excesses.extend(&row.excess);
    }
    let of = |value: fn(&RowExcess) -> Option<Finite>| {
        let values = excesses.iter().map(|excess| value(excess));
        let values: Vec<f64> = values
            .map(|it| it.map_or(f64::INFINITY, Finite::get))
            .collect();
        statistics(values)
    };
    Some(CaseExcess {
        kl: of(|row| row.kl)?,
        mse: of(|row| row.mse)?,
        max_abs: of(|row| row.max_abs)?,
        flips,
        broken: Vec::new(),
    })
}

fn statistics(values: Vec<f64>) -> Option<ExcessStatistics> {
    let above = values.iter().filter(|&&value| value > 1.0).count();
    let share_above = Finite::new(above as f64 / values.len() as f64)?;
    let sorted = Sorted::new(values);
    let at = |percent| sorted.percentile(percent).and_then(Finite::new);
    Some(ExcessStatistics {
        median: at(50),
        p99: at(99),
        max: at(100),
        share_above,
    })
}
