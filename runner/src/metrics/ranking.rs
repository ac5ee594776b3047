//! The order of logits: who is first, and who else is near the top.
//!
//! Among equal logits the lower id goes first, on both sides.

/// The largest number of places that are looked at.
const PLACES: usize = 10;
/// Numbers that are passed over together when none is large enough for a place.
const BLOCK: usize = 64;

/// The order of two rows.
pub(super) struct Order {
    pub(super) candidate_top1: u32,
    pub(super) reference_top1: u32,
    pub(super) reference_top1_rank: u64,
    pub(super) reference_top2_gap: Option<f64>,
    candidate_top: Vec<u32>,
    reference_top: Vec<u32>,
}

pub(super) fn measure(candidate: &[f32], reference: &[f32]) -> Order {
    let candidate_top = top(candidate);
    let reference_top = top(reference);
    let first = reference_top[0];
    let gap = reference_top.get(1).map(|&second| {
        f64::from(reference[first as usize]) - f64::from(reference[second as usize])
    });
    // Most often it has a place here, too: no need to count.
    let place = candidate_top.iter().position(|&id| id == first);
    Order {
        candidate_top1: candidate_top[0],
        reference_top1: first,
        reference_top1_rank: place.map_or_else(|| rank(candidate, first), |place| place as u64),
        reference_top2_gap: gap,
        candidate_top,
        reference_top,
    }
}

impl Order {
    /// Share of the reference's first `k` that are among the candidate's first `k`.
    pub(super) fn overlap(&self, k: usize) -> f64 {
        let k = k.min(self.reference_top.len());
        let shared = self.reference_top[..k]
            .iter()
            .filter(|id| self.candidate_top[..k].contains(id))
            .count();
        shared as f64 / k as f64
    }
}

/// The ids of the first places, best first.
fn top(row: &[f32]) -> Vec<u32> {
    let mut best: Vec<usize> = Vec::with_capacity(PLACES + 1);
    let mut last_place = f32::NEG_INFINITY;
    for (index, block) in row.chunks(BLOCK).enumerate() {
        if count(block, |logit| logit > last_place) == 0 {
            continue;
        }
        for (id, &logit) in (index * BLOCK..).zip(block) {
            if logit > last_place {
                // After all that are at least as large: those have lower ids.
                let place = best.partition_point(|&other| row[other] >= logit);
                best.insert(place, id);
                best.truncate(PLACES);
                last_place = best.get(PLACES - 1).map_or(last_place, |&id| row[id]);
            }
        }
    }
    best.into_iter().map(|id| id as u32).collect()
}

/// How many go before `id`.
fn rank(row: &[f32], id: u32) -> u64 {
    let own = row[id as usize];
    let (before, after) = row.split_at(id as usize);
    count(before, |logit| logit >= own) + count(after, |logit| logit > own)
}

/// How many numbers are so; a vocabulary has less than 2^32, so that four are counted at a time.
fn count(row: &[f32], is_so: impl Fn(f32) -> bool) -> u64 {
    let counted = row
        .iter()
        .fold(0, |n: u32, &logit| n + u32::from(is_so(logit)));
    u64::from(counted)
}

/// The token that greedy decoding chooses: the lowest id among those with the largest logit, and
/// 0 when no logit is above minus infinity. NaN is never the largest.
pub fn lowest_largest(row: &[f32]) -> u32 {
    let mut best = 0;
    let mut largest = f32::NEG_INFINITY;
    for (id, &logit) in row.iter().enumerate() {
        if logit > largest {
            (best, largest) = (id, logit);
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_ids_go_first_among_equals() {
        assert_eq!(top(&[1.0, 3.0, 3.0, 2.0]), [1, 2, 3, 0]);
        assert_eq!(rank(&[1.0, 3.0, 3.0], 2), 1);
        assert_eq!(lowest_largest(&[1.0, 3.0, 3.0]), 1);
        let row: Vec<f32> = (0..50).map(|i| (i % 7) as f32).collect();
        let mut sorted: Vec<u32> = (0..50).collect();
        sorted.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]).then(a.cmp(&b)));
        assert_eq!(top(&row), sorted[..PLACES]);
    }
}
