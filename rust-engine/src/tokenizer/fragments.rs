//! Cutting special tokens out of a text, before anything else is done with it.
//!
//! What must come out (llama.cpp's `tokenizer_st_partition`):
//!
//! ```text
//! for each special token, in order:
//!     wherever it occurs in what is left of the text, first place first:
//!         cut it out, with the blanks before or after it if it takes them along
//! ```
//!
//! So an earlier token takes its text away from the later ones. A vocabulary can have thousands of
//! special tokens and a text can consist of them, so the text is not searched for each:
//!
//! ```text
//! for each place of the text: the longest special token that begins there waits for its turn
//! for each waiting token, in the same order of tokens and of places:
//!     if nothing of its text is taken, cut it out
//!     else the next shorter one that begins there and ends before what is taken waits
//! ```
//!
//! The two are the same because the order has longer tokens before shorter ones: the next shorter
//! token at a place never has its turn before the longer one was refused, and what is taken stays
//! so.
//!
//! Beside the text, the cost grows with how deeply tokens nest, that is, begin with one another: a
//! place walks past all that do not fit, length by length, and each refusal looks through the
//! token's bytes for the first that is taken. No text is compared on the way.

use std::collections::BTreeMap;
use std::ops::Range;

use super::vocabulary::{Attributes, Token};

/// A piece of a text: a special token, or what lies between two of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fragment<'a> {
    Text(&'a [u8]),
    Special(u32),
}

/// The special tokens of a vocabulary.
pub(super) struct Specials {
    /// In the order in which they are cut out; a place in this list is a token's rank.
    list: Vec<Special>,
    /// Ranks, in the order of the tokens' texts.
    by_text: Vec<usize>,
    /// Those of `by_text` that begin with each byte.
    by_first_byte: Vec<Range<usize>>,
}

struct Special {
    id: u32,
    text: Vec<u8>,
    attributes: Attributes,
    /// The rank of the longest other one that this one begins with.
    shorter: Option<usize>,
}

/// A special token in a text, with the blanks that it takes along.
struct Cut {
    range: Range<usize>,
    id: u32,
}

impl Specials {
    /// `order` has the ids in the order in which they are cut out: longest first. No two tokens
    /// have the same text, and none has an empty one.
    pub(super) fn new(order: &[u32], tokens: &[Token]) -> Self {
        let special = |id: &u32| {
            let token = &tokens[*id as usize];
            Special {
                id: *id,
                text: token.text.clone(),
                attributes: token.attributes,
                shorter: None,
            }
        };
        let mut list: Vec<_> = order.iter().map(special).collect();
        let mut by_text: Vec<_> = (0..list.len()).collect();
        by_text.sort_unstable_by(|a, b| list[*a].text.cmp(&list[*b].text));
        for pair in by_text.windows(2) {
            let (before, rank) = (pair[0], pair[1]);
            list[rank].shorter = longest_prefix(&list, before, &list[rank].text);
        }
        let begin_before =
            |byte: usize| by_text.partition_point(|rank| usize::from(list[*rank].text[0]) < byte);
        let by_first_byte = (0..=255)
            .map(|byte| begin_before(byte)..begin_before(byte + 1))
            .collect();
        Self {
            list,
            by_text,
            by_first_byte,
        }
    }

    /// The fragments of a text. Control and unknown tokens take part only if `parse_special`;
    /// user-defined ones always do.
    pub(super) fn cut<'a>(&self, text: &'a [u8], parse_special: bool) -> Vec<Fragment<'a>> {
        let mut waiting = BTreeMap::<usize, Vec<usize>>::new();
        let wait = |waiting: &mut BTreeMap<_, Vec<_>>, longest, at| {
            if let Some(rank) = self.taking_part(longest, parse_special) {
                waiting.entry(rank).or_default().push(at);
            }
        };
        for at in 0..text.len() {
            wait(&mut waiting, self.longest_at(&text[at..]), at);
        }
        let mut taken = vec![false; text.len()];
        let mut cuts = Vec::new();
        while let Some((rank, mut places)) = waiting.pop_first() {
            let special = &self.list[rank];
            // Those that were refused as something longer come behind the others.
            places.sort_unstable();
            for at in places {
                let range = at..at + special.text.len();
                let n_free = taken[range.clone()].iter().position(|taken| *taken);
                if let Some(n_free) = n_free {
                    let shorter = longest_of(&self.list, special.shorter, n_free);
                    wait(&mut waiting, shorter, at);
                    continue;
                }
                let range = special.with_blanks(range, text, &taken);
                taken[range.clone()].fill(true);
                cuts.push(Cut {
                    range,
                    id: special.id,
                });
            }
        }
        cuts.sort_unstable_by_key(|cut| cut.range.start);
        fragments(text, &cuts)
    }

    /// The longest special token that a text begins with.
    fn longest_at(&self, text: &[u8]) -> Option<usize> {
        let first = usize::from(*text.first()?);
        let candidates = &self.by_text[self.by_first_byte[first].clone()];
        let not_after = candidates.partition_point(|rank| self.list[*rank].text.as_slice() <= text);
        let last = *candidates[..not_after].last()?;
        longest_prefix(&self.list, last, text)
    }

    /// The first of a token and the shorter ones in it that is looked for.
    fn taking_part(&self, longest: Option<usize>, parse_special: bool) -> Option<usize> {
        let shorter = |rank: &usize| self.list[*rank].shorter;
        std::iter::successors(longest, shorter).find(|rank| {
            let attributes = self.list[*rank].attributes;
            parse_special || !attributes.has_any(Attributes::ONLY_IF_PARSED)
        })
    }
}

impl Special {
    /// The token at `range` with the free blanks around it that it takes along.
    fn with_blanks(&self, range: Range<usize>, text: &[u8], taken: &[bool]) -> Range<usize> {
        let is_free_blank = |at: &usize| is_space(text[*at]) && !taken[*at];
        let Range { mut start, mut end } = range;
        if self.attributes.has_any(Attributes::STRIPS_LEFT) {
            start -= (0..start).rev().take_while(is_free_blank).count();
        }
        if self.attributes.has_any(Attributes::STRIPS_RIGHT) {
            end += (end..text.len()).take_while(is_free_blank).count();
        }
        start..end
    }
}

/// The rank of the longest special token that `text` begins with. `last` is the last in the order
/// of texts that does not come after `text`: all that `text` begins with lie between the two in
/// that order, so that `last` begins with them too.
fn longest_prefix(list: &[Special], last: usize, text: &[u8]) -> Option<usize> {
    longest_of(list, Some(last), n_common(&list[last].text, text))
}

/// How many bytes two texts have in common before the first that differs.
fn n_common(a: &[u8], b: &[u8]) -> usize {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    // Pieces first, which are compared faster than bytes.
    let pieces = a.chunks_exact(32).zip(b.chunks_exact(32));
    let start = 32 * pieces.take_while(|(a, b)| a == b).count();
    let bytes = a[start..].iter().zip(&b[start..]);
    start + bytes.take_while(|(a, b)| a == b).count()
}

/// The rank of the first of a token and the shorter ones in it that has at most `n_bytes`.
fn longest_of(list: &[Special], longest: Option<usize>, n_bytes: usize) -> Option<usize> {
    // No token is empty: this spares the walk.
    if n_bytes == 0 {
        return None;
    }
    let shorter = |rank: &usize| list[*rank].shorter;
    std::iter::successors(longest, shorter).find(|rank| list[*rank].text.len() <= n_bytes)
}

/// The special tokens, and the texts between them.
fn fragments<'a>(text: &'a [u8], cuts: &[Cut]) -> Vec<Fragment<'a>> {
    let mut fragments = Vec::with_capacity(2 * cuts.len() + 1);
    let mut end = 0;
    for cut in cuts {
        if end < cut.range.start {
            fragments.push(Fragment::Text(&text[end..cut.range.start]));
        }
        fragments.push(Fragment::Special(cut.id));
        end = cut.range.end;
    }
    if end < text.len() {
        fragments.push(Fragment::Text(&text[end..]));
    }
    fragments
}

/// C's `isspace`; Rust's `is_ascii_whitespace` leaves the vertical tab out.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
