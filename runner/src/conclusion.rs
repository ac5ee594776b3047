//! What follows from judged rows: the verdict of all of them, its exit code and reason, and the
//! figures that a receipt repeats of them. Pure: whoever has a receipt comes to the same.

use std::mem;

use schemas::floor::{CaseExcess, OwnExcess};
use schemas::number::Finite;
use schemas::receipt::{Receipt, TokensFrom, Verdict};
use schemas::row::{GreedyStretch, Metrics, PositionRow, RowRecord};

use crate::exit::Exit;
use crate::floor::excess::Excesses;
use crate::floor::own::larger_of_all;
use crate::judge::{self, Terms};
use crate::limits::{Broken, Limits, in_words};
use crate::metrics::Comparison;
use crate::reason;
use crate::rows::Rows;
use crate::warnings;

/// What rows come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code.
    pub exit: Exit,
    /// The sentence for people.
    pub reason: String,
}

impl Conclusion {
    /// `adopted` is where the candidate's own tokens begin to differ, if it was given the
    /// reference's.
    pub fn of(rows: &Rows, terms: &Terms<'_>, adopted: Option<u64>) -> Self {
        Self::of_rung(rows, rows, terms, adopted)
    }

    /// Of the `rows` of one rung. Limits of a whole comparison judge `all` that was compared so far, as
    /// they do in its receipt: else a few rows alone could break what all of them keep.
    pub fn of_rung(rows: &Rows, all: &Rows, terms: &Terms<'_>, adopted: Option<u64>) -> Self {
        let own = terms.floor.and_then(|floor| floor.own.as_ref());
        let (_, broken) = case_excess(Excesses::of(all.all()), own, terms.limits);
        let excess = Excesses::of(rows.all())
            .together()
            .map(|excess| CaseExcess {
                broken: in_words(&broken),
                ..excess
            });
        // Limits of a whole comparison take a floor.
        let is_unjudged = excess.is_none() && terms.limits.limit_cases();
        let of_rows = rows.verdict();
        let of_case = broken.iter().map(Broken::verdict);
        let unjudged = is_unjudged.then_some(Verdict::Inconclusive);
        let found = judge::all([of_rows].into_iter().chain(of_case).chain(unjudged));
        let verdict = match adopted {
            Some(_) => judge::at_best_match(found),
            None => found,
        };
        Self {
            verdict,
            exit: judge::exit(verdict, None),
            reason: reason::of_rows(rows, found, terms, excess.as_ref(), adopted),
        }
    }

    /// There is nothing to say anything by.
    pub fn inconclusive(reason: String) -> Self {
        Self {
            verdict: Verdict::Inconclusive,
            exit: Exit::Inconclusive,
            reason,
        }
    }

    /// The order in which conclusions outweigh each other: the gravest comes first.
    pub fn order(&self) -> (u8, u8) {
        let badness = judge::badness(self.verdict);
        (self.exit.place(), u8::MAX - badness)
    }
}

/// What rows are together in multiples of their floors, and the limits that they break together.
fn case_excess(
    excesses: Excesses,
    own: Option<&OwnExcess>,
    limits: &Limits,
) -> (Option<CaseExcess>, Vec<Broken>) {
    let n_rows = excesses.n_rows();
    let Some(mut excess) = excesses.together() else {
        return (None, Vec::new());
    };
    let broken = limits.broken_by_case(&excess, own, n_rows);
    excess.broken = in_words(&broken);
    (Some(excess), broken)
}

/// What several comparisons come to together. Their receipts are looked at one at a time, and none is
/// kept.
#[derive(Debug, Default)]
pub struct Together {
    worst: Option<(String, Conclusion)>,
    excesses: Excesses,
    own: Option<OwnExcess>,
}

impl Together {
    /// And this one; `name` says which it is.
    pub fn add(&mut self, name: &str, exit: Exit, receipt: &Receipt) {
        let found = Conclusion {
            verdict: receipt.verdict,
            exit,
            reason: receipt.reason.clone(),
        };
        let is_worse = |(_, worst): &(String, Conclusion)| found.order() < worst.order();
        if self.worst.as_ref().is_none_or(is_worse) {
            self.worst = Some((name.to_owned(), found));
        }
        self.excesses.add(receipt.rows());
        let own = receipt.floor.as_ref().and_then(|floor| floor.own.clone());
        self.own = match (self.own.take(), own) {
            (Some(a), Some(b)) => Some(larger_of_all(&a, &b)),
            (a, b) => a.or(b),
        };
    }

    /// The gravest of them by its name, the first of equals, and what all of their rows are together:
    /// limits of a whole comparison see more of them than in one. `None`: there were none, or they have
    /// no floors.
    pub fn conclude(self, limits: &Limits) -> (Option<(String, Conclusion)>, Option<CaseExcess>) {
        let own = self.own.as_ref();
        (self.worst, case_excess(self.excesses, own, limits).0)
    }
}

/// What broken limits of all rows together come to.
pub fn of_all_rows(excess: Option<&CaseExcess>) -> Option<Conclusion> {
    let broken = excess.filter(|excess| !excess.broken.is_empty())?;
    Some(Conclusion {
        verdict: Verdict::Diverged,
        exit: Exit::Diverged,
        reason: format!("all prompts together: {}", broken.broken.join("; ")),
    })
}

/// Writes the figures that a receipt repeats of its rows, and what is odd about them.
pub fn repeat_figures(receipt: &mut Receipt) {
    let positions = &receipt.positions;
    let diverged = |row: &&PositionRow| row.row.verdict == Verdict::Diverged;
    let first = positions.iter().find(diverged);
    receipt.first_divergence_token = first.map(|row| row.position);
    receipt.per_token_cosine_sim = of_each(positions, |metrics| metrics.cosine);
    receipt.per_token_l2_dist = of_each(positions, |metrics| Some(metrics.l2));
    receipt.max_absolute_diff = largest_difference(receipt);
    let limits = Limits::of_receipt(receipt);
    receipt.threshold = limits.smallest_cosine();
    let own = receipt.floor.as_ref().and_then(|floor| floor.own.as_ref());
    receipt.excess = case_excess(Excesses::of(receipt.rows()), own, &limits).0;
    receipt.warnings = warnings::of(receipt);
}

/// A metric of each position, absent where a row is not finite.
fn of_each(
    positions: &[PositionRow],
    value: impl Fn(&Metrics) -> Option<Finite>,
) -> Vec<Option<Finite>> {
    let metrics = positions.iter().map(|position| &position.row.metrics);
    metrics
        .map(|metrics| metrics.as_ref().and_then(&value))
        .collect()
}

/// Of all positions and steps; none where a row is not finite, for that is no small difference.
fn largest_difference(receipt: &Receipt) -> Option<Finite> {
    let all = receipt
        .rows()
        .map(|row| Some(row.metrics.as_ref()?.max_abs));
    let all: Option<Vec<_>> = all.collect();
    let largest = |a: &Finite, b: &Finite| a.get().total_cmp(&b.get());
    all?.into_iter().max_by(largest)
}

/// The receipt as its stored rows make it under these limits, or `None` if nothing was compared.
pub fn judged_anew(stored: &Receipt, limits: &Limits) -> Option<Receipt> {
    let terms = Terms {
        profile: stored.profile,
        limits,
        floor: stored.floor.as_ref(),
        no_floor: stored.no_floor.as_deref(),
    };
    let mut anew = stored.clone();
    let stretches = anew.greedy.take()?.into_iter();
    let positions = mem::take(&mut anew.positions).into_iter();
    let positions = positions.map(|it| PositionRow {
        row: judge::position(&terms, it.position, found(it.row)),
        ..it
    });
    let rows = Rows {
        positions: positions.collect(),
        greedy: stretches.map(|it| stretch_anew(it, &terms)).collect(),
    };
    let adopted = match stored.tokens_from {
        Some(TokensFrom::Reference) => stored.first_diff_idx,
        _ => None,
    };
    let conclusion = Conclusion::of(&rows, &terms, adopted);
    anew.verdict = conclusion.verdict;
    anew.exit = conclusion.exit.record();
    anew.status = judge::status(conclusion.verdict);
    anew.reason = conclusion.reason;
    anew.limits_file = limits.file().cloned();
    anew.limits = limits.applied().to_vec();
    anew.positions = rows.positions;
    anew.greedy = Some(rows.greedy);
    anew.error = None;
    repeat_figures(&mut anew);
    // That two engines are one program is not in the rows, unless they have one name.
    let engines = &stored.engines;
    let is_one = stored.reason.ends_with(reason::SAME_PROGRAM)
        || engines.candidate.name == engines.reference.name;
    if conclusion.exit == Exit::Parity && is_one {
        anew.reason.push_str(reason::SAME_PROGRAM);
    }
    if is_unstored(stored) {
        anew.exit = stored.exit.clone();
        anew.error.clone_from(&stored.error);
    }
    Some(anew)
}

fn stretch_anew(mut stretch: GreedyStretch, terms: &Terms<'_>) -> GreedyStretch {
    let rows = mem::take(&mut stretch.steps).into_iter().enumerate();
    let judged = rows.map(|(index, row)| {
        // A step of which no token is told is none that was chosen alike.
        let candidate = stretch.candidate_ids.get(index);
        let is_same = candidate.is_some() && candidate == stretch.reference_ids.get(index);
        let step = (stretch.first_step as usize).saturating_add(index);
        judge::step(terms, step, is_same, found(row))
    });
    stretch.steps = judged.collect();
    stretch
}

/// Whether a receipt is of a comparison that came to its verdict, and could not be stored.
pub fn is_unstored(receipt: &Receipt) -> bool {
    receipt.exit == Exit::Internal.record() && receipt.error.is_some()
}

fn found(row: RowRecord) -> Comparison {
    Comparison {
        differing: row.differing,
        candidate_non_finite: row.candidate_non_finite,
        reference_non_finite: row.reference_non_finite,
        candidate_constant: row.candidate_constant,
        reference_constant: row.reference_constant,
        metrics: row.metrics,
    }
}
