//! Work on many items by as many threads as there are processors, whose results are taken in the order of
//! the items. No thread is more than one item ahead of what was taken, so that there may be as many as one
//! likes.

use std::num::NonZero;
use std::sync::mpsc;
use std::thread;

/// Takes what `work` makes of each item, the first item's first; ends with the first error.
pub(crate) fn in_turn<T: Sync, R: Send, E>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R) -> Result<(), E>,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let work = &work;
    thread::scope(|scope| {
        let done = (0..threads).map(|first| {
            let (sender, done) = mpsc::sync_channel(1);
            scope.spawn(move || {
                let mut results = items.iter().skip(first).step_by(threads).map(work);
                // After an error nobody takes any more.
                results.try_for_each(|result| sender.send(result))
            });
            done
        });
        let done: Vec<_> = done.collect();
        let mut each = items.iter().zip(done.iter().cycle());
        each.try_for_each(|(item, done)| take(item, done.recv().expect("no thread panics")))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_and_few_wait() {
        let items: Vec<usize> = (0..1000).collect();
        let (begun, mut taken) = (AtomicUsize::new(0), 0);
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let work = |item: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            item * item
        };
        let done = in_turn(&items, work, |item, square| {
            assert_eq!((*item, square), (taken, taken * taken));
            taken += 1;
            // One in the works, one that waits to be sent, and one that was.
            assert!(begun.load(Ordering::Relaxed) < taken + 3 * threads);
            Ok::<_, ()>(())
        });
        assert_eq!((done, taken), (Ok(()), 1000));
    }

    #[test]
    fn ends_with_the_first_error_and_with_nothing_to_do() {
        let items: Vec<usize> = (0..1000).collect();
        let begun = AtomicUsize::new(0);
        let work = |item: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            *item
        };
        let ended = in_turn(
            &items,
            work,
            |_, item| if item < 7 { Ok(()) } else { Err(item) },
        );
        assert_eq!(ended, Err(7));
        assert!(begun.load(Ordering::Relaxed) < 1000);
        assert_eq!(in_turn(&[], |(): &()| (), |(), ()| Err(())), Ok(()));
    }
}
