//! What the numbers mean: a verdict for a row, and one for the whole comparison.

use schemas::floor::FloorRecord;
use schemas::limits::Rung;
use schemas::receipt::{Profile, Status, Verdict};
use schemas::row::RowRecord;

use crate::exit::Exit;
use crate::floor::excess::RowFloor;
use crate::limits::{Limits, RowFindings, in_words};
use crate::metrics::Comparison;

/// What rows are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What is compared with what.
    pub profile: Profile,
    /// The limits that apply.
    pub limits: &'a Limits,
    /// In `production`: how far the reference is from itself.
    pub floor: Option<&'a FloorRecord>,
    /// Without a floor: why there is none, if that is known.
    pub no_floor: Option<&'a str>,
}

/// Judges what was found at a position.
pub fn position(terms: &Terms<'_>, position: u64, found: Comparison) -> RowRecord {
    let rungs: &[Rung] = match position {
        0 => &[Rung::FirstLogit, Rung::Positions],
        _ => &[Rung::Positions],
    };
    let floor = terms.floor;
    let floor = floor.and_then(|floor| RowFloor::of_position(floor, position));
    row(terms, rungs, floor, found).0
}

/// Judges what was found at a greedy step. It comes from the tokens before it, which are the same so
/// far, so it is also a position like others.
pub fn step(terms: &Terms<'_>, step: usize, same_choice: bool, found: Comparison) -> RowRecord {
    let floor = terms.floor.and_then(|floor| RowFloor::of_step(floor, step));
    let rungs = [Rung::Positions, Rung::Decode];
    let (mut row, is_unjudged) = row(terms, &rungs, floor, found);
    // It may keep every limit, but what is generated differs: only a floor can say that such a flip
    // is none, and then it is a TIE-FLIP.
    let keeps_limits = matches!(row.verdict, Verdict::Match | Verdict::Drift);
    if !same_choice && (keeps_limits || is_unjudged) {
        row.verdict = Verdict::Diverged;
        row.broken.push("the chosen tokens differ".to_owned());
    }
    row
}

/// Judges one row, and says whether it is INCONCLUSIVE for a flip alone that no limit judges. In
/// `exact` its bits decide, elsewhere the limits of the rungs.
fn row(
    terms: &Terms<'_>,
    rungs: &[Rung],
    floor: Option<RowFloor>,
    found: Comparison,
) -> (RowRecord, bool) {
    let metrics = found.metrics.as_ref();
    let excess = metrics.and_then(|metrics| Some(floor?.excess(metrics)));
    // Equal bits keep every limit, those too that have no value for a row of zeros.
    let findings = match metrics.filter(|_| found.differing > 0) {
        Some(metrics) => terms.limits.of_row(rungs, metrics, excess.as_ref()),
        None => RowFindings::default(),
    };
    let verdict = verdict(terms.profile, floor.is_some(), &found, &findings);
    let is_unjudged = floor.is_some()
        && verdict == Verdict::Inconclusive
        && is_unjudged_flip(terms.profile, &found, &findings);
    let broken = match verdict {
        Verdict::Diverged => in_words(&findings.diverged),
        Verdict::Drift | Verdict::TieFlip => in_words(&findings.drift),
        _ if is_unjudged => vec![UNJUDGED_FLIP.to_owned()],
        _ => Vec::new(),
    };
    let row = RowRecord {
        verdict,
        broken,
        differing: found.differing,
        candidate_non_finite: found.candidate_non_finite,
        reference_non_finite: found.reference_non_finite,
        candidate_constant: found.candidate_constant,
        reference_constant: found.reference_constant,
        metrics: found.metrics,
        excess,
    };
    (row, is_unjudged)
}

const UNJUDGED_FLIP: &str =
    "the most likely token is another one, and no limit on flip_gap says whether that is a tie";

/// In `production` a flip is a tie or a divergence; limits that say nothing of it do not make it a
/// match.
fn is_unjudged_flip(profile: Profile, found: &Comparison, findings: &RowFindings) -> bool {
    profile == Profile::Production && found.is_flip() && !findings.flips_are_judged
}

/// The first of these rules that applies, from the worst down.
fn verdict(
    profile: Profile,
    has_floor: bool,
    found: &Comparison,
    findings: &RowFindings,
) -> Verdict {
    let equal = found.differing == 0;
    let computes = found.candidate_constant.is_none() || found.reference_constant.is_none();
    if found.reference_non_finite.count > 0 {
        // Nothing can be judged against it, whatever the candidate says.
        return Verdict::EngineFailed;
    }
    if found.candidate_non_finite.count > 0 || !findings.diverged.is_empty() {
        return Verdict::Diverged;
    }
    match profile {
        Profile::Exact if !equal => Verdict::Diverged,
        // Where neither computes anything nothing is compared, however equal it is: llama.cpp
        // makes zeros of NaN where it quantizes activations, and so does who follows it.
        _ if !computes => Verdict::Inconclusive,
        // Of a quantised model a distance says nothing without a floor.
        Profile::Production if !has_floor => Verdict::Inconclusive,
        _ if equal => Verdict::BitExact,
        _ if !findings.limited || findings.lacks_floor => Verdict::Inconclusive,
        _ if is_unjudged_flip(profile, found, findings) => Verdict::Inconclusive,
        // The limit of flips is kept, or it would have diverged.
        _ if found.is_flip() && findings.flips_are_judged => Verdict::TieFlip,
        _ if !findings.drift.is_empty() => Verdict::Drift,
        _ => Verdict::Match,
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

    fn terms(profile: Profile, limits: &Limits) -> Terms<'_> {
        Terms {
            profile,
            limits,
            floor: None,
            no_floor: None,
        }
    }

    fn verdict(profile: Profile, candidate: &[f32], reference: &[f32]) -> Verdict {
        let limits = Limits::new(Limits::default_file(profile).as_ref(), &[]);
        position(&terms(profile, &limits), 0, compare(candidate, reference)).verdict
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
        let row = position(&terms(Profile::F32, &limits), 1, found);
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
