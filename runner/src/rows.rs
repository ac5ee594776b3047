//! Judged rows, as they come from a comparison or out of a receipt.

use schemas::receipt::Verdict;
use schemas::row::{GreedyRecord, PositionRow, RowRecord};

use crate::judge;

/// Judged rows.
pub struct Rows {
    /// One for each position.
    pub positions: Vec<PositionRow>,
    /// The greedy steps.
    pub greedy: GreedyRecord,
}

impl Rows {
    /// What was found of each, the greedy steps last.
    pub fn all(&self) -> impl Iterator<Item = &RowRecord> + Clone {
        let positions = self.positions.iter().map(|position| &position.row);
        positions.chain(&self.greedy.steps)
    }

    /// The verdict of all of them.
    pub fn verdict(&self) -> Verdict {
        judge::all(self.all().map(|row| row.verdict))
    }
}
