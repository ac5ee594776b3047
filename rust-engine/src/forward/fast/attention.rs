//! Causal attention over the cache, some rows at a time.
//!
//! ```text
//! for each block of positions and each head     (of one position: all heads that share keys)
//!     scores[row][token] = query[row] · key[token]          up to the block's last position
//!     weights[row] = exp(scale · scores - largest), 0 where a position does not see
//!     out[row] = weights[row] · values / sum of the weights
//! ```
//! The scores of a block are all there is beside the result: rows × tokens of it. Both products are those
//! of [`Mix`]: the cache has keys turned, so that tokens are its lanes, and values as they come.
//!
//! What one position sees is cut into stretches, which are shared out like the rows of many; each is
//! weighed by its own largest score, and what it comes to is scaled to the largest of all.

use std::ops::Range;

use super::per_thread::PerThread;
#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::forward::attention::{Heads, Span};
use crate::forward::kv_cache::LayerCache;
use crate::kernels::fast::{Columns, Fast, Mix, Weigh, Whole};
use rayon::prelude::*;

/// Tokens of a block of keys: four vectors, which a tile takes side by side.
pub(in crate::forward) const KEY_BLOCK: usize = 64;

/// Positions of a block: whole tiles of six and of twelve.
const BLOCK: usize = 24;

/// Attention of one layer.
pub(in crate::forward) struct Attention<'a> {
    /// The inner loops.
    pub(in crate::forward) fast: Fast,
    /// The layer's heads.
    pub(in crate::forward) heads: Heads,
    /// The threads' scratch.
    pub(in crate::forward) scratch: &'a PerThread<Scratch>,
}

/// A thread's scratch.
#[derive(Default)]
pub(in crate::forward) struct Scratch {
    /// `[row][token]`
    scores: Vec<f32>,
    /// What values come to, `[row][element]`.
    mixed: Vec<f32>,
}

/// Tokens of a stretch, a block of keys: of twice as many, two threads have work for two or four where there is
/// work for three.
#[cfg(not(feature = "faults"))]
const STRETCH: usize = KEY_BLOCK;
/// Faults are made in all that a position sees.
#[cfg(feature = "faults")]
const STRETCH: usize = usize::MAX / 2;

/// Rows that are computed together.
struct Rows<'a> {
    /// Queries, `[row][stride]`; results are `[row][width]`.
    queries: &'a [f32],
    /// Numbers from one row of queries to the next.
    stride: usize,
    /// The position of each row.
    positions: Range<usize>,
    /// Rows for each position.
    per_position: usize,
    kv_head: usize,
}

impl Attention<'_> {
    /// `queries` and `out` are `[position][head][element]`.
    pub(in crate::forward) fn run(
        &self,
        cache: &LayerCache,
        queries: &[f32],
        span: Span,
        out: &mut [f32],
    ) {
        if span.end - span.first == 1 {
            self.one(cache, queries, span, out);
        } else {
            self.many(cache, queries, span, out);
        }
    }

    fn many(&self, cache: &LayerCache, queries: &[f32], span: Span, out: &mut [f32]) {
        let width = self.heads.width;
        let row = self.heads.count * width;
        let blocks = out.chunks_mut(BLOCK * row).zip(queries.chunks(BLOCK * row));
        // The last, which see the most, come first: what is left for the end is little.
        let pieces: Vec<_> = blocks
            .enumerate()
            .rev()
            .flat_map(|(block, (out, queries))| {
                let heads = Columns::new(out, row).pieces(width).enumerate();
                heads.map(move |(head, out)| (block, head, queries, out))
            })
            .collect();
        let pieces = pieces.into_par_iter().with_max_len(1);
        pieces.for_each(|(block, head, queries, mut out)| {
            let Scratch { scores, mixed } = &mut *self.scratch.own();

            let first = span.first + block * BLOCK;
            let rows = Rows {
                queries: &queries[head * width..],
                stride: row,
                positions: first..first + out.rows(),
                per_position: 1,
                kv_head: self.heads.kv_head(head),
            };
            let seen = self.seen(&rows, span.end);
            mixed.resize(BLOCK * width, 0.0);
            let wholes = self.rows(cache, &rows, seen, span.end, scores, mixed);
            for (i, whole) in wholes.into_iter().enumerate() {
                let share = 1.0 / whole.sum;
                for (out, mixed) in out.row(i).iter_mut().zip(&mixed[i * width..]) {
                    *out = mixed * share;
                }
            }
        });
    }

    fn one(&self, cache: &LayerCache, queries: &[f32], span: Span, out: &mut [f32]) {
        let (width, group) = (self.heads.width, self.heads.group);
        let shared = group * width;
        let rows_of = |kv_head: usize| Rows {
            queries: &queries[kv_head * shared..][..shared],
            stride: width,
            positions: span.first..span.end,
            per_position: group,
            kv_head: self.heads.kv_head(kv_head * group),
        };
        let seen = self.seen(&rows_of(0), span.end);
        let stretches = seen.len().div_ceil(STRETCH);
        let kv_heads = self.heads.count / group;
        let parts: Vec<_> = (0..kv_heads * stretches)
            .into_par_iter()
            .map(|i| {
                let Scratch { scores, .. } = &mut *self.scratch.own();

                let start = seen.start + i % stretches * STRETCH;
                let stretch = start..seen.end.min(start + STRETCH);
                let mut out = vec![0.0; shared];
                let rows = rows_of(i / stretches);
                let wholes = self.rows(cache, &rows, stretch, span.end, scores, &mut out);
                (out, wholes)
            })
            .collect();
        for (out, parts) in out
            .chunks_exact_mut(shared)
            .zip(parts.chunks_exact(stretches))
        {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                join(out, row, parts);
            }
        }
    }

    /// What any of some rows sees, from the beginning of a block of keys on.
    fn seen(&self, rows: &Rows<'_>, end: usize) -> Range<usize> {
        let positions = rows.positions.clone();
        let seen = positions.map(|position| self.heads.seen(position, end));
        let (start, past) = seen.fold((usize::MAX, 0), |(start, past), seen| {
            (start.min(seen.start), past.max(seen.end))
        });
        start / KEY_BLOCK * KEY_BLOCK..past
    }

    /// What a stretch comes to, weighed in proportion to what is given back. It begins with a block of keys.
    fn rows(
        &self,
        cache: &LayerCache,
        rows: &Rows<'_>,
        stretch: Range<usize>,
        end: usize,
        scores: &mut Vec<f32>,
        out: &mut [f32],
    ) -> Vec<Whole> {
        let count = rows.positions.len() * rows.per_position;
        let start = stretch.start;
        // In whole vectors, which the cache has room for.
        let tokens = stretch.len().next_multiple_of(16);
        scores.resize(count * tokens, 0.0);
        let (keys, block) = cache.keys(rows.kv_head);
        for first in (0..tokens).step_by(block) {
            Mix {
                x: rows.queries,
                x_stride: rows.stride,
                depth: self.heads.width,
                y: &keys[(start + first) * self.heads.width..],
                y_stride: block,
                out: &mut scores[first..],
                out_stride: tokens,
                width: block.min(tokens - first),
                positions: count,
            }
            .run(self.fast);
        }
        let mut wholes = Vec::with_capacity(count);
        for (i, scores) in scores.chunks_exact_mut(tokens).enumerate() {
            let position = rows.positions.start + i / rows.per_position;
            let seen = self.heads.seen(position, end);
            let within = |place: usize| place.clamp(start, stretch.end) - start;
            let seen = within(seen.start)..within(seen.end);
            let weigh = Weigh {
                scores: &mut *scores,
                scale: self.heads.scale,
                seen: seen.clone(),
            };
            wholes.push(weigh.run(self.fast));
            #[cfg(feature = "faults")]
            in_pass::weights_of_values(&mut scores[seen]);
        }
        Mix {
            x: scores,
            x_stride: tokens,
            depth: stretch.len(),
            y: &cache.values(rows.kv_head)[start * self.heads.width..],
            y_stride: self.heads.width,
            out,
            out_stride: self.heads.width,
            width: self.heads.width,
            positions: count,
        }
        .run(self.fast);
        wholes
    }
}

/// Adds what the stretches of a row come to, each in proportion to its own whole. One that sees nothing has
/// no weights, and adds nothing.
fn join(out: &mut [f32], row: usize, parts: &[(Vec<f32>, Vec<Whole>)]) {
    let wholes = parts.iter().map(|(_, wholes)| wholes[row]);
    let largest = wholes.fold(f32::NEG_INFINITY, |largest, whole| {
        largest.max(whole.largest)
    });
    let mut sum = 0.0;
    out.fill(0.0);
    for (part, wholes) in parts {
        // One whose scores are no numbers has no largest either, and must show.
        if wholes[row].sum == 0.0 {
            continue;
        }
        let share = (wholes[row].largest - largest).exp();
        sum += wholes[row].sum * share;
        let part = &part[row * out.len()..][..out.len()];
        for (out, part) in out.iter_mut().zip(part) {
            *out += part * share;
        }
    }
    scale(out, 1.0 / sum);
}

fn scale(numbers: &mut [f32], by: f32) {
    for number in numbers {
        *number *= by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stretches of what one position sees come to what all of it comes to.
    #[test]
    fn stretches_are_joined() {
        let whole = |largest: f32, sum| Whole { largest, sum };
        let nothing = (vec![0.0; 2], vec![whole(f32::NEG_INFINITY, 0.0)]);
        let first = (vec![3.0, 6.0], vec![whole(1.0, 2.0)]);
        let second = (vec![5.0, 0.0], vec![whole(1.0 + 2f32.ln(), 1.0)]);
        let mut out = [7.0; 2];
        join(&mut out, 0, &[nothing.clone(), first.clone()]);
        assert_eq!(out, [1.5, 3.0]);
        join(&mut out, 0, &[first, nothing, second.clone()]);
        // The second weighs twice as much: (3 + 2 · 5) / (2 + 2 · 1).
        assert!((out[0] - 3.25).abs() < 1e-6 && (out[1] - 1.5).abs() < 1e-6);
        // What is no number is no largest score.
        for largest in [f32::NEG_INFINITY, -1e30, 0.0] {
            let odd = (vec![f32::NAN; 2], vec![whole(largest, f32::NAN)]);
            join(&mut out, 0, &[second.clone(), odd]);
            assert!(out.iter().all(|x| x.is_nan()), "{largest}: {out:?}");
        }
    }
}
