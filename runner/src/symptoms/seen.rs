//! What the patterns look at: a few numbers of each row.

use schemas::number::Finite;
use schemas::receipt::Verdict;
use schemas::row::{GreedyStretch, Metrics, NonFinite, RowRecord};

use crate::metrics::Comparison;
use crate::rows::{Rows, compared_ids};

/// One case: its positions and greedy steps in order.
#[derive(Clone, Debug, Default)]
pub struct SeenCase {
    /// One for each position that was compared.
    pub positions: Vec<SeenRow>,
    /// One for each greedy step that was compared.
    pub steps: Vec<SeenRow>,
    /// The tokens that the candidate chose at these steps, and those of the reference.
    pub chosen: [Vec<u32>; 2],
}

/// One row.
#[derive(Clone, Debug)]
pub struct SeenRow {
    /// Its position, or the number of its greedy step.
    pub index: u64,
    /// It diverged: what `exact`, `f32` and the floor each let pass is not looked for.
    pub is_bad: bool,
    /// Numbers whose bits differ.
    pub differing: u64,
    /// Numbers of the candidate that are not finite.
    pub non_finite: NonFinite,
    /// Distances; `None` when a number is not finite.
    pub numbers: Option<Numbers>,
}

/// Distances of one row.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    /// Mean squared difference over the reference's mean square, a constant shift taken out.
    pub nmse: f64,
    /// The same with the shift.
    pub nmse_with_shift: f64,
    /// Candidate minus reference, on the mean.
    pub mean_shift: f64,
    /// Cosine, with the shift.
    pub cosine: f64,
    /// The factor that brings the reference nearest to the candidate.
    pub scale: Option<f64>,
    /// Share of the five most likely tokens that both have.
    pub top5: f64,
    /// The candidate's most likely token.
    pub candidate_top1: u32,
    /// The reference's most likely token.
    pub reference_top1: u32,
}

impl SeenCase {
    /// Of judged rows.
    pub fn of(rows: &Rows) -> Self {
        let positions = rows.positions.iter();
        let steps = rows.greedy.iter().flat_map(GreedyStretch::numbered);
        Self {
            positions: positions
                .map(|position| SeenRow::of(position.position, &position.row))
                .collect(),
            steps: steps.map(|(step, row)| SeenRow::of(step, row)).collect(),
            chosen: [
                compared_ids(&rows.greedy, |stretch| &stretch.candidate_ids),
                compared_ids(&rows.greedy, |stretch| &stretch.reference_ids),
            ],
        }
    }
}

impl SeenRow {
    /// A row of a receipt.
    fn of(index: u64, record: &RowRecord) -> Self {
        Self {
            index,
            is_bad: record.verdict == Verdict::Diverged,
            differing: record.differing,
            non_finite: record.candidate_non_finite,
            numbers: record.metrics.as_ref().and_then(Numbers::of),
        }
    }

    /// Two rows as `exact` judges them: by bits alone.
    pub fn by_bits(index: u64, found: &Comparison) -> Self {
        Self {
            index,
            is_bad: found.differing > 0,
            differing: found.differing,
            non_finite: found.candidate_non_finite,
            numbers: found.metrics.as_ref().and_then(Numbers::of),
        }
    }
}

impl Numbers {
    /// `None` for a reference or a candidate of zeros, with which nothing can be compared.
    fn of(metrics: &Metrics) -> Option<Self> {
        Some(Self {
            nmse: metrics.shift_removed.nmse?.get(),
            nmse_with_shift: metrics.nmse?.get(),
            mean_shift: metrics.mean_shift.get(),
            cosine: metrics.cosine?.get(),
            scale: metrics.scale.map(Finite::get),
            top5: metrics.top_k_overlap.k5.get(),
            candidate_top1: metrics.candidate_top1,
            reference_top1: metrics.reference_top1,
        })
    }

    /// The share of the difference that is left after the best factor: with r the reference, c the
    /// candidate and s the factor, |c - s r|² = |c|² (1 - cos²), and |c| = s |r| / cos.
    pub(super) fn left_after_scale(&self) -> Option<f64> {
        let length = self.scale? / self.cosine;
        Some(length * length * (1.0 - self.cosine * self.cosine) / self.nmse_with_shift)
    }
}
