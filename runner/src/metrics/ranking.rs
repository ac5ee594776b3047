//! The order of logits: who is first, and who else is near the top.
//!
//! Among equal logits the lower id goes first, on both sides.

use super::pass::{BLOCK, COLUMNS, Peaks, raise};

/// The largest number of places that are looked at.
const PLACES: usize = 10;

/// The order of two rows.
pub(super) struct Order {
    pub(super) candidate_top1: u32,
    pub(super) reference_top1: u32,
    pub(super) reference_top1_rank: u64,
    pub(super) reference_top2_gap: Option<f64>,
    candidate_top: Vec<u32>,
    reference_top: Vec<u32>,
}

/// Takes finite rows with their peaks.
pub(super) fn measure(candidate: (&[f32], &[Peaks]), reference: (&[f32], &[Peaks])) -> Order {
    let [candidate_top, reference_top] = [candidate, reference].map(|(row, peaks)| top(row, peaks));
    let (candidate, reference) = (candidate.0, reference.0);
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
///
/// At least so many numbers are as large as the last of the largest columns, whichever block each comes
/// from. What is below it has no place, so that most blocks are passed over.
fn top(row: &[f32], peaks: &[Peaks]) -> Vec<u32> {
    let mut columns = [f32::NEG_INFINITY; COLUMNS];
    for peaks in peaks {
        raise(&mut columns, peaks);
    }
    columns.sort_unstable_by(|one, other| other.total_cmp(one));
    let least = columns[PLACES - 1];
    let mut best: Vec<usize> = Vec::with_capacity(PLACES + 1);
    for (block, peaks) in peaks.iter().enumerate() {
        if count(peaks, |peak| peak >= least) == 0 {
            continue;
        }
        let ids = block * BLOCK..row.len().min((block + 1) * BLOCK);
        for (column, _) in peaks.iter().enumerate().filter(|(_, peak)| **peak >= least) {
            for id in ids.clone().skip(column).step_by(COLUMNS) {
                if row[id] >= least {
                    let goes_before = |&other: &usize| {
                        row[other] > row[id] || row[other] == row[id] && other < id
                    };
                    let place = best.partition_point(goes_before);
                    best.insert(place, id);
                    best.truncate(PLACES);
                }
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
    use pulp::Arch;

    use super::*;
    use crate::metrics::pass::{self, Notes};

    #[test]
    fn lower_ids_go_first_among_equals() {
        let top = |row: &[f32]| {
            let mut notes = Notes::default();
            pass::same(Arch::new(), row, row, &mut notes).expect("equal");
            top(row, &notes.reference_peaks)
        };
        assert_eq!(top(&[1.0, 3.0, 3.0, 2.0]), [1, 2, 3, 0]);
        assert_eq!(rank(&[1.0, 3.0, 3.0], 2), 1);
        assert_eq!(lowest_largest(&[1.0, 3.0, 3.0]), 1);
        let row: Vec<f32> = (0..50).map(|i| (i % 7) as f32).collect();
        let mut sorted: Vec<u32> = (0..50).collect();
        sorted.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]).then(a.cmp(&b)));
        assert_eq!(top(&row), sorted[..PLACES]);
    }
}
