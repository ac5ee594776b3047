//! Causal attention over the cache, one query head at one position at a time.
//!
//! As the reference without flash attention: scores, softmax, weighted sum of values, with the
//! query and the weights rounded to the cache's type. The reference computes scores for the
//! whole (padded) cache and masks what lies ahead with minus infinity; those become zeros at the
//! end of every sum and change no bit, so here a position sees only itself and what is before it.
//!
//! A layer with a window masks what lies further back than that, too.
//!
//! Unless what is masked is not finite: infinity minus infinity and zero times infinity are NaN.
//! Then that is looked at, too ([`Odd`](super::kv_cache::Odd)). An F16 cache makes an infinity of
//! any value beyond 65504, so finite weights can lead there.

use std::ops::Range;

use rayon::prelude::*;
use schemas::describe::KvType;

use super::exp::exp;
use super::kv_cache::LayerCache;
#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::formats::float::round_to_f16;
use crate::kernels::exact::Kernels;

/// How heads see tokens.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    /// Query heads.
    pub(super) count: usize,
    /// Query heads that share a key head.
    pub(super) group: usize,
    /// Numbers of a head.
    pub(super) width: usize,
    /// Multiplies scores.
    pub(super) scale: f32,
    /// Tokens that a position sees, itself among them; all that there are if none is given.
    pub(super) window: Option<usize>,
}

impl Heads {
    /// The key head of a query head.
    pub(super) fn kv_head(&self, head: usize) -> usize {
        let kv_head = head / self.group;
        #[cfg(feature = "faults")]
        let kv_head = in_pass::kv_head(kv_head, head, self.count / self.group);
        kv_head
    }

    /// The positions that one sees; the cache has `end`.
    pub(super) fn seen(&self, position: usize, end: usize) -> Range<usize> {
        let past = position + 1;
        let seen = self.window.map_or(0, |window| past.saturating_sub(window))..past;
        #[cfg(feature = "faults")]
        let seen = in_pass::seen(seen, end);
        #[cfg(not(feature = "faults"))]
        let _ = end;
        seen
    }
}

/// Attention of one layer.
pub(super) struct Attention<'a> {
    /// The inner loops.
    pub(super) kernels: &'a Kernels,
    /// The layer's heads.
    pub(super) heads: Heads,
}

/// The positions of a micro-batch, and all before them that are in the cache.
#[derive(Clone, Copy)]
pub(super) struct Span {
    /// Its first position.
    pub(super) first: usize,
    /// The position after its last.
    pub(super) end: usize,
}

/// Space for one head at one position.
#[derive(Default)]
struct Scratch {
    query: Vec<f32>,
    sums: Vec<f64>,
    weights: Vec<f32>,
}

impl Attention<'_> {
    /// `queries` and `out` are `[position][head][element]`.
    pub(super) fn run(&self, cache: &LayerCache, queries: &[f32], span: Span, out: &mut [f32]) {
        let width = self.heads.width;
        let odd = cache.odd();
        out.par_chunks_mut(width)
            .zip(queries.par_chunks(width))
            .enumerate()
            .for_each_init(Scratch::default, |scratch, (i, (out, query))| {
                let (position, head) = (span.first + i / self.heads.count, i % self.heads.count);
                let kv_head = self.heads.kv_head(head);
                let seen = self.heads.seen(position, span.end);
                self.head(cache, kv_head, seen.clone(), query, scratch, out);
                if odd.keys {
                    self.spoil_by_keys(cache, kv_head, &seen, span.end, scratch, out);
                }
                if odd.values {
                    self.spoil_by_values(cache, kv_head, &seen, span.end, out);
                }
            });
    }

    fn head(
        &self,
        cache: &LayerCache,
        kv_head: usize,
        seen: Range<usize>,
        query: &[f32],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let Scratch {
            query: rounded,
            sums,
            weights,
        } = scratch;
        rounded.clear();
        rounded.extend_from_slice(query);
        if cache.kv() == KvType::F16 {
            round_to_f16(rounded);
        }
        // The reference adds weights in fours from the cache's beginning on: so does `softmax`,
        // which must therefore begin at a multiple of four.
        let start = seen.start / 4 * 4;
        sums.clear();
        sums.resize(seen.end - start, 0.0);
        let (keys, stride) = cache.keys(kv_head);
        (self.kernels.add_scaled_rows)(rounded, &keys[start..], stride, sums);
        weights.clear();
        weights.extend(sums.iter().map(|&sum| sum as f32 * self.heads.scale));
        weights[..seen.start - start].fill(f32::NEG_INFINITY);
        softmax(weights);
        if cache.kv() == KvType::F16 {
            round_to_f16(weights);
        }
        sums.clear();
        sums.resize(self.heads.width, 0.0);
        let weights = &mut weights[seen.start - start..];
        #[cfg(feature = "faults")]
        in_pass::weights_of_values(weights);
        let values = &cache.values(kv_head)[seen.start * self.heads.width..];
        (self.kernels.add_scaled_rows)(weights, values, self.heads.width, sums);
        for (out, &sum) in out.iter_mut().zip(sums.iter()) {
            *out = sum as f32;
        }
    }

    /// Puts NaN where the reference's masked scores give it. `scratch` still has the rounded query.
    fn spoil_by_keys(
        &self,
        cache: &LayerCache,
        kv_head: usize,
        seen: &Range<usize>,
        end: usize,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let Scratch { query, sums, .. } = scratch;
        let (keys, stride) = cache.keys(kv_head);
        sums.clear();
        sums.resize(end, 0.0);
        (self.kernels.add_scaled_rows)(query, keys, stride, sums);
        // Minus infinity stays what the mask makes of it.
        let spoils = |&sum: &f64| {
            let score = sum as f32 * self.heads.scale;
            score.is_nan() || score == f32::INFINITY
        };
        let masked = sums[..seen.start].iter().chain(&sums[seen.end..]);
        if masked.into_iter().any(spoils) {
            out.fill(f32::NAN);
        }
    }

    /// Puts NaN where a masked weight, which is zero, meets a value that is not finite.
    fn spoil_by_values(
        &self,
        cache: &LayerCache,
        kv_head: usize,
        seen: &Range<usize>,
        end: usize,
        out: &mut [f32],
    ) {
        let values = cache.values(kv_head).chunks_exact(self.heads.width);
        for (position, value) in values.take(end).enumerate() {
            if seen.contains(&position) {
                continue;
            }
            for (out, x) in out.iter_mut().zip(value) {
                if !x.is_finite() {
                    *out = f32::NAN;
                }
            }
        }
    }
}

/// As `ggml_vec_soft_max_f32` compiled for SSE2, on a row padded with minus infinity to a
/// multiple of four: groups of four are summed as `(a + b) + (c + d)` in f32 and added to a
/// double in order.
fn softmax(row: &mut [f32]) {
    let max = row
        .iter()
        .fold(f32::NEG_INFINITY, |max, &x| if x > max { x } else { max });
    for x in row.iter_mut() {
        *x = exp(*x - max);
    }
    let (fours, rest) = row.as_chunks::<4>();
    let mut sum = fours
        .iter()
        .fold(0f64, |sum, [a, b, c, d]| sum + f64::from((a + b) + (c + d)));
    if !rest.is_empty() {
        let at = |i: usize| rest.get(i).copied().unwrap_or(0.0);
        sum += f64::from((at(0) + at(1)) + at(2));
    }
    let inverse = (1.0 / sum) as f32;
    for x in row {
        *x *= inverse;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one_for_every_length() {
        for n in 1..20 {
            let mut row: Vec<f32> = (0..n).map(|i| (i * 7 % 5) as f32).collect();
            softmax(&mut row);
            let sum: f32 = row.iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{n}: {sum}");
        }
    }

    #[test]
    fn softmax_of_huge_scores_does_not_overflow() {
        let mut row = [1e30, 1e30, -1e30];
        softmax(&mut row);
        assert_eq!(row, [0.5, 0.5, 0.0]);
    }
}
