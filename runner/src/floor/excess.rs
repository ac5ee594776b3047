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

    /// The distances that stand for 1.
    pub fn distances(&self) -> JudgedDistances {
        self.distances
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

/// The excesses of rows of one comparison or of several, row after row: of a row nothing else is kept,
/// so that rows of a whole night can be looked at together.
#[derive(Debug, Default)]
pub struct Excesses {
    n_rows: u64,
    flips: u64,
    kl: Vec<f64>,
    mse: Vec<f64>,
    max_abs: Vec<f64>,
}

impl Excesses {
    /// Those of judged rows.
    pub fn of<'a>(rows: impl Iterator<Item = &'a RowRecord>) -> Self {
        let mut excesses = Self::default();
        excesses.add(rows);
        excesses
    }

    /// And of some more.
    pub fn add<'a>(&mut self, rows: impl Iterator<Item = &'a RowRecord>) {
        let beyond_all = |excess: Option<Finite>| excess.map_or(f64::INFINITY, Finite::get);
        for row in rows {
            self.n_rows += 1;
            let is_flip = |metrics: &Metrics| !metrics.top1_equal;
            self.flips += u64::from(row.metrics.as_ref().is_some_and(is_flip));
            if let Some(excess) = &row.excess {
                self.kl.push(beyond_all(excess.kl));
                self.mse.push(beyond_all(excess.mse));
                self.max_abs.push(beyond_all(excess.max_abs));
            }
        }
    }

    /// How many rows there were, those without an excess among them.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// What the rows are together, no limit looked at; `None` unless one has an excess.
    pub fn together(self) -> Option<CaseExcess> {
        Some(CaseExcess {
            kl: statistics(self.kl)?,
            mse: statistics(self.mse)?,
            max_abs: statistics(self.max_abs)?,
            flips: self.flips,
            broken: Vec::new(),
        })
    }
}

pub(super) fn statistics(values: Vec<f64>) -> Option<ExcessStatistics> {
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
