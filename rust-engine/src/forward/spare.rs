//! Buffers that are used again, so that the memory is not zeroed for each operation.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Buffers that are used again and again: what they hold is of no meaning. `KEPT` are as many as a layer has at
/// once or more: of what prompts of other lengths left no more are kept.
pub(super) struct Spare<T, const KEPT: usize = 16>(Mutex<Vec<T>>);

impl<T, const KEPT: usize> Default for Spare<T, KEPT> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T, const KEPT: usize> Spare<T, KEPT> {
    /// One that fits, if there is any. Each layer takes as many as the one before it, and of the same sizes.
    pub(super) fn find(&self, fits: impl FnMut(&T) -> bool) -> Option<T> {
        let mut spare = self.lock();
        let at = spare.iter().rposition(fits);
        if at.is_none() && spare.len() >= KEPT {
            spare.remove(0);
        }
        at.map(|at| spare.swap_remove(at))
    }

    pub(super) fn give(&self, buffers: impl IntoIterator<Item = T>) {
        self.lock().extend(buffers);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spare<Vec<f32>> {
    /// So many numbers, all of which the caller writes.
    pub(super) fn take(&self, n: usize) -> Vec<f32> {
        self.find(|numbers| numbers.len() == n)
            .unwrap_or_else(|| vec![0.0; n])
    }
}
