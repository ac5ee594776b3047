//! How much disk the answers may take that wait to be compared.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that are to be had, and those that are taken.
#[derive(Debug)]
pub struct Budget {
    limit_bytes: u64,
    taken_bytes: Mutex<u64>,
    given_back: Condvar,
}

/// Bytes that are taken until this is dropped.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// Nothing is taken yet.
    pub fn new(limit_bytes: u64) -> Self {
        Self {
            limit_bytes,
            taken_bytes: Mutex::new(0),
            given_back: Condvar::new(),
        }
    }

    /// Waits until so many bytes are to be had. What is larger than the whole budget gets all of it,
    /// when nobody else has any: it has to be evaluated some time.
    pub fn take(&self, bytes: u64) -> Share<'_> {
        let bytes = bytes.min(self.limit_bytes);
        let mut taken = self.taken();
        while *taken + bytes > self.limit_bytes {
            taken = self
                .given_back
                .wait(taken)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *taken += bytes;
        Share {
            budget: self,
            bytes,
        }
    }

    /// A number is whole whatever happened to the thread that changed it.
    fn taken(&self) -> MutexGuard<'_, u64> {
        self.taken_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.taken() -= self.bytes;
        self.budget.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_asks_for_too_much_waits_until_there_is_enough() {
        let budget = Budget::new(10);
        let first = budget.take(6);
        let second = budget.take(4);
        let served = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let share = budget.take(5);
                served.store(true, Ordering::SeqCst);
                drop(share);
            });
            thread::sleep(Duration::from_millis(50));
            drop(second);
            thread::sleep(Duration::from_millis(50));
            assert!(!served.load(Ordering::SeqCst), "4 bytes are not 5");
            drop(first);
        });
        assert!(served.load(Ordering::SeqCst));
    }

    #[test]
    fn what_is_larger_than_the_budget_gets_all_of_it() {
        let budget = Budget::new(10);
        drop(budget.take(1000));
        drop(budget.take(10));
    }
}
