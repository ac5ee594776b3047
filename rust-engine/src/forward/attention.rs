//! Causal attention over the cache, one query head at one position at a time.
//!
//! As the reference without flash attention: scores, softmax, weighted sum of values, with the
//! query and the weights rounded to the cache's type. The reference computes scores for the
//! whole (padded) cache and masks what lies ahead with minus infinity; those become zeros at the
//! end of every sum and change no bit, so here a position sees only itself and what is before it.
//!
//! Unless what lies ahead in the same micro-batch is not finite: infinity minus infinity and zero
//! times infinity are NaN. Then that is looked at, too ([`Ahead`]). An F16 cache makes an infinity
//! of any value beyond 65504, so finite weights can lead there.

use rayon::prelude::*;
use schemas::describe::KvType;

use super::exp::exp;
use super::kv_cache::LayerCache;
use crate::formats::float::round_to_f16;
use crate::kernels::Kernels;

/// What does not change between layers.
pub(super) struct Attention<'a> {
    /// The inner loops.
    pub kernels: &'a Kernels,
    /// Query heads.
    pub n_heads: usize,
    /// Query heads that share a key head.
    pub group: usize,
    /// Numbers of a head.
    pub head_width: usize,
    /// Multiplies scores.
    pub scale: f32,
}

/// What a position must look at of those after it in its micro-batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    /// The position after the micro-batch's last.
    end: usize,
    /// A score of theirs may not be finite.
    keys: bool,
    /// A value of theirs is not.
    values: bool,
}

impl Ahead {
    /// For the keys and values of a micro-batch as they are in the cache. `end` is the position
    /// after its last.
    pub(super) fn new(end: usize, keys: &[f32], values: &[f32]) -> Self {
        // Far from where the products of a head could overflow; NaN is not below it.
        let small = |x: &f32| x.abs() < 1e15;
        Self {
            end,
            keys: !keys.iter().all(small),
            values: !values.iter().all(|x| x.is_finite()),
        }
    }
}

/// Space for one head at one position.
#[derive(Default)]
struct Scratch {
    query: Vec<f32>,
    sums: Vec<f64>,
    weights: Vec<f32>,
}

impl Attention<'_> {
    /// `queries` and `out` are `[position][head][element]`; the first position is `first`.
    pub(super) fn run(
        &self,
        cache: &LayerCache,
        queries: &[f32],
        first: usize,
        ahead: Ahead,
        out: &mut [f32],
    ) {
        let width = self.head_width;
        out.par_chunks_mut(width)
            .zip(queries.par_chunks(width))
            .enumerate()
            .for_each_init(Scratch::default, |scratch, (i, (out, query))| {
                let (position, head) = (first + i / self.n_heads, i % self.n_heads);
                let kv_head = head / self.group;
                self.head(cache, kv_head, position + 1, query, scratch, out);
                self.spoil(cache, kv_head, position + 1, ahead, scratch, out);
            });
    }

    fn head(
        &self,
        cache: &LayerCache,
        kv_head: usize,
        n_tokens: usize,
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
        sums.clear();
        sums.resize(n_tokens, 0.0);
        let (keys, stride) = cache.keys(kv_head);
        (self.kernels.add_scaled_rows)(rounded, keys, stride, sums);
        weights.clear();
        weights.extend(sums.iter().map(|&sum| sum as f32 * self.scale));
        softmax(weights);
        if cache.kv() == KvType::F16 {
            round_to_f16(weights);
        }
        sums.clear();
        sums.resize(self.head_width, 0.0);
        (self.kernels.add_scaled_rows)(weights, cache.values(kv_head), self.head_width, sums);
        for (out, &sum) in out.iter_mut().zip(sums.iter()) {
            *out = sum as f32;
        }
    }
}

impl Attention<'_> {
    /// Puts NaN where the reference's masked products with what lies ahead give it. `scratch` still
    /// has the rounded query.
    fn spoil(
        &self,
        cache: &LayerCache,
        kv_head: usize,
        n_tokens: usize,
        ahead: Ahead,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        if ahead.keys {
            let Scratch { query, sums, .. } = scratch;
            let (keys, stride) = cache.keys(kv_head);
            sums.clear();
            sums.resize(ahead.end, 0.0);
            (self.kernels.add_scaled_rows)(query, keys, stride, sums);
            // Minus infinity stays what the mask makes of it.
            let spoils = |&sum: &f64| {
                let score = sum as f32 * self.scale;
                score.is_nan() || score == f32::INFINITY
            };
            if sums[n_tokens..].iter().any(spoils) {
                out.fill(f32::NAN);
            }
        }
        if ahead.values {
            let values = &cache.values(kv_head)[..ahead.end * self.head_width];
            for value in values.chunks_exact(self.head_width).skip(n_tokens) {
                for (out, x) in out.iter_mut().zip(value) {
                    if !x.is_finite() {
                        *out = f32::NAN;
                    }
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
