//! What must hold between the numbers of one row, whatever the engines computed.

use schemas::number::Finite;
use schemas::row::{Metrics, NonFinite, RowRecord, ShiftRemoved};

/// Sums in f64 over a vocabulary of 10^6 are right to 10^6 · 2^-53 = 1e-10 of their size; on rows
/// of SmolLM2 (49,152 logits) the identities below hold to 4e-13.
const OF_SUMS: f64 = 1e-9;
/// Sums of probabilities and their logarithms: terms within 1, each right to 2^-53 of a logarithm
/// that is below 20 where the probability is not nothing.
const OF_PROBABILITIES: f64 = 1e-12;

/// What does not hold, in words.
pub(super) fn broken(row: &RowRecord, n_logits: Option<u64>) -> Vec<String> {
    let mut broken = Vec::new();
    for (side, found) in [
        ("candidate", row.candidate_non_finite),
        ("reference", row.reference_non_finite),
    ] {
        if !is_sound(found, n_logits) {
            let (count, first) = (found.count, found.first_index);
            broken.push(format!(
                "the {side} has {count} numbers that are not finite, from {first:?} on"
            ));
        }
    }
    if n_logits.is_some_and(|n| row.differing > n) {
        broken.push(format!("{} numbers differ, of {n_logits:?}", row.differing));
    }
    let finite = row.candidate_non_finite.count == 0 && row.reference_non_finite.count == 0;
    let Some(metrics) = row.metrics.as_ref().filter(|_| finite) else {
        if finite != row.metrics.is_some() {
            broken.push("has distances just where all numbers are finite".to_owned());
        }
        return broken;
    };
    let checks = [
        of_distances(metrics),
        of_sizes(metrics, n_logits),
        of_probabilities(metrics),
        of_ranks(metrics, n_logits),
        of_equality(row, metrics),
        of_constants(row, metrics),
    ];
    let failed = checks.into_iter().flatten().filter(|(holds, _)| !holds);
    broken.extend(failed.map(|(_, words)| words.to_owned()));
    broken
}

type Check = (bool, &'static str);

fn is_sound(found: NonFinite, n_logits: Option<u64>) -> bool {
    match found.first_index {
        None => found.count == 0,
        Some(first) => {
            let end = first.saturating_add(found.count);
            found.count > 0 && n_logits.is_none_or(|n| end <= n)
        }
    }
}

fn of(value: Option<Finite>) -> f64 {
    value.map_or(0.0, Finite::get)
}

/// a ≤ b, with room for the rounding of sums of the size `of`.
fn at_most(a: f64, b: f64, of: f64) -> bool {
    a <= b + OF_SUMS * of.abs()
}

fn of_distances(metrics: &Metrics) -> Vec<Check> {
    let (max_abs, l2, mse) = (metrics.max_abs.get(), metrics.l2.get(), metrics.mse.get());
    let mean = metrics.mean_shift.get();
    let ShiftRemoved {
        max_abs: shifted_max,
        mse: shifted_mse,
        ..
    } = &metrics.shift_removed;
    let (shifted_max, shifted_mse) = (shifted_max.get(), shifted_mse.get());
    let smallest = [max_abs, l2, mse, shifted_max, shifted_mse];
    vec![
        (smallest.iter().all(|&x| x >= 0.0), "a distance is below 0"),
        (at_most(max_abs, l2, l2), "max_abs is beyond l2"),
        (
            at_most(mse, max_abs * max_abs, mse),
            "mse is beyond max_abs squared",
        ),
        (
            at_most(mean.abs(), max_abs, max_abs),
            "the mean shift is beyond max_abs",
        ),
        (
            at_most((shifted_mse - (mse - mean * mean)).abs(), 0.0, mse),
            "shift_removed.mse is not mse less the mean shift squared",
        ),
        (
            at_most(shifted_mse, shifted_max * shifted_max, mse),
            "shift_removed.mse is beyond its max_abs squared",
        ),
        (
            at_most((max_abs - shifted_max).abs(), mean.abs(), max_abs),
            "the two max_abs are further apart than the mean shift",
        ),
    ]
}

fn of_sizes(metrics: &Metrics, n_logits: Option<u64>) -> Vec<Check> {
    let (mse, shifted_mse) = (metrics.mse.get(), metrics.shift_removed.mse.get());
    let (nmse, shifted_nmse) = (metrics.nmse, metrics.shift_removed.nmse);
    let (a, b) = (of(nmse) * shifted_mse, of(shifted_nmse) * mse);
    let n = n_logits.map_or(0.0, |n| n as f64);
    let squares = metrics.l2.get() * metrics.l2.get();
    let cosines = [metrics.cosine, metrics.shift_removed.cosine];
    vec![
        (
            n_logits.is_none() || at_most((squares - n * mse).abs(), 0.0, squares),
            "l2 squared is not mse times the vocabulary",
        ),
        (
            nmse.is_some() == shifted_nmse.is_some() && of(nmse) >= 0.0 && of(shifted_nmse) >= 0.0,
            "an nmse is below 0, or one alone is missing",
        ),
        (
            at_most((a - b).abs(), 0.0, a.max(b)),
            "the two nmse are not as the two mse",
        ),
        (
            cosines.into_iter().all(|it| of(it).abs() <= 1.0),
            "a cosine is beyond 1",
        ),
        (
            metrics.scale.is_some() == nmse.is_some() && scale_fits(metrics),
            "the scale is not what nmse and cosine say",
        ),
    ]
}

/// Of rows c and r with scale s = c·r / r·r and q = |c| / |r|: nmse = q² + 1 − 2s, and s = q · cosine.
/// Multiplied out, for a cosine near 0 says nothing of q.
fn scale_fits(metrics: &Metrics) -> bool {
    let (scale, nmse, cosine) = (of(metrics.scale), of(metrics.nmse), of(metrics.cosine));
    let squared_ratio = nmse - 1.0 + 2.0 * scale;
    let room = nmse + 1.0 + 2.0 * scale.abs();
    let difference = squared_ratio * cosine * cosine - scale * scale;
    at_most(difference.abs(), 0.0, room)
}

fn of_probabilities(metrics: &Metrics) -> Vec<Check> {
    let (kl, reverse) = (metrics.kl.get(), metrics.kl_reverse.get());
    let variation = metrics.total_variation.get();
    let largest = metrics.shift_removed.max_abs.get();
    // The range of differences is at most twice the largest one, and KL its square over 8.
    let bound = largest * largest / 2.0;
    let room = OF_PROBABILITIES;
    let pinsker = (kl.min(reverse).max(0.0) / 2.0 + room).sqrt() + room;
    vec![
        (kl >= -room && reverse >= -room, "KL is below 0"),
        (
            kl.max(reverse) <= bound * (1.0 + OF_SUMS) + room,
            "KL is beyond (max δ − min δ)² / 8",
        ),
        (
            (0.0..=1.0 + room).contains(&variation),
            "total variation is no share",
        ),
        (variation <= pinsker, "total variation is beyond √(KL / 2)"),
    ]
}

fn of_ranks(metrics: &Metrics, n_logits: Option<u64>) -> Vec<Check> {
    let is_flip = metrics.candidate_top1 != metrics.reference_top1;
    let overlap = &metrics.top_k_overlap;
    let shares = [overlap.k1, overlap.k5, overlap.k10].map(Finite::get);
    let gap = of(metrics.reference_top2_gap);
    let largest = metrics.shift_removed.max_abs.get();
    let ids = [metrics.candidate_top1, metrics.reference_top1].map(u64::from);
    let mut places = ids.into_iter().chain([metrics.reference_top1_rank]);
    vec![
        (
            n_logits.is_none_or(|n| places.all(|place| place < n)),
            "a token or a rank is beyond the vocabulary",
        ),
        (
            metrics.top1_equal != is_flip,
            "top1_equal is not what the two tokens say",
        ),
        (
            (overlap.k1.get() == 1.0) != is_flip,
            "the overlap of one is not what the two tokens say",
        ),
        (
            shares.iter().all(|share| (0.0..=1.0).contains(share)),
            "an overlap is no share",
        ),
        (
            (metrics.reference_top1_rank == 0) != is_flip,
            "the rank is not what the two tokens say",
        ),
        (gap >= 0.0, "the gap is below 0"),
        (
            !is_flip || at_most(gap, 2.0 * largest, gap),
            "the largest logit is another one, over a gap wider than the differences",
        ),
    ]
}

/// What no number differs in is the same in everything; what few differ in is near.
fn of_equality(row: &RowRecord, metrics: &Metrics) -> Vec<Check> {
    let (l2, max_abs) = (metrics.l2.get(), metrics.max_abs.get());
    let most = row.differing as f64 * max_abs * max_abs;
    let shifted = &metrics.shift_removed;
    let distances = [
        metrics.max_abs,
        metrics.l2,
        metrics.mse,
        metrics.mean_shift,
        metrics.kl,
        metrics.kl_reverse,
        metrics.total_variation,
        shifted.max_abs,
        shifted.mse,
    ];
    let nothing = distances.into_iter().all(|it| it.get() == 0.0);
    vec![
        (
            row.differing > 0 || nothing && metrics.top1_equal,
            "no number differs, and there is a distance",
        ),
        (
            at_most(l2 * l2, most, most),
            "l2 is beyond what so few numbers that differ can make",
        ),
    ]
}

/// A cosine or an nmse is missing only beside zeros, and two constants are told apart by their
/// shift.
fn of_constants(row: &RowRecord, metrics: &Metrics) -> Vec<Check> {
    let (candidate, reference) = (row.candidate_constant, row.reference_constant);
    let is_zeros = |side: Option<Finite>| side.is_some_and(|it| it.get() == 0.0);
    // The only logit of a vocabulary of one is told as no constant.
    let is_one = metrics.reference_top2_gap.is_none();
    let shift_is_theirs = match (candidate, reference) {
        (Some(a), Some(b)) => {
            let shift = a.get() - b.get();
            at_most((metrics.mean_shift.get() - shift).abs(), 0.0, shift)
        }
        _ => true,
    };
    vec![
        (
            is_one || metrics.nmse.is_none() == is_zeros(reference),
            "nmse is missing just where the reference is all zeros",
        ),
        (
            is_one || metrics.cosine.is_none() == (is_zeros(candidate) || is_zeros(reference)),
            "the cosine is missing just where a row is all zeros",
        ),
        (
            shift_is_theirs,
            "the mean shift is not that of the two constants",
        ),
    ]
}
