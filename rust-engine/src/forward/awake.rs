//! Keeps the threads of the pool awake while an item is evaluated.
//!
//! A token of a small model is some two hundred pieces of shared work of a few microseconds each, and
//! between them a few microseconds that one thread needs for itself. A thread that looks for work so long
//! in vain goes to sleep, and waking it takes longer than a piece does. So each of the others runs one job
//! that looks for work until the item is done.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::Yield;

/// Looks in vain, before the system may give the processor to somebody else.
const PATIENCE: u32 = 256;

/// Does work in the pool that this is called in, whose other threads stay awake for it.
pub fn awake<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let others = rayon::current_num_threads() - 1;
    let (started, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    rayon::in_place_scope(|scope| {
        for _ in 0..others {
            scope.spawn(|_| {
                started.fetch_add(1, Ordering::Relaxed);
                look_for_work(&done);
            });
        }
        // All of them have to be gone from this thread's queue: it would wait for itself if it took one.
        while started.load(Ordering::Relaxed) < others {
            std::thread::yield_now();
        }
        let _end = End(&done);
        work()
    })
}

fn look_for_work(done: &AtomicBool) {
    let mut in_vain = 0;
    while !done.load(Ordering::Relaxed) {
        if rayon::yield_now() == Some(Yield::Executed) {
            in_vain = 0;
            continue;
        }
        in_vain += 1;
        if in_vain % PATIENCE == 0 {
            std::thread::yield_now();
        }
        std::hint::spin_loop();
    }
}

/// Ends the looking, also when the work panics.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads")
    }

    #[test]
    fn work_is_shared_and_ends() {
        for threads in [1, 2, 5] {
            let sum: u64 = pool(threads)
                .install(|| awake(|| (0..100).map(|i| (0..i).into_par_iter().sum::<u64>()).sum()));
            assert_eq!(sum, 161_700, "{threads}");
        }
    }

    #[test]
    fn a_panic_ends_it() {
        let work = || pool(3).install(|| awake(|| panic!("on purpose")));
        let ended: Result<(), _> = std::panic::catch_unwind(work);
        assert!(ended.is_err());
    }
}
