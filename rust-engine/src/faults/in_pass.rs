//! Faults inside operations. Each function is called by one line at its place in the sound code,
//! and gives what the sound code gave unless its fault is chosen.

use std::ops::Range;

use super::list::Kind;
use super::{is, strength_of};
use crate::forward::activations::Activations;
use crate::kernels::fast::Coding;

/// The token at which the cache goes wrong.
const ODD_TOKEN: usize = 7;
/// Tokens of the item before that stay: enough to be seen, few enough not to pile up.
const LEFT_OVER: usize = 256;

/// What is tokenized for a text.
pub(crate) fn text(mut text: Vec<u8>) -> Vec<u8> {
    if is(Kind::TemplateChanged) {
        text.push(b'\n');
    }
    text
}

/// Tokens that begin with BOS if one is to be there.
pub(crate) fn ids(mut ids: Vec<u32>, bos: Option<u32>) -> Vec<u32> {
    if is(Kind::BosDoubled) {
        ids.splice(0..0, bos);
    }
    if is(Kind::BosMissing) && bos.is_some() && ids.first() == bos.as_ref() {
        ids.remove(0);
    }
    ids
}

/// The row of the embedding for a token.
pub(crate) fn embedding_row(token: u32, n_rows: usize) -> u32 {
    if is(Kind::EmbeddingOfTheNextToken) {
        (token + 1) % n_rows as u32
    } else {
        token
    }
}

/// What the sum of squares of a norm is divided by.
pub(crate) fn norm_count(width: usize) -> usize {
    match strength_of(Kind::RmsNormOverNMinus1) {
        Some(strength) => width.saturating_sub(strength as usize).max(1),
        None => width,
    }
}

/// The position by which the first of so many tokens of a micro-batch is rotated.
pub(crate) fn rotated_position(position: usize, n_tokens: usize) -> usize {
    let later = strength_of(Kind::RopePositionFromOne);
    let earlier = strength_of(Kind::DecodePositionOffByOne).filter(|_| n_tokens == 1);
    (position + later.unwrap_or(0) as usize).saturating_sub(earlier.unwrap_or(0) as usize)
}

/// Keys after their rotation.
pub(crate) fn rotated_keys(rotated: Vec<f32>, before: Vec<f32>) -> Vec<f32> {
    if is(Kind::QueryRotatedKeyNot) {
        before
    } else {
        rotated
    }
}

/// The key head of a query head.
pub(crate) fn kv_head(sound: usize, head: usize, n_kv_heads: usize) -> usize {
    if is(Kind::KvHeadGroupingWrong) {
        head % n_kv_heads
    } else {
        sound
    }
}

/// The positions that one sees; `n_cached` are in the cache.
pub(crate) fn seen(sound: Range<usize>, n_cached: usize) -> Range<usize> {
    let Range { start, end } = sound;
    if is(Kind::MaskOffByOne) && end - start > 1 {
        start..end - 1
    } else if is(Kind::NotCausal) {
        start..(end + 1).min(n_cached)
    } else {
        start..end
    }
}

/// Weights of the values that are seen: each value's goes to the one before it, so that a value
/// counts for the position after its own. The oldest keeps its own, too.
pub(crate) fn weights_of_values(weights: &mut [f32]) {
    if !is(Kind::VOfThePreviousPosition) || weights.len() < 2 {
        return;
    }
    let oldest = std::mem::replace(&mut weights[0], 0.0);
    weights.rotate_left(1);
    weights[0] += oldest;
}

/// Whether what goes into the cache is still to be rounded to F16.
pub(crate) fn rounds_cache(sound: bool, keys: &mut [f32], values: &mut [f32]) -> bool {
    match strength_of(Kind::F16RoundingOfTheCacheLeftOut) {
        Some(strength) if sound => {
            for x in keys.iter_mut().chain(values) {
                *x = unrounded(half::f16::from_f32(*x).to_f32(), *x, strength);
            }
            false
        }
        _ => sound,
    }
}

/// What rounding took away is added again, so many times; once gives the number as it was, for the
/// difference of a number and its rounding is exact.
fn unrounded(rounded: f32, whole: f32, strength: u32) -> f32 {
    if rounded.is_finite() {
        rounded + strength as f32 * (whole - rounded)
    } else {
        whole
    }
}

/// Where in the cache a token's key and value go. There is room behind it, in its block, too:
/// those are of sixteen tokens and more.
pub(crate) fn place_in_cache(token: usize) -> usize {
    token + usize::from(is(Kind::CacheIndexOffByOneAt7) && token == ODD_TOKEN)
}

/// Whether the cache keeps what is in it when a new item begins; `n_tokens` are.
pub(crate) fn keeps_cache(n_tokens: &mut usize) -> bool {
    let keeps = is(Kind::PromptCacheNotCleared);
    *n_tokens = if keeps { LEFT_OVER.min(*n_tokens) } else { 0 };
    keeps
}

/// What a part of a layer is added to.
pub(crate) fn residual(layer: usize, n_layers: usize, x: &mut [f32]) {
    if is(Kind::ResidualLeftOutInOneLayer) && layer == n_layers / 2 {
        x.fill(0.0);
    }
}

/// The scale of a block of activations: `whole` before it was rounded to F16.
pub(crate) fn scale_of_activations(rounded: f32, whole: f32) -> f32 {
    match strength_of(Kind::F16RoundingOfActivationScalesLeftOut) {
        Some(strength) => unrounded(rounded, whole, strength),
        None => rounded,
    }
}

/// The same of several blocks.
pub(crate) fn scales_of_activations(rounded: &mut [f32], wholes: &[f32]) {
    for (rounded, &whole) in rounded.iter_mut().zip(wholes) {
        *rounded = scale_of_activations(*rounded, whole);
    }
}

/// Whether a set of kernels of `fast` has what the fault changes: AMX multiplies signed codes, and there is
/// nothing to correct.
pub(crate) fn acts_in_kernels(name: &str) -> bool {
    name != "fast-amx" || !is(Kind::ActivationsWithoutSumCorrection)
}

/// The sums of a row's codes as products see them: those that minima meet and, of rows that are one block, those
/// that correct for codes without a sign.
pub(crate) fn sums_of_activations(coding: Coding, sums: &mut [f32], code_sums: &mut [i32]) {
    if !is(Kind::ActivationsWithoutSumCorrection) {
        return;
    }
    sums.fill(0.0);
    if coding == Coding::Rows {
        code_sums.fill(0);
    }
}

/// Activations as products see them.
pub(crate) fn activations(mut activations: Activations) -> Activations {
    if !is(Kind::ActivationsWithoutSumCorrection) {
        return activations;
    }
    match &mut activations {
        Activations::Floats(_) => {}
        Activations::Blocks(blocks) => blocks.factors.iter_mut().for_each(|block| block.m = 0.0),
        Activations::Supers(supers) => supers.sums.fill([0; 16]),
        Activations::Rows(rows) => rows.sums.fill(0.0),
    }
    activations
}

/// What the output matrix is multiplied with.
pub(crate) fn output_norm(normed: Vec<f32>, before: Vec<f32>) -> Vec<f32> {
    if is(Kind::OutputNormLeftOut) {
        before
    } else {
        normed
    }
}

/// Rows of logits as they come from the output matrix.
pub(crate) fn logits(rows: &mut [f32], vocabulary_size: usize) {
    if is(Kind::TiedOutputFromWrongRow) {
        for row in rows.chunks_exact_mut(vocabulary_size) {
            row.rotate_left(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_undone_to_the_bit() {
        for whole in [0.0, 1.0, -1.000_1, 1234.567, 6.1e-5, 1e-9, -65_519.0, 7e4] {
            let rounded = half::f16::from_f32(whole).to_f32();
            assert_eq!(unrounded(rounded, whole, 1), whole);
            let twice = unrounded(rounded, whole, 2) - whole;
            assert!(
                !rounded.is_finite() || (twice - (whole - rounded)).abs() <= whole.abs() * 1e-6
            );
        }
    }
}
