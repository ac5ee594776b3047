//! `SentencePiece`-style BPE as llama.cpp does it for the model `llama`: no words, no merges list.
//!
//! Any two neighbours that are a token together may merge; the pair whose token has the highest
//! score goes first, the leftmost among equals. The `tokenizers` crate cannot be exact here: in its
//! BPE a merge's rank is its place in a list, so two different merges never tie, while tokens with
//! equal scores do, and then the place in the text decides. Hence an own queue:
//!
//! ```text
//! symbols := the characters of the text, linked to their neighbours
//! queue   := every two neighbours whose joined text is a token
//! while the queue has a best entry:
//!     skip it if one of its symbols has grown or gone
//!     join right to left; queue (left's left, left) and (left, left's right) if they are tokens
//! the ids of the symbols that remain; a symbol without a token becomes its bytes
//! ```

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::TokenizerError;
use super::vocabulary::{ESCAPED_BLANK, Vocabulary};

/// Appends the ids of a text that holds no special token. `space_prefix` puts a blank before it.
pub(super) fn encode(
    vocabulary: &Vocabulary,
    text: &[u8],
    space_prefix: bool,
    ids: &mut Vec<u32>,
) -> Result<(), TokenizerError> {
    let text = escape_blanks(text, space_prefix);
    let mut merger = Merger {
        vocabulary,
        text: &text,
        symbols: symbols(&text),
        queue: BinaryHeap::new(),
    };
    merger.merge();
    let mut at = Some(0).filter(|_| !merger.symbols.is_empty());
    while let Some(index) = at {
        let symbol = &merger.symbols[index];
        push_ids(
            vocabulary,
            &text[symbol.start..symbol.start + symbol.n_bytes],
            ids,
        )?;
        at = symbol.next;
    }
    Ok(())
}

fn escape_blanks(text: &[u8], space_prefix: bool) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len() + text.len() / 2);
    for byte in space_prefix.then_some(&b' ').into_iter().chain(text) {
        match byte {
            b' ' => escaped.extend_from_slice(ESCAPED_BLANK),
            byte => escaped.push(*byte),
        }
    }
    escaped
}

fn push_ids(
    vocabulary: &Vocabulary,
    text: &[u8],
    ids: &mut Vec<u32>,
) -> Result<(), TokenizerError> {
    if let Some(id) = vocabulary.id_of(text) {
        ids.push(id);
        return Ok(());
    }
    for byte in text {
        let id = vocabulary
            .id_of(format!("<{byte:#04X}>").as_bytes())
            .or_else(|| vocabulary.id_of(&[*byte]))
            .ok_or(TokenizerError::NoTokenForByte { byte: *byte })?;
        ids.push(id);
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

/// Two neighbours that may be joined.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    n_bytes: usize,
}

impl Ord for Pair {
    /// The best is the greatest. Scores are never NaN: the vocabulary was checked.
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

struct Merger<'a> {
    vocabulary: &'a Vocabulary,
    text: &'a [u8],
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Pair>,
}

impl Merger<'_> {
    fn merge(&mut self) {
        for right in 1..self.symbols.len() {
            self.queue_if_token(right - 1, right);
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
                self.queue_if_token(pair.left, next);
            }
            if let Some(previous) = previous {
                self.queue_if_token(previous, pair.left);
            }
        }
    }

    fn queue_if_token(&mut self, left: usize, right: usize) {
        let start = self.symbols[left].start;
        let n_bytes = self.symbols[left].n_bytes + self.symbols[right].n_bytes;
        if let Some(id) = self.vocabulary.id_of(&self.text[start..start + n_bytes]) {
            let score = self.vocabulary.token(id).score;
            self.queue.push(Pair {
                score,
                left,
                right,
                n_bytes,
            });
        }
    }
}
