//! Rates by the clock, the best of several tries: whatever else the machine does only takes away.

use std::time::{Duration, Instant};

/// How long one try lasts at least.
const TRY: Duration = Duration::from_millis(20);
/// Tries of everything.
const TRIES: usize = 4;
/// Tries of a case with a doubtful result.
const DOUBTFUL_TRIES: usize = 12;

/// What `run` says to have done in a nanosecond, so thousands of millions in a second.
pub(crate) fn rate(mut run: impl FnMut() -> usize) -> f64 {
    let (mut amount, start) = (0, Instant::now());
    loop {
        amount += run();
        let elapsed = start.elapsed();
        if elapsed >= TRY {
            return amount as f64 / elapsed.as_nanos() as f64;
        }
    }
}

/// The best rate of `run`.
pub(crate) fn best(mut run: impl FnMut() -> usize) -> f64 {
    (0..TRIES).map(|_| rate(&mut run)).fold(0.0, f64::max)
}

/// The best rate of each of `n` competitors, which take turns, so that all have the same weather. As long as
/// `is_doubtful` says so, they get further turns.
pub(crate) fn compete(
    n: usize,
    mut run: impl FnMut(usize) -> usize,
    is_doubtful: impl Fn(&[f64]) -> bool,
) -> Vec<f64> {
    let mut best = vec![0f64; n];
    for turn in 0..DOUBTFUL_TRIES {
        if turn >= TRIES && !is_doubtful(&best) {
            break;
        }
        for (i, best) in best.iter_mut().enumerate() {
            *best = best.max(rate(|| run(i)));
        }
    }
    best
}
