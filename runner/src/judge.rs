//! What the numbers mean: a verdict for a row, and one for the whole comparison.

use schemas::limits::Rung;
use schemas::receipt::{Profile, Status, Verdict};
use schemas::row::RowRecord;

use crate::exit::Exit;
use crate::limits::Limits;
use crate::metrics::Comparison;

/// Judges what was found at a position.
pub fn position(profile: Profile, limits: &Limits, position: u64, found: Comparison) -> RowRecord {
    let rungs: &[Rung] = match position {
        0 => &[Rung::FirstLogit, Rung::Positions],
        _ => &[Rung::Positions],
    };
    row(profile, limits, rungs, found)
}

/// Judges what was found at a greedy step. It comes from the tokens before it, which are the same so
/// far, so it is also a position like others.
pub fn step(profile: Profile, limits: &Limits, same_choice: bool, found: Comparison) -> RowRecord {
    let mut row = row(profile, limits, &[Rung::Positions, Rung::Decode], found);
    if !same_choice {
        other_choice(profile, &mut row);
    }
    row
}

/// Judges one row. In `exact` its bits decide, elsewhere the limits of the rungs.
fn row(profile: Profile, limits: &Limits, rungs: &[Rung], found: Comparison) -> RowRecord {
    // Equal bits keep every limit, those too that have no value for a row of zeros.
    let equal = profile != Profile::Production && found.differing == 0;
    let broken = match &found.metrics {
        Some(metrics) if !equal => limits.broken(rungs, metrics),
        _ => Vec::new(),
    };
    let verdict = if found.reference_non_finite.count > 0 {
        // Nothing can be judged against it, whatever the candidate says.
        Verdict::EngineFailed
    } else if found.candidate_non_finite.count > 0 || !broken.is_empty() {
        Verdict::Diverged
    } else {
        let computes = found.candidate_constant.is_none() || found.reference_constant.is_none();
        match profile {
            Profile::Exact if !equal => Verdict::Diverged,
            // Where neither computes anything nothing is compared, however equal it is: llama.cpp
            // makes zeros of NaN where it quantizes activations, and so does who follows it.
            _ if !computes => Verdict::Inconclusive,
            _ if equal => Verdict::BitExact,
            Profile::F32 if limits.limit_any(rungs) => Verdict::Match,
            // Without a limit or a floor a distance says nothing.
            _ => Verdict::Inconclusive,
        }
    };
    RowRecord {
        verdict,
        broken: broken.iter().map(ToString::to_string).collect(),
        differing: found.differing,
        candidate_non_finite: found.candidate_non_finite,
        reference_non_finite: found.reference_non_finite,
        candidate_constant: found.candidate_constant,
        reference_constant: found.reference_constant,
        metrics: found.metrics,
        excess: None,
    }
}

/// Judges a greedy step at which the engines chose different tokens: its row may keep every limit,
/// but what is generated differs. Only a floor could say that such a flip is none.
fn other_choice(profile: Profile, row: &mut RowRecord) {
    if profile != Profile::Production && row.verdict == Verdict::Match {
        row.verdict = Verdict::Diverged;
        row.broken.push("the chosen tokens differ".to_owned());
    }
}

/// The verdict on tokens that the candidate itself would not have made: its tokenizer is part of what
/// equal bits would prove.
pub fn at_best_match(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::BitExact => Verdict::Match,
        other => other,
    }
}

/// The verdict of several rows: the worst of theirs. No row at all is inconclusive.
pub fn all(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let worst = verdicts.into_iter().max_by_key(|&verdict| badness(verdict));
    worst.unwrap_or(Verdict::Inconclusive)
}

/// The order in which verdicts outweigh each other. A reference that fails outweighs a
/// divergence: what was measured against it means nothing.
pub(crate) fn badness(verdict: Verdict) -> u8 {
    match verdict {
        // Where nothing was looked at nothing is known; whatever was outweighs it.
        Verdict::NotReached | Verdict::Skipped => 0,
        Verdict::BitExact => 1,
        Verdict::Match => 2,
        Verdict::Drift => 3,
        Verdict::TieFlip => 4,
        Verdict::Inconclusive => 5,
        Verdict::Diverged => 6,
        Verdict::TokenMismatch => 7,
        Verdict::Refused => 8,
        Verdict::EngineFailed => 9,
    }
}

/// The exit code of a verdict; an engine's failure brings its own.
pub fn exit(verdict: Verdict, engine_failure: Option<Exit>) -> Exit {
    match verdict {
        Verdict::BitExact | Verdict::Match | Verdict::Drift | Verdict::TieFlip => Exit::Parity,
        Verdict::Diverged => Exit::Diverged,
        Verdict::TokenMismatch => Exit::TokensDiffer,
        Verdict::Refused => Exit::Unavailable,
        // Without a fault of its own it is output that is not right: numbers that are not finite.
        Verdict::EngineFailed => engine_failure.unwrap_or(Exit::BadInput),
        // Nothing compared is never a pass.
        Verdict::Inconclusive | Verdict::NotReached | Verdict::Skipped => Exit::Inconclusive,
    }
}

/// The verdict in the words of older documents.
pub fn status(verdict: Verdict) -> Status {
    match verdict {
        Verdict::BitExact | Verdict::Match | Verdict::Drift | Verdict::TieFlip => Status::Ok,
        Verdict::Diverged => Status::Diverged,
        Verdict::TokenMismatch => Status::TokenMismatch,
        Verdict::Refused => Status::Refused,
        Verdict::EngineFailed => Status::EngineFailed,
        Verdict::Inconclusive | Verdict::NotReached | Verdict::Skipped => Status::Inconclusive,
    }
}

/// The word for a verdict, as in JSON.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::BitExact => "BIT-EXACT",
        Verdict::Match => "MATCH",
        Verdict::Drift => "DRIFT",
        Verdict::TieFlip => "TIE-FLIP",
        Verdict::Diverged => "DIVERGED",
        Verdict::TokenMismatch => "TOKEN-MISMATCH",
        Verdict::Refused => "REFUSED",
        Verdict::EngineFailed => "ENGINE-FAILED",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::NotReached => "NOT-REACHED",
        Verdict::Skipped => "SKIPPED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::compare;

    fn verdict(profile: Profile, candidate: &[f32], reference: &[f32]) -> Verdict {
        let limits = Limits::new(Limits::default_file(profile).as_ref(), &[]);
        let rungs = [Rung::FirstLogit, Rung::Positions];
        row(profile, &limits, &rungs, compare(candidate, reference)).verdict
    }

    #[test]
    fn bits_decide_in_exact_alone() {
        let reference = [1.0, 2.0, 3.0];
        let nearly = [1.0, 2.0, 3.0f32.next_up()];
        let shifted = [2.0, 3.0, 4.0];
        for (candidate, exact, f32) in [
            (reference, Verdict::BitExact, Verdict::BitExact),
            (nearly, Verdict::Diverged, Verdict::Match),
            (shifted, Verdict::Diverged, Verdict::Match),
        ] {
            assert_eq!(verdict(Profile::Exact, &candidate, &reference), exact);
            assert_eq!(verdict(Profile::F32, &candidate, &reference), f32);
        }
    }

    #[test]
    fn what_is_not_finite_is_never_a_pass() {
        let (good, bad) = ([1.0, 2.0], [1.0, f32::NAN]);
        for profile in [Profile::Exact, Profile::F32, Profile::Production] {
            assert_eq!(verdict(profile, &bad, &good), Verdict::Diverged);
            assert_eq!(verdict(profile, &good, &bad), Verdict::EngineFailed);
            assert_eq!(verdict(profile, &bad, &bad), Verdict::EngineFailed);
        }
    }

    #[test]
    fn production_is_inconclusive_at_best() {
        let row = [1.0, 2.0];
        assert_eq!(
            verdict(Profile::Production, &row, &row),
            Verdict::Inconclusive
        );
    }

    #[test]
    fn equal_rows_of_one_number_compare_nothing() {
        let (zeros, nearly) = ([0.0, 0.0], [0.0, f32::MIN_POSITIVE]);
        for profile in [Profile::Exact, Profile::F32] {
            assert_eq!(verdict(profile, &zeros, &zeros), Verdict::Inconclusive);
            assert_eq!(verdict(profile, &nearly, &nearly), Verdict::BitExact);
            assert_eq!(verdict(profile, &[0.0], &[0.0]), Verdict::BitExact);
        }
        assert_eq!(
            verdict(Profile::Exact, &zeros, &[1.0, 1.0]),
            Verdict::Diverged
        );
    }

    #[test]
    fn what_no_limit_judges_is_inconclusive() {
        let limits = Limits::new(None, &[]);
        let found = compare(&[1.0, 9.0], &[1.0, 2.0]);
        let row = row(Profile::F32, &limits, &[Rung::Positions], found);
        assert_eq!(row.verdict, Verdict::Inconclusive);
    }

    #[test]
    fn nothing_compared_is_inconclusive() {
        assert_eq!(all([]), Verdict::Inconclusive);
        assert_eq!(exit(all([]), None), Exit::Inconclusive);
        assert_eq!(all([Verdict::BitExact, Verdict::Match]), Verdict::Match);
        assert_eq!(all([Verdict::Diverged, Verdict::Match]), Verdict::Diverged);
    }
}
