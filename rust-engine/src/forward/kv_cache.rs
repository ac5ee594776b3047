//! Keys and values of the tokens seen so far.
//!
//! Both are kept as f32. With an F16 cache they are rounded to F16 as they come in, which is all
//! that can be seen of its being F16; keeping the wide form saves widening each key once for
//! every later position and query head.
//!
//! Keys are kept turned, `[head][element][token]`, so that the scores of neighbouring tokens,
//! which are separate sums, are computed side by side; or so in blocks of some tokens, which are then
//! read from memory in order. Values are kept `[head][token][element]` for the same reason: there
//! the sums run over tokens.

use rayon::prelude::*;
use schemas::describe::KvType;

#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::formats::float::round_to_f16;

/// The cache of one layer.
pub(super) struct LayerCache {
    /// `[kv head][block][element][token of the block]`
    keys: Vec<f32>,
    /// `[kv head][capacity][element]`
    values: Vec<f32>,
    head_width: usize,
    capacity: usize,
    /// Tokens of a block of keys, which divide the capacity.
    block: usize,
    kv: KvType,
    odd: Odd,
}

/// Whether there is something in a cache that shows through a mask: what is masked counts as zero,
/// and zero times infinity is NaN.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Odd {
    /// A key so large that a score with it may not be finite.
    pub(super) keys: bool,
    /// A value that is not finite.
    pub(super) values: bool,
}

impl LayerCache {
    /// Room for `capacity` tokens, if the memory has it, in blocks of a number that divides it. The
    /// pages are touched only as tokens come in.
    pub(super) fn new(
        n_kv_heads: usize,
        head_width: usize,
        capacity: usize,
        block: usize,
        kv: KvType,
    ) -> Option<Self> {
        let size = n_kv_heads.checked_mul(head_width)?.checked_mul(capacity)?;
        // Only asks: filling what it gives would touch every page, `vec!` gets zeros untouched.
        let both = size.checked_mul(2)?;
        Vec::<f32>::new().try_reserve_exact(both).ok()?;
        Some(Self {
            keys: vec![0.0; size],
            values: vec![0.0; size],
            head_width,
            capacity,
            block,
            kv,
            odd: Odd::default(),
        })
    }

    /// Puts in the keys and values of the tokens from `first` on, `[token][head][element]`.
    pub(super) fn store(
        &mut self,
        first: usize,
        keys: &mut [f32],
        values: &mut [f32],
        n_kv_heads: usize,
    ) {
        let rounds = self.kv == KvType::F16;
        #[cfg(feature = "faults")]
        let rounds = in_pass::rounds_cache(rounds, keys, values);
        if rounds {
            round_to_f16(keys);
            round_to_f16(values);
        }
        self.note_odd(first, keys, values);
        let (width, capacity, block) = (self.head_width, self.capacity, self.block);
        let row = n_kv_heads * width;
        let head_size = width * capacity;
        let heads = self.keys.par_chunks_exact_mut(head_size);
        let heads = heads.zip(self.values.par_chunks_exact_mut(head_size));
        // A thread takes all heads of a token, which is little work.
        let heads = heads
            .enumerate()
            .with_min_len(if keys.len() > row { 1 } else { n_kv_heads });
        heads.for_each(|(head, (of_keys, of_values))| {
            let rows = keys.chunks_exact(row).zip(values.chunks_exact(row));
            for (place, (key, value)) in (first..).zip(rows) {
                #[cfg(feature = "faults")]
                let place = in_pass::place_in_cache(place);
                let key = &key[head * width..][..width];
                let of_block = &mut of_keys[place / block * block * width..][..block * width];
                for (i, &element) in key.iter().enumerate() {
                    of_block[i * block + place % block] = element;
                }
                let value = &value[head * width..][..width];
                of_values[place * width..][..width].copy_from_slice(value);
            }
        });
    }

    fn note_odd(&mut self, first: usize, keys: &[f32], values: &[f32]) {
        if first == 0 {
            self.odd = Odd::default();
        }
        // Far from where the products of a head could overflow; NaN is not below it.
        let small = |x: &f32| x.abs() < 1e15;
        self.odd.keys |= !keys.iter().all(small);
        self.odd.values |= !values.iter().all(|x| x.is_finite());
    }

    /// What it holds that shows through a mask.
    pub(super) fn odd(&self) -> Odd {
        self.odd
    }

    /// The element type that products with the cache round their other side to.
    pub(super) fn kv(&self) -> KvType {
        self.kv
    }

    /// Keys of a head, `[block][element][token]`, and how many tokens are in a block.
    pub(super) fn keys(&self, head: usize) -> (&[f32], usize) {
        let size = self.head_width * self.capacity;
        (&self.keys[head * size..][..size], self.block)
    }

    /// Values of a head, `[token][element]`.
    pub(super) fn values(&self, head: usize) -> &[f32] {
        let size = self.head_width * self.capacity;
        &self.values[head * size..][..size]
    }
}
