//! Buffers that are used again, so that the memory is not zeroed for each operation.

use std::sync::{Mutex, PoisonError};

/// More than a layer has at once: of what prompts of other lengths left no more are kept.
const KEPT: usize = 16;

/// Buffers that are used again and again: what they hold is of no meaning.
#[derive(Default)]
pub(super) struct Spare(Mutex<Vec<Vec<f32>>>);

impl Spare {
    /// So many numbers, all of which the caller writes.
    pub(super) fn take(&self, n: usize) -> Vec<f32> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Each layer takes as many as the one before it: what is as long is not zeroed again.
        if let Some(at) = spare.iter().rposition(|numbers| numbers.len() == n) {
            return spare.swap_remove(at);
        }
        if spare.len() >= KEPT {
            spare.remove(0);
        }
        drop(spare);
        vec![0.0; n]
    }

    pub(super) fn give<const N: usize>(&self, numbers: [Vec<f32>; N]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(numbers);
    }
}
