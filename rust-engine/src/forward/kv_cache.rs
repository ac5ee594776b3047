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
        assert!(capacity.is_multiple_of(block), "whole blocks");
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
        assert_eq!(keys.len(), values.len(), "as many of both");
        let rounds = self.kv == KvType::F16;
        #[cfg(feature = "faults")]
        let rounds = in_pass::rounds_cache(rounds, keys, values);
        let was = if first == 0 { Odd::default() } else { self.odd };
        // Far from where the products of a head could overflow; NaN is not below it.
        let has_odd_key = !prepare(keys, rounds, |x| x.abs() < 1e15);
        let has_odd_value = !prepare(values, rounds, f32::is_finite);
        self.odd = Odd {
            keys: was.keys || has_odd_key,
            values: was.values || has_odd_value,
        };
        let (width, block) = (self.head_width, self.block);
        let row = n_kv_heads * width;
        let past = first + keys.len() / row;
        let (blocks, filled) = (self.capacity / block, first / block..past.div_ceil(block));
        let of_keys = self.keys.chunks_exact_mut(block * width);
        let of_values = self.values.chunks_exact_mut(block * width);
        let places: Vec<_> = of_keys
            .zip(of_values)
            .enumerate()
            .filter(|(i, _)| filled.contains(&(i % blocks)))
            .collect();
        // A thread takes all heads of a token, which is little work.
        let least = if past - first > 1 { 1 } else { n_kv_heads };
        let places = places.into_par_iter().with_min_len(least);
        places.for_each(|(i, (of_keys, of_values))| {
            let (start, head) = (i % blocks * block, i / blocks * width);
            for token in first.max(start)..past.min(start + block) {
                let at = (token - first) * row + head;
                #[cfg(feature = "faults")]
                let token = in_pass::place_in_cache(token);
                let place = token - start;
                let of_keys = of_keys.chunks_exact_mut(block);
                for (elements, &element) in of_keys.zip(&keys[at..][..width]) {
                    elements[place] = element;
                }
                of_values[place * width..][..width].copy_from_slice(&values[at..][..width]);
            }
        });
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

/// Numbers that a thread takes at a time.
const SHARE: usize = 1 << 12;

/// Rounds numbers, if they are to be; says whether all are sound then.
fn prepare(numbers: &mut [f32], rounds: bool, is_sound: impl Fn(f32) -> bool + Sync) -> bool {
    let sound = numbers.par_chunks_mut(SHARE).map(|numbers| {
        if rounds {
            round_to_f16(numbers);
        }
        numbers.iter().all(|&x| is_sound(x))
    });
    sound.reduce(|| true, |a, b| a && b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: usize = 2;
    const WIDTH: usize = 3;

    /// Numbers of some tokens, each another one, `[token][head][element]`.
    fn numbers(tokens: usize, first: f32) -> Vec<f32> {
        let count = tokens * HEADS * WIDTH;
        (0..count).map(|i| first + i as f32).collect()
    }

    fn cache(block: usize, kv: KvType) -> LayerCache {
        LayerCache::new(HEADS, WIDTH, 16, block, kv).expect("a little memory")
    }

    /// In one go or in several, in blocks that are begun and ended anywhere.
    #[test]
    fn each_token_has_its_place() {
        let (keys, values) = (numbers(14, 1.0), numbers(14, 500.0));
        for (block, cuts) in [
            (16, vec![14]),
            (4, vec![14]),
            (4, vec![3, 4, 5, 11, 12, 14]),
        ] {
            let mut cache = cache(block, KvType::F32);
            let mut first = 0;
            for cut in cuts {
                let part = first * HEADS * WIDTH..cut * HEADS * WIDTH;
                let (mut keys, mut values) = (keys[part.clone()].to_vec(), values[part].to_vec());
                cache.store(first, &mut keys, &mut values, HEADS);
                first = cut;
            }
            for (i, (key, value)) in keys.iter().zip(&values).enumerate() {
                let (token, head, element) = (i / WIDTH / HEADS, i / WIDTH % HEADS, i % WIDTH);
                let (found, stride) = cache.keys(head);
                assert_eq!(stride, block);
                let at = (token / block * WIDTH + element) * block + token % block;
                assert_eq!(found[at], *key, "key of {token} in blocks of {block}");
                let found = cache.values(head)[token * WIDTH + element];
                assert_eq!(found, *value, "value of {token} in blocks of {block}");
            }
        }
    }

    #[test]
    fn an_f16_cache_rounds() {
        let mut cache = cache(4, KvType::F16);
        let (mut keys, mut values) = (numbers(5, 2048.0), numbers(5, 4097.0));
        cache.store(0, &mut keys, &mut values, HEADS);
        assert_eq!((cache.keys(0).0[4], cache.values(0)[0]), (2048.0, 4096.0));
    }

    /// What is odd stays until the cache begins again.
    #[test]
    fn what_shows_through_a_mask_is_noted() {
        let mut cache = cache(4, KvType::F32);
        let mut store = |first: usize, key: f32, value: f32| {
            let (mut keys, mut values) = (numbers(1, 0.0), numbers(1, 0.0));
            (keys[5], values[5]) = (key, value);
            cache.store(first, &mut keys, &mut values, HEADS);
            (cache.odd().keys, cache.odd().values)
        };
        assert_eq!(store(0, 1.0, 1.0), (false, false));
        assert_eq!(store(1, -1e15, 1.0), (true, false));
        assert_eq!(store(2, 1.0, f32::INFINITY), (true, true));
        assert_eq!(store(3, 1.0, 1.0), (true, true));
        assert_eq!(store(0, f32::NAN, 1.0), (true, false));
        assert_eq!(store(0, 1.0, 1.0), (false, false));
    }

    /// What it holds counts, and not what came.
    #[test]
    fn what_rounding_makes_infinite_is_noted() {
        for (kv, is_odd) in [(KvType::F32, false), (KvType::F16, true)] {
            let mut cache = cache(4, kv);
            let (mut keys, mut values) = (numbers(1, 0.0), numbers(1, 0.0));
            (keys[5], values[5]) = (70_000.0, 70_000.0);
            cache.store(0, &mut keys, &mut values, HEADS);
            assert_eq!((cache.odd().keys, cache.odd().values), (is_odd, is_odd));
        }
    }
}
