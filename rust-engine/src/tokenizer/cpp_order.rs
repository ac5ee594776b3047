//! Two orders that llama.cpp leaves to the C++ library and that reach its results.
//!
//! It sorts special tokens by length with `std::sort`, which does not keep the order of equals:
//! which of two overlapping tokens of one length is matched hangs on it. And it looks for an
//! end-of-turn token by walking an `unordered_map`, where the first of several candidates wins:
//! LLaMA-3, Qwen and `SmolLM2` all have two or more. Both orders are fixed by the library, GNU's
//! libstdc++, with which every build of the reference that we know is made; this file follows them.

use std::cmp::Reverse;

/// Up to this length libstdc++ sorts by insertion, which is stable.
const INSERTION_SORT_LENGTH: usize = 16;

/// Sorts ids by the length of their texts, longest first, with equals in the order of `std::sort`.
///
/// libstdc++ partitions like quicksort down to short stretches, then sorts all by insertion. The
/// second half is stable, so any stable sort does for it. Not followed: the heap sort into which
/// libstdc++ falls when partitions are badly uneven, as only lengths made for it would have.
pub(super) fn sort_longest_first(ids: &mut [u32], length: impl Fn(u32) -> usize) {
    let depth = 2 * ids.len().checked_ilog2().unwrap_or(0);
    partition(ids, depth, &|left, right| length(left) > length(right));
    ids.sort_by_key(|id| Reverse(length(*id)));
}

fn partition(ids: &mut [u32], depth: u32, before: &impl Fn(u32, u32) -> bool) {
    if ids.len() <= INSERTION_SORT_LENGTH || depth == 0 {
        return;
    }
    let cut = partition_once(ids, before);
    let (low, high) = ids.split_at_mut(cut);
    partition(high, depth - 1, before);
    partition(low, depth - 1, before);
}

/// One step of quicksort; returns where the second part begins. The pivot is the median of the
/// second, the middle and the last element, and is kept in front, outside of both scans.
fn partition_once(ids: &mut [u32], before: &impl Fn(u32, u32) -> bool) -> usize {
    let (first, middle, last) = (1, ids.len() / 2, ids.len() - 1);
    let precedes = |left: usize, right: usize| before(ids[left], ids[right]);
    let median = match (
        precedes(first, middle),
        precedes(middle, last),
        precedes(first, last),
    ) {
        (true, true, _) | (false, false, false) => middle,
        (true, false, true) | (false, true, false) => last,
        (true, false, false) | (false, _, true) => first,
    };
    ids.swap(0, median);
    // The pivot is a median of three, so each scan meets an element that stops it.
    let (mut low, mut high) = (1, ids.len());
    loop {
        while before(ids[low], ids[0]) {
            low += 1;
        }
        high -= 1;
        while before(ids[0], ids[high]) {
            high -= 1;
        }
        if low >= high {
            return low;
        }
        ids.swap(low, high);
        low += 1;
    }
}

/// The sizes through which an `unordered_map` grows when elements are added one by one: about twice
/// the last one, and prime.
const BUCKET_COUNTS: [usize; 19] = [
    13, 29, 59, 127, 257, 541, 1_109, 2_357, 5_087, 10_273, 20_753, 42_043, 85_229, 172_933,
    351_061, 712_697, 1_447_153, 2_938_679, 5_967_347,
];

/// The order in which an `unordered_map` yields distinct texts that were put in one by one. Texts
/// beyond the largest table above are left out.
///
/// The elements are one list. An element whose bucket is empty goes to the front of the list,
/// another one to the front of its bucket's part; when the table grows, all are put in anew in list
/// order.
pub(super) fn hash_map_order(texts: &[&[u8]]) -> Vec<u32> {
    let hashes: Vec<u64> = texts.iter().map(|text| murmur_hash(text)).collect();
    let mut order: Vec<u32> = Vec::new();
    for n_buckets in BUCKET_COUNTS {
        let n_new = texts.len().min(n_buckets);
        order.extend(order.len() as u32..n_new as u32);
        let mut part_of_bucket = vec![None; n_buckets];
        let mut n_parts = 0;
        let mut list: Vec<(usize, u32)> = Vec::with_capacity(n_new);
        for index in order {
            let bucket = (hashes[index as usize] % n_buckets as u64) as usize;
            let part = *part_of_bucket[bucket].get_or_insert_with(|| {
                n_parts += 1;
                n_parts
            });
            list.push((part, index));
        }
        // The youngest part first, and in each the youngest element first.
        list.reverse();
        list.sort_by_key(|(part, _)| Reverse(*part));
        order = list.into_iter().map(|(_, index)| index).collect();
        if order.len() == texts.len() {
            break;
        }
    }
    order
}

/// The `std::hash<std::string>` of libstdc++: `MurmurHash64A` with this seed.
fn murmur_hash(text: &[u8]) -> u64 {
    const SEED: u64 = 0xc70f_6907;
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    let shift_mix = |value: u64| value ^ value >> 47;
    let mut hash = SEED ^ (text.len() as u64).wrapping_mul(FACTOR);
    for chunk in text.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let mut data = u64::from_le_bytes(bytes);
        if chunk.len() == 8 {
            data = shift_mix(data.wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
        }
        hash = (hash ^ data).wrapping_mul(FACTOR);
    }
    shift_mix(shift_mix(hash).wrapping_mul(FACTOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_sixteen_equals_keep_their_order() {
        let mut ids: Vec<u32> = (0..16).collect();
        sort_longest_first(&mut ids, |_| 3);
        assert_eq!(ids, (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn more_equals_are_mixed_as_by_the_library() {
        // Printed by a C++ program that sorts these with `std::sort` by `length(a) > length(b)`.
        let mut ids: Vec<u32> = (0..40).collect();
        sort_longest_first(&mut ids, |id| (id % 3) as usize);
        assert_eq!(ids, SORTED);
    }

    #[test]
    fn hashes_are_walked_as_by_the_library() {
        // Printed by a C++ program that puts these texts into an `unordered_map` and walks it.
        let texts: Vec<String> = (0..40)
            .map(|id: u32| format!("token-{}", id.pow(3)))
            .collect();
        let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        assert_eq!(hash_map_order(&texts), WALKED);
    }

    const SORTED: [u32; 40] = [
        29, 20, 17, 23, 14, 26, 11, 8, 32, 5, 35, 2, 38, 31, 1, 34, 28, 25, 37, 22, 16, 13, 4, 10,
        19, 7, 30, 39, 0, 3, 36, 6, 33, 9, 12, 27, 15, 24, 18, 21,
    ];
    const WALKED: [u32; 40] = [
        39, 35, 36, 33, 32, 30, 12, 11, 31, 17, 10, 14, 9, 29, 5, 24, 6, 2, 0, 8, 20, 4, 21, 38, 7,
        34, 3, 13, 18, 15, 27, 16, 23, 22, 19, 25, 37, 1, 26, 28,
    ];
}
