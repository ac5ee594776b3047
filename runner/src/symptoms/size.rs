//! How the numbers of bad rows differ, wherever they are.

use schemas::receipt::Profile;
use schemas::symptom::{Pattern, Symptom};

use super::seen::{Numbers, SeenRow};
use super::subject::Subject;
use super::thresholds::{
    COSINE_OF_A_FACTOR, FACTOR, LARGE_NMSE, LEFT_BY_FACTOR, LEFT_BY_SHIFT, LOW_TOP5, ONE_FACTOR,
    SMALL_NMSE, UNRELATED_TOP5,
};
use super::trend::median;

/// The numbers of the bad rows that have any.
pub(super) fn bad_numbers(rows: &[SeenRow]) -> Vec<Numbers> {
    let bad = rows.iter().filter(|row| row.is_bad);
    bad.filter_map(|row| row.numbers).collect()
}

fn median_of(numbers: &[Numbers], of: impl FnMut(&Numbers) -> f64) -> f64 {
    median(&numbers.iter().map(of).collect::<Vec<_>>())
}

fn mean_top5(numbers: &[Numbers]) -> f64 {
    numbers.iter().map(|row| row.top5).sum::<f64>() / numbers.len() as f64
}

pub(super) fn not_finite(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let mut bad = rows.iter().filter(|row| row.non_finite.count > 0);
    let first = bad.next()?;
    let n_rows = 1 + bad.count();
    let position = first.index;
    let cause = if n_rows < rows.len() && position > 0 {
        "an overflow or memory that was never written, reached at this position: a mask whose \
         row is all minus infinity, a cache row that nobody filled"
    } else {
        "an overflow, a division by zero in a norm, or a weight that is not finite"
    };
    let logits = first.non_finite.count;
    let token = first.non_finite.first_index.unwrap_or(0);
    Some(Symptom {
        pattern: Pattern::NotFinite,
        cause: cause.to_owned(),
        evidence: format!(
            "{n_rows} of {} rows have numbers that are not finite; the first is position \
             {position} with {logits}, from the logit of token {token} on",
            rows.len()
        ),
        next_command: subject.inspect(&["--ln-stats", "--gate", "auto"]),
    })
}

/// Factors leave next to nothing, and all or each row has one that is not 1.
pub(super) fn factor(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let numbers = bad_numbers(rows);
    let mut scales = Vec::with_capacity(numbers.len());
    let mut left = Vec::with_capacity(numbers.len());
    for row in &numbers {
        scales.push(row.scale?);
        left.push(row.left_after_scale()?);
    }
    let (scale, left) = (median(&scales), median(&left));
    let is_factor = (scale - 1.0).abs() >= FACTOR
        && left <= LEFT_BY_FACTOR
        && median_of(&numbers, |row| row.cosine) >= COSINE_OF_A_FACTOR;
    if !is_factor {
        return None;
    }
    let least = scales.iter().copied().fold(f64::INFINITY, f64::min);
    let most = scales.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_one = most - least <= ONE_FACTOR * scale.abs();
    let (pattern, cause) = if is_one {
        (
            Pattern::ConstantFactor,
            "a constant factor of the logits: a logit scale or temperature, or the weight of the \
             last norm (a wrong export of gamma)",
        )
    } else {
        (
            Pattern::RowFactor,
            "the last norm is left out or divides by something else: it is what makes rows of \
             one size",
        )
    };
    Some(Symptom {
        pattern,
        cause: cause.to_owned(),
        evidence: format!(
            "the reference times {scale:.4} (from {least:.4} to {most:.4}) leaves {:.1} % of the \
             difference",
            left * 100.0
        ),
        next_command: subject.inspect(&["--ln-stats", "--gate", "auto"]),
    })
}

pub(super) fn constant_shift(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let numbers = bad_numbers(rows);
    let left = median_of(&numbers, |row| row.nmse / row.nmse_with_shift);
    // A median of nothing is NaN, which is not small.
    let is_shift = left <= LEFT_BY_SHIFT;
    is_shift.then(|| Symptom {
        pattern: Pattern::ConstantShift,
        cause: "one number is added to all logits of a row, which no probability shows: \
            log-probabilities in place of logits, the largest logit subtracted, a bias"
            .to_owned(),
        evidence: format!(
            "the shift is {:.3e} on the median; without it {:.1e} of the difference is left",
            median_of(&numbers, |row| row.mean_shift),
            left
        ),
        next_command: subject.per_token_in(Profile::F32, &["--verbose"]),
    })
}

pub(super) fn far_too_large(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let nmse = median_of(&bad_numbers(rows), |row| row.nmse);
    (nmse >= LARGE_NMSE).then(|| Symptom {
        pattern: Pattern::FarTooLarge,
        cause: "the logits are far larger than the reference's: the last norm is left out, or a \
            scale is applied twice"
            .to_owned(),
        evidence: format!(
            "the mean squared difference is {nmse:.1e} of the reference's mean square; rows that \
             have nothing in common give 2"
        ),
        next_command: subject.inspect(&["--ln-stats", "--gate", "auto"]),
    })
}

/// What all rows, or those of a place, have in common, by how much they differ.
pub(super) fn of_all(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let numbers = bad_numbers(rows);
    let nmse = median_of(&numbers, |row| row.nmse);
    let top5 = mean_top5(&numbers);
    if nmse <= SMALL_NMSE {
        return Some(small(&numbers, nmse, subject));
    }
    // Where the first position is right, its place says more.
    if numbers.is_empty() || rows.first().is_some_and(|row| !row.is_bad) {
        return None;
    }
    let evidence = format!(
        "the mean squared difference is {nmse:.1e} of the reference's mean square (median of {} \
         rows); of the five most likely tokens {:.0} % are the same",
        numbers.len(),
        top5 * 100.0
    );
    let (pattern, cause) = if top5 <= UNRELATED_TOP5 {
        (
            Pattern::UnrelatedRows,
            "a large part of the computation is another one: the rows of the embedding or of the \
             output matrix, the order of layers or heads, which of two matrices is which, a \
             residual, or how a tensor type is decoded",
        )
    } else {
        (
            Pattern::EveryPosition,
            "something that does not need context: a norm, the feed-forward part (its activation \
             function, gate and up), a residual, the scale of a tensor, or a layer that is left \
             out or in another's place; or the mask, if position 0 is right when it is evaluated \
             alone",
        )
    };
    Some(Symptom {
        pattern,
        cause: cause.to_owned(),
        evidence,
        next_command: subject.per_token(&["--max-positions", "1", "--max-tokens", "0"]),
    })
}

fn small(numbers: &[Numbers], nmse: f64, subject: &Subject) -> Symptom {
    let evidence = format!(
        "the mean squared difference is {nmse:.1e} of the reference's mean square (median of {} \
         rows)",
        numbers.len()
    );
    let (cause, next_command) = if subject.profile == Profile::Exact {
        (
            "one rounding is another one (F16 of the cache or of a block's scale, the order of a \
             sum), which quantised activations amplify; or a constant is off by little (a \
             norm's epsilon, RoPE's base), or one tensor a little wrong (a block of it, a \
             scale near 1): the profile f32 has no rounding",
            subject.per_token_in(Profile::F32, &[]),
        )
    } else {
        (
            "more than rounding and little: a constant is off by little (a norm's epsilon or \
             divisor, RoPE's base), or one tensor is a little wrong (a block of it, a scale \
             near 1)",
            subject.inspect(&["--show-kv", "*epsilon*"]),
        )
    };
    Symptom {
        pattern: Pattern::SmallEverywhere,
        cause: cause.to_owned(),
        evidence,
        next_command,
    }
}

/// Beside the others, and only where rows are near: unrelated rows have no top five in common.
pub(super) fn top_five(rows: &[SeenRow], subject: &Subject) -> Option<Symptom> {
    let numbers = bad_numbers(rows);
    let top5 = mean_top5(&numbers);
    let nmse = median_of(&numbers, |row| row.nmse);
    let is_low = top5 < LOW_TOP5 && top5 > UNRELATED_TOP5 && nmse > SMALL_NMSE;
    is_low.then(|| Symptom {
        pattern: Pattern::TopFiveOverlapLow,
        cause: "people would notice: other tokens become likely; if only quantised models show \
            it, how a tensor type is decoded"
            .to_owned(),
        evidence: format!(
            "of the five most likely tokens {:.0} % are the same",
            top5 * 100.0
        ),
        next_command: subject.per_token_in(Profile::F32, &[]),
    })
}
