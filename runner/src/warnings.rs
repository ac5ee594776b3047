//! What is odd about a comparison and changes no verdict, for people.

use schemas::receipt::{Profile, Receipt};
use schemas::row::RowRecord;

/// From so many positions on two builds that agree in every bit are no accident. As shipped, builds
/// differ in the order of their sums, and of SmolLM2 two of them agree in 4 of 289 rows.
const LEAST_POSITIONS: usize = 64;

/// All warnings.
pub(crate) fn of(receipt: &Receipt) -> Vec<String> {
    same_library(receipt).into_iter().collect()
}

fn same_library(receipt: &Receipt) -> Option<String> {
    let n_positions = receipt.positions.len();
    let engines = &receipt.engines;
    let other_build = engines.candidate.build != engines.reference.build;
    let is_equal = |row: &RowRecord| row.differing == 0 && row.metrics.is_some();
    let odd = receipt.profile == Profile::Production
        && n_positions >= LEAST_POSITIONS
        && other_build
        && receipt.rows().all(is_equal);
    odd.then(|| {
        format!(
            "every number of {n_positions} positions has the same bits, though the builds are not \
             the same: the same library twice?"
        )
    })
}
