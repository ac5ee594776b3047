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

use rayon::prelude::*;
use wide::f32x8;

use super::exp::exp;
#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::forward::attention::{Heads, Span};
use crate::forward::kv_cache::LayerCache;
use crate::kernels::fast::{Fast, Mix};

/// Tokens of a block of keys: four vectors, which a tile takes side by side.
pub(in crate::forward) const KEY_BLOCK: usize = 64;

/// Positions of a block: whole tiles of six and of twelve.
const BLOCK: usize = 24;

/// Attention of one layer.
pub(in crate::forward) struct Attention {
    /// The inner loops.
    pub(in crate::forward) fast: Fast,
    /// The layer's heads.
    pub(in crate::forward) heads: Heads,
}

/// Tokens of a stretch: of SmolLM2's heads 64 KB of keys and values.
#[cfg(not(feature = "faults"))]
const STRETCH: usize = 128;
/// Faults are made in all that a position sees.
#[cfg(feature = "faults")]
const STRETCH: usize = usize::MAX / 2;

/// Rows that are computed together.
struct Rows<'a> {
    /// Queries, `[row][stride]`.
    queries: &'a [f32],
    /// Numbers from one row to the next, of queries and results.
    stride: usize,
    /// The position of each row.
    positions: Range<usize>,
    /// Rows for each position.
    per_position: usize,
    kv_head: usize,
}

/// What the weights of a row are in proportion to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whole {
    /// The largest score, whose weight is 1.
    pub largest: f32,
    /// The sum of the weights.
    pub sum: f32,
}

impl Attention {
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
        out.par_chunks_mut(BLOCK * row)
            .zip(queries.par_chunks(BLOCK * row))
            .enumerate()
            .with_max_len(1)
            .for_each_init(Vec::new, |scores, (block, (out, queries))| {
                let first = span.first + block * BLOCK;
                let positions = first..first + queries.len() / row;
                for head in 0..self.heads.count {
                    let rows = Rows {
                        queries: &queries[head * width..],
                        stride: row,
                        positions: positions.clone(),
                        per_position: 1,
                        kv_head: self.heads.kv_head(head),
                    };
                    let seen = self.seen(&rows, span.end);
                    let out = &mut out[head * width..];
                    let wholes = self.rows(cache, &rows, seen, span.end, scores, out);
                    for (i, whole) in wholes.into_iter().enumerate() {
                        scale(&mut out[i * row..][..width], 1.0 / whole.sum);
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
            .map_init(Vec::new, |scores, i| {
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

    /// What a stretch comes to, weighed in proportion to what is given back. It begins with a block of keys;
    /// `scores` is space of the thread.
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
            wholes.push(weigh(scores, self.heads.scale, seen.clone()));
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
            out_stride: rows.stride,
            width: self.heads.width,
            positions: count,
        }
        .run(self.fast);
        wholes
    }
}

/// Adds what the stretches of a row come to, each in proportion to its own whole. One that sees nothing has
/// minus infinity as its largest score, and weighs nothing beside another.
fn join(out: &mut [f32], row: usize, parts: &[(Vec<f32>, Vec<Whole>)]) {
    let wholes = parts.iter().map(|(_, wholes)| wholes[row]);
    let largest = wholes.fold(f32::NEG_INFINITY, |largest, whole| {
        largest.max(whole.largest)
    });
    let mut sum = 0.0;
    out.fill(0.0);
    for (part, wholes) in parts {
        let share = (wholes[row].largest - largest).exp();
        if share == 0.0 {
            continue;
        }
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

/// Turns scores, whole vectors of sixteen, into weights; those outside `seen` become 0.
pub fn weigh(scores: &mut [f32], scale: f32, seen: Range<usize>) -> Whole {
    for score in scores.iter_mut() {
        *score *= scale;
    }
    scores[..seen.start].fill(f32::NEG_INFINITY);
    scores[seen.end..].fill(f32::NEG_INFINITY);
    let eights = scores.as_chunks_mut::<8>().0;
    let largest = eights
        .iter()
        .fold(f32x8::splat(f32::NEG_INFINITY), |largest, eight| {
            largest.fast_max(f32x8::from(*eight))
        });
    let largest = largest
        .to_array()
        .into_iter()
        .fold(f32::NEG_INFINITY, f32::max);
    if seen.is_empty() {
        scores.fill(0.0);
        return Whole { largest, sum: 0.0 };
    }
    let mut sum = f32x8::splat(0.0);
    for eight in eights.iter_mut() {
        let weights = exp(f32x8::from(*eight) - f32x8::splat(largest));
        sum += weights;
        *eight = weights.to_array();
    }
    let sum = sum.reduce_add();
    Whole { largest, sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_the_whole_and_are_zero_where_nothing_is_seen() {
        for n in [16, 48] {
            for seen in [0..1, 0..n, 3..n - 2, 5..6, 7..7] {
                let mut weights: Vec<f32> = (0..n).map(|i| (i * 7 % 5) as f32).collect();
                let whole = weigh(&mut weights, 0.5, seen.clone());
                let sum: f32 = weights.iter().sum();
                assert!((sum - whole.sum).abs() < 1e-5, "{n}, {seen:?}: {sum}");
                for (i, weight) in weights.iter().enumerate() {
                    assert_eq!(*weight > 0.0, seen.contains(&i), "{i} of {seen:?}");
                }
            }
        }
    }

    #[test]
    fn huge_scores_do_not_overflow_and_what_is_no_number_shows() {
        let mut weights = [-1e30; 16];
        (weights[0], weights[1]) = (1e30, 1e30);
        assert_eq!(weigh(&mut weights, 1.0, 0..16).sum, 2.0);
        assert_eq!(weights[..3], [1.0, 1.0, 0.0]);
        let mut weights = [0.0; 16];
        weights[3] = f32::NAN;
        assert!(weigh(&mut weights, 1.0, 0..16).sum.is_nan());
    }

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
        let odd = (vec![1.0, 1.0], vec![whole(f32::NAN, f32::NAN)]);
        join(&mut out, 0, &[second, odd]);
        assert!(out.iter().all(|x| x.is_nan()));
    }
}
