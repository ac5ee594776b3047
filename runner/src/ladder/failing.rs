//! Of prompts that diverged, both engines' logits of the first such row: what is left to look at when the
//! climb is over.

use schemas::row::RowRecord;

use crate::case::Case;
use crate::compare::{self, Evaluations};
use crate::engine::{EvaluatedItem, LogitsFile};
use crate::outcome::Ending;

/// Of how many prompts they are kept: they are in memory until the end of the climb, and a row can be a
/// mebibyte.
const MOST: usize = 16;

/// Of how many prompts they were kept on a rung.
#[derive(Debug, Default)]
pub(super) struct Failing {
    kept: usize,
}

impl Failing {
    /// Keeps them in the case, if one of `rows` diverged; `file` has these in the same order.
    pub(super) fn keep<'r, 'a>(
        &mut self,
        case: &mut Case,
        evaluations: &'a Evaluations,
        file: impl Fn(&'a EvaluatedItem) -> &'a LogitsFile,
        rows: impl IntoIterator<Item = &'r RowRecord>,
    ) -> Result<(), Ending> {
        if self.kept < MOST {
            case.failing = compare::first_diverged(evaluations, file, rows)?;
            self.kept += usize::from(case.failing.is_some());
        }
        Ok(())
    }
}
