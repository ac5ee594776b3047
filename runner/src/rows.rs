//! Judged rows, as they come from a comparison or out of a receipt.

use schemas::receipt::Verdict;
use schemas::row::{GreedyStretch, PositionRow, RowRecord};

use crate::judge;

/// Judged rows.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// One for each position.
    pub positions: Vec<PositionRow>,
    /// The greedy steps, stretch by stretch.
    pub greedy: Vec<GreedyStretch>,
}

/// Whether the engines choose different tokens at its last step, and that is a tie: a ladder goes on
/// behind such a step alone.
pub fn ends_in_a_tie(stretch: &GreedyStretch) -> bool {
    let last = stretch.steps.last();
    stretch.first_difference.is_some() && last.is_some_and(|row| row.verdict == Verdict::TieFlip)
}

/// What one side chose at every step that was compared: behind the last step of a stretch each side has
/// a prefix of its own.
pub fn compared_ids(stretches: &[GreedyStretch], ids: fn(&GreedyStretch) -> &Vec<u32>) -> Vec<u32> {
    let compared = stretches.iter();
    let compared = compared.flat_map(|it| ids(it).iter().take(it.steps.len()));
    compared.copied().collect()
}

impl Rows {
    /// What was found of each, the greedy steps last.
    pub fn all(&self) -> impl Iterator<Item = &RowRecord> + Clone {
        let positions = self.positions.iter().map(|position| &position.row);
        positions.chain(self.greedy.iter().flat_map(|stretch| &stretch.steps))
    }

    /// How many greedy steps were compared.
    pub fn n_steps(&self) -> usize {
        self.greedy.iter().map(|stretch| stretch.steps.len()).sum()
    }

    /// The verdict of all of them.
    pub fn verdict(&self) -> Verdict {
        judge::all(self.all().map(|row| row.verdict))
    }
}
