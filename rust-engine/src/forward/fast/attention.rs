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

use std::ops::Range;

use rayon::prelude::*;
use wide::f32x8;

use super::exp::exp;
#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::forward::attention::{Heads, Span};
use crate::forward::kv_cache::LayerCache;
use crate::kernels::fast::{Fast, Mix};

/// Positions of a block: whole tiles of six and of twelve.
const BLOCK: usize = 24;

/// Attention of one layer.
pub(in crate::forward) struct Attention {
    /// The inner loops.
    pub(in crate::forward) fast: Fast,
    /// The layer's heads.
    pub(in crate::forward) heads: Heads,
}

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

impl Attention {
    /// `queries` and `out` are `[position][head][element]`.
    pub(in crate::forward) fn run(
        &self,
        cache: &LayerCache,
        queries: &[f32],
        span: Span,
        out: &mut [f32],
    ) {
        let width = self.heads.width;
        let row = self.heads.count * width;
        if span.end - span.first == 1 {
            let shared = self.heads.group * width;
            out.par_chunks_mut(shared)
                .zip(queries.par_chunks(shared))
                .enumerate()
                .for_each_init(Vec::new, |scores, (kv_head, (out, queries))| {
                    let rows = Rows {
                        queries,
                        stride: width,
                        positions: span.first..span.end,
                        per_position: self.heads.group,
                        kv_head: self.heads.kv_head(kv_head * self.heads.group),
                    };
                    self.rows(cache, &rows, span.end, scores, out);
                });
            return;
        }
        out.par_chunks_mut(BLOCK * row)
            .zip(queries.par_chunks(BLOCK * row))
            .enumerate()
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
                    self.rows(cache, &rows, span.end, scores, &mut out[head * width..]);
                }
            });
    }

    /// `scores` is space of the thread.
    fn rows(
        &self,
        cache: &LayerCache,
        rows: &Rows<'_>,
        end: usize,
        scores: &mut Vec<f32>,
        out: &mut [f32],
    ) {
        let count = rows.positions.len() * rows.per_position;
        // Of all that a row of the block sees; in whole vectors, which the cache has room for.
        let seen = rows
            .positions
            .clone()
            .map(|position| self.heads.seen(position, end));
        let (start, past) = seen.fold((usize::MAX, 0), |(start, past), seen| {
            (start.min(seen.start), past.max(seen.end))
        });
        let start = start / 16 * 16;
        let tokens = (past - start).next_multiple_of(16);
        scores.resize(count * tokens, 0.0);
        let (keys, capacity) = cache.keys(rows.kv_head);
        Mix {
            x: rows.queries,
            x_stride: rows.stride,
            depth: self.heads.width,
            y: &keys[start..],
            y_stride: capacity,
            out: &mut *scores,
            out_stride: tokens,
            width: tokens,
            positions: count,
        }
        .run(self.fast);
        for (i, weights) in scores.chunks_exact_mut(tokens).enumerate() {
            let seen = self
                .heads
                .seen(rows.positions.start + i / rows.per_position, end);
            softmax(
                weights,
                self.heads.scale,
                seen.start - start..seen.end - start,
            );
            #[cfg(feature = "faults")]
            in_pass::weights_of_values(&mut weights[seen.start - start..seen.end - start]);
        }
        Mix {
            x: scores,
            x_stride: tokens,
            depth: past - start,
            y: &cache.values(rows.kv_head)[start * self.heads.width..],
            y_stride: self.heads.width,
            out,
            out_stride: rows.stride,
            width: self.heads.width,
            positions: count,
        }
        .run(self.fast);
    }
}

/// Turns scores, whole vectors of sixteen, into weights; those outside `seen` become 0.
fn softmax(scores: &mut [f32], scale: f32, seen: Range<usize>) {
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
    let mut sum = f32x8::splat(0.0);
    for eight in eights.iter_mut() {
        let weights = exp(f32x8::from(*eight) - f32x8::splat(largest));
        sum += weights;
        *eight = weights.to_array();
    }
    let inverse = f32x8::splat(1.0 / sum.reduce_add());
    for eight in eights {
        *eight = (f32x8::from(*eight) * inverse).to_array();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_are_zero_where_nothing_is_seen() {
        for n in [16, 48] {
            for seen in [0..1, 0..n, 3..n - 2, 5..6] {
                let mut weights: Vec<f32> = (0..n).map(|i| (i * 7 % 5) as f32).collect();
                softmax(&mut weights, 0.5, seen.clone());
                let sum: f32 = weights.iter().sum();
                assert!((sum - 1.0).abs() < 1e-6, "{n}, {seen:?}: {sum}");
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
        softmax(&mut weights, 1.0, 0..16);
        assert_eq!(weights[..3], [0.5, 0.5, 0.0]);
        let mut weights = [0.0; 16];
        weights[3] = f32::NAN;
        softmax(&mut weights, 1.0, 0..16);
        assert!(weights[..16].iter().all(|weight| weight.is_nan()));
    }
}
