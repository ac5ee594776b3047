//! Buffers that are used again, so that the memory is not zeroed for each operation.

use std::sync::{Mutex, PoisonError};

/// Buffers that are used again and again: what they hold is of no meaning.
#[derive(Default)]
pub(super) struct Spare(Mutex<Vec<Vec<f32>>>);

impl Spare {
    /// So many numbers, all of which the caller writes.
    pub(super) fn take(&self, n: usize) -> Vec<f32> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut numbers = taken.unwrap_or_default();
        numbers.resize(n, 0.0);
        numbers
    }

    pub(super) fn give<const N: usize>(&self, numbers: [Vec<f32>; N]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(numbers);
    }
}
