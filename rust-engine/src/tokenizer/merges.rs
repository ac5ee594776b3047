//! Joining neighbours, the best pair first: what `SentencePiece` and BPE over text have in common.
//!
//! ```text
//! symbols := the characters of the text, linked to their neighbours
//! queue   := every two neighbours that may be joined
//! while the queue has a best entry:
//!     skip it if one of its symbols has grown or gone
//!     join right to left; queue (left's left, left) and (left, left's right) if they may be joined
//! ```
//!
//! The best pair is that of the highest score, the leftmost among equals. The `tokenizers` crate
//! cannot be exact here: its merges are between ids of a vocabulary, in order of a list, so two
//! different merges never tie, and it knows no text outside of UTF-8.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Calls `with` for each symbol that remains, in order. `score` is asked of two neighbours as one
/// text, and where the second begins in it: how much they want to be joined, if they may be at all.
/// It must never be NaN.
pub(super) fn merge<E>(
    text: &[u8],
    score: impl Fn(&[u8], usize) -> Option<f64>,
    mut with: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut merger = Merger {
        score,
        text,
        symbols: symbols(text),
        queue: BinaryHeap::new(),
    };
    merger.merge();
    let mut at = Some(0).filter(|_| !merger.symbols.is_empty());
    while let Some(index) = at {
        let symbol = &merger.symbols[index];
        with(symbol.of(text))?;
        at = symbol.next;
    }
    Ok(())
}

struct Symbol {
    start: usize,
    /// 0 when the symbol has been joined to its left neighbour.
    n_bytes: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

impl Symbol {
    fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start..self.start + self.n_bytes]
    }
}

/// Two neighbours that may be joined.
struct Pair {
    score: f64,
    left: usize,
    right: usize,
    n_bytes: usize,
}

impl Ord for Pair {
    /// The best is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self
            .score
            .partial_cmp(&other.score)
            .unwrap_or(Ordering::Equal);
        by_score.then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// The characters of a text, by the length that their first byte announces: what follows is not
/// looked at, so a broken sequence takes the bytes after it along.
fn symbols(text: &[u8]) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
    let mut start = 0;
    while start < text.len() {
        let announced = match text[start] {
            0xf0..=0xff => 4,
            0xe0..=0xef => 3,
            0xc0..=0xdf => 2,
            _ => 1,
        };
        let n_bytes = announced.min(text.len() - start);
        let index = symbols.len();
        let next = (start + n_bytes < text.len()).then_some(index + 1);
        symbols.push(Symbol {
            start,
            n_bytes,
            previous: index.checked_sub(1),
            next,
        });
        start += n_bytes;
    }
    symbols
}

struct Merger<'a, S> {
    score: S,
    text: &'a [u8],
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Pair>,
}

impl<S: Fn(&[u8], usize) -> Option<f64>> Merger<'_, S> {
    fn merge(&mut self) {
        for right in 1..self.symbols.len() {
            self.queue_if_wanted(right - 1, right);
        }
        while let Some(pair) = self.queue.pop() {
            let (left, right) = (&self.symbols[pair.left], &self.symbols[pair.right]);
            if left.n_bytes == 0
                || right.n_bytes == 0
                || left.n_bytes + right.n_bytes != pair.n_bytes
            {
                continue;
            }
            let (previous, next) = (left.previous, right.next);
            self.symbols[pair.right].n_bytes = 0;
            self.symbols[pair.left].n_bytes = pair.n_bytes;
            self.symbols[pair.left].next = next;
            if let Some(next) = next {
                self.symbols[next].previous = Some(pair.left);
                self.queue_if_wanted(pair.left, next);
            }
            if let Some(previous) = previous {
                self.queue_if_wanted(previous, pair.left);
            }
        }
    }

    fn queue_if_wanted(&mut self, left: usize, right: usize) {
        let (start, n_left) = (self.symbols[left].start, self.symbols[left].n_bytes);
        let n_bytes = n_left + self.symbols[right].n_bytes;
        if let Some(score) = (self.score)(&self.text[start..start + n_bytes], n_left) {
            self.queue.push(Pair {
                score,
                left,
                right,
                n_bytes,
            });
        }
    }
}
