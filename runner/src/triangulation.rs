//! How far both sides of a comparison are from a third voice that rounds no activation to codes: is
//! the candidate further from what both approximate than the reference is?
//!
//! In: the rows of three engines about the same tokens, read one at a time. Out: figures. They judge
//! nothing: a mistake that the third shares with one side brings it nearer to that side.

use schemas::number::Finite;
use schemas::receipt::EngineRecord;
use schemas::triangulation::{DistancesFromThird, MedianRatio, Triangulation};

use crate::compare::Evaluations;
use crate::engine::{EvaluatedItem, LogitsFile};
use crate::floor::percentile::Sorted;
use crate::metrics::{self, Comparison};
use crate::outcome::Ending;

/// Compares every position of both sides with the third's.
pub fn triangulate(
    evaluations: &Evaluations,
    third: &EvaluatedItem,
    who: EngineRecord,
) -> Result<Triangulation, Ending> {
    let third = &third.logits;
    let mut candidate = Side::new("candidate", &evaluations.candidate.logits, third)?;
    let mut reference = Side::new("reference", &evaluations.reference.logits, third)?;
    let mut third_row = vec![0.0; third.columns()];
    let mut row = vec![0.0; third.columns()];
    for position in 0..third.rows() {
        third.read_row(position, &mut third_row)?;
        for side in [&mut candidate, &mut reference] {
            side.logits.read_row(position, &mut row)?;
            side.add(position, &metrics::compare(&row, &third_row))?;
        }
    }
    let (candidate, reference) = (candidate.distances()?, reference.distances()?);
    Ok(Triangulation {
        third: who,
        rows: third.rows() as u64,
        median_ratio: median_ratio(&candidate, &reference),
        candidate,
        reference,
    })
}

/// How many times as far the candidate is, by the medians.
pub fn median_ratio(candidate: &DistancesFromThird, reference: &DistancesFromThird) -> MedianRatio {
    // Nothing is a number of times as far as nothing.
    let over = |a: Finite, b: Finite| Finite::new(a.get() / b.get());
    MedianRatio {
        kl: over(candidate.kl.median, reference.kl.median),
        mse: over(candidate.mse.median, reference.mse.median),
        max_abs: over(candidate.max_abs.median, reference.max_abs.median),
    }
}

/// One side and its distances from the third, in the order of positions.
struct Side<'a> {
    role: &'static str,
    logits: &'a LogitsFile,
    kl: Vec<f64>,
    mse: Vec<f64>,
    max_abs: Vec<f64>,
    flips: u64,
}

impl<'a> Side<'a> {
    fn new(role: &'static str, logits: &'a LogitsFile, third: &LogitsFile) -> Result<Self, Ending> {
        let (rows, columns) = (logits.rows(), logits.columns());
        if (rows, columns) != (third.rows(), third.columns()) {
            return Err(Ending::Shapes(format!(
                "the {role} has {rows} rows of {columns} logits, the third {} of {}",
                third.rows(),
                third.columns()
            )));
        }
        Ok(Self {
            role,
            logits,
            kl: Vec::with_capacity(rows),
            mse: Vec::with_capacity(rows),
            max_abs: Vec::with_capacity(rows),
            flips: 0,
        })
    }

    fn add(&mut self, position: usize, found: &Comparison) -> Result<(), Ending> {
        let Some(metrics) = &found.metrics else {
            let role = self.role;
            return Err(Ending::Inconsistent(format!(
                "numbers of the {role} or of the third are not finite at position {position}"
            )));
        };
        // Rounding can take a KL below 0.
        self.kl.push(metrics.kl.get().max(0.0));
        self.mse.push(metrics.shift_removed.mse.get());
        self.max_abs.push(metrics.shift_removed.max_abs.get());
        self.flips += u64::from(!metrics.top1_equal);
        Ok(())
    }

    fn distances(self) -> Result<DistancesFromThird, Ending> {
        let quantiles = |values: Vec<f64>| {
            let quantiles = Sorted::new(values).quantiles();
            quantiles.ok_or_else(|| Ending::Nothing("the third has no rows".to_owned()))
        };
        Ok(DistancesFromThird {
            kl: quantiles(self.kl)?,
            mse: quantiles(self.mse)?,
            max_abs: quantiles(self.max_abs)?,
            flips: self.flips,
        })
    }
}
