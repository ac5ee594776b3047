//! Scratch of which each thread has its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// As many as there are threads.
pub(in crate::forward) struct PerThread<T>(Vec<Mutex<T>>);

impl<T: Default> PerThread<T> {
    /// For the threads of the pool that this is called in.
    pub(super) fn new() -> Self {
        let threads = 0..rayon::current_num_threads();
        Self(threads.map(|_| Mutex::default()).collect())
    }

    /// That of this thread, which must not look for other work while it has it.
    pub(super) fn own(&self) -> MutexGuard<'_, T> {
        let thread = rayon::current_thread_index().unwrap_or(0);
        // What a thread that panicked left in scratch harms nobody.
        self.0[thread]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
