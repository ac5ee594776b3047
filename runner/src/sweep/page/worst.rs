//! The rows that a reader looks at first: of a case where it begins to diverge and where it is
//! farthest, of a comparison a few cases, of a run a few comparisons.

use schemas::floor::JudgedDistances;
use schemas::receipt::{Receipt, Verdict};
use schemas::row::{GreedyStretch, RowRecord};
use schemas::run_summary::RowPlace;

use super::cells::{Found, distance};
use super::likely::Kept;
use crate::floor::excess::RowFloor;

/// Cases of a comparison whose rows are kept.
const CASES: usize = 6;
/// Cases of the run whose rows are shown.
const SHOWN: usize = 12;
/// Tokens before a position that are shown.
const BEFORE: usize = 8;

/// A row with what is around it.
#[derive(Clone, Debug)]
pub(super) struct WorstRow {
    /// The case's place among the entries.
    pub(super) entry: usize,
    pub(super) place: RowPlace,
    /// The token there and those before it, the last one last.
    pub(super) tokens: Vec<u32>,
    pub(super) row: RowRecord,
    pub(super) floor: Option<JudgedDistances>,
    /// Where its logits are, if they were kept.
    pub(super) kept: Option<Kept>,
}

/// The few worst cases of one comparison.
#[derive(Debug, Default)]
pub(super) struct Worst {
    // The gravest first.
    cases: Vec<(Gravity, Vec<WorstRow>)>,
}

/// Whether it diverged, and how far it is.
type Gravity = (bool, f64);

impl Worst {
    /// Looks at a case.
    pub(super) fn add(&mut self, entry: usize, receipt: &Receipt) {
        let rows = placed(receipt);
        let Some(farthest) = farthest(&rows) else {
            return;
        };
        let gravity = gravity(rows[farthest].row);
        let is_graver = |other: &Gravity| (other.0, other.1) >= gravity;
        let place = self.cases.partition_point(|(other, _)| is_graver(other));
        if place >= CASES {
            return;
        }
        let first = rows.iter().position(|it| diverged(it.row));
        let mut shown: Vec<usize> = first.into_iter().collect();
        if first != Some(farthest) {
            shown.push(farthest);
        }
        let shown = shown
            .into_iter()
            .map(|at| rows[at].keep(entry, receipt, first == Some(at)));
        self.cases.insert(place, (gravity, shown.collect()));
        self.cases.truncate(CASES);
    }

    /// The rows that are shown of all comparisons: the worst case of each, then the second of each.
    pub(super) fn of_run(comparisons: Vec<Self>) -> Vec<WorstRow> {
        let mut ranked: Vec<(usize, Gravity, Vec<WorstRow>)> = Vec::new();
        for comparison in comparisons {
            let cases = comparison.cases.into_iter().enumerate();
            ranked.extend(cases.map(|(rank, (gravity, rows))| (rank, gravity, rows)));
        }
        ranked.sort_by(|(rank, gravity, _), (other_rank, other, _)| {
            // What kept its limits comes after all that did not.
            let by_verdict = other.0.cmp(&gravity.0);
            by_verdict
                .then(rank.cmp(other_rank))
                .then(other.1.total_cmp(&gravity.1))
        });
        // Far rows are of interest only where none diverged.
        let some_diverged = ranked.iter().any(|(_, gravity, _)| gravity.0);
        let shown = ranked
            .into_iter()
            .filter(|(_, gravity, _)| gravity.0 == some_diverged);
        shown.take(SHOWN).flat_map(|(_, _, rows)| rows).collect()
    }
}

/// A row of a receipt, borrowed.
struct Placed<'a> {
    place: RowPlace,
    row: &'a RowRecord,
    /// Among the positions that diverged.
    failing: Option<u64>,
}

fn placed(receipt: &Receipt) -> Vec<Placed<'_>> {
    let mut failing = 0;
    let positions = receipt.positions.iter().map(|it| {
        let number = diverged(&it.row).then_some(failing);
        failing += u64::from(number.is_some());
        Placed {
            place: RowPlace::Position(it.position),
            row: &it.row,
            failing: number,
        }
    });
    let mut rows: Vec<_> = positions.collect();
    let steps = receipt
        .greedy
        .iter()
        .flatten()
        .flat_map(GreedyStretch::numbered);
    rows.extend(steps.map(|(step, row)| Placed {
        place: RowPlace::Step(step),
        row,
        failing: None,
    }));
    rows
}

impl Placed<'_> {
    fn keep(&self, entry: usize, receipt: &Receipt, is_first: bool) -> WorstRow {
        let columns = receipt.sizes.as_ref().map_or(0, |it| it.vocabulary);
        let failing = receipt.positions.iter().filter(|it| diverged(&it.row));
        let kept = match (failing.count() as u64, self.failing) {
            (rows, Some(row)) => Some((row, rows)),
            // Where no position diverged the first step that did is kept.
            (0, None) if is_first => Some((0, 1)),
            _ => None,
        };
        WorstRow {
            entry,
            place: self.place,
            tokens: tokens_up_to(receipt, self.place),
            row: self.row.clone(),
            floor: receipt.floor.as_ref().and_then(|floor| {
                let floor = match self.place {
                    RowPlace::Position(position) => RowFloor::of_position(floor, position),
                    RowPlace::Step(step) => RowFloor::of_step(floor, step as usize),
                };
                floor.map(|it| it.distances())
            }),
            kept: kept.map(|(row, rows)| Kept { row, rows, columns }),
        }
    }
}

/// The tokens that a row has seen: those up to its position; those of the prompt and the greedy ones
/// before its step.
fn tokens_up_to(receipt: &Receipt, place: RowPlace) -> Vec<u32> {
    let prompt = receipt.tokens.iter().flatten().copied();
    let seen: Vec<u32> = match place {
        RowPlace::Position(position) => {
            prompt.take((position as usize).saturating_add(1)).collect()
        }
        RowPlace::Step(step) => {
            let chosen = receipt.greedy.iter().flatten();
            let chosen = chosen.flat_map(|it| it.reference_ids.iter().take(it.steps.len()));
            prompt.chain(chosen.take(step as usize).copied()).collect()
        }
    };
    let from = seen.len().saturating_sub(BEFORE + 1);
    seen[from..].to_vec()
}

/// The gravest row that is anything at all: none where all bits are the same.
fn farthest(rows: &[Placed<'_>]) -> Option<usize> {
    let mut found: Option<(usize, Gravity)> = None;
    for (at, placed) in rows.iter().enumerate() {
        let gravity = gravity(placed.row);
        let is_first_of_its_kind = found.is_none_or(|(_, other)| gravity > other);
        if (gravity.0 || gravity.1 > 0.0) && is_first_of_its_kind {
            found = Some((at, gravity));
        }
    }
    found.map(|(at, _)| at)
}

fn gravity(row: &RowRecord) -> Gravity {
    let far = match distance(row) {
        Found::Number(value) => value,
        Found::NoNumber => f64::INFINITY,
    };
    (diverged(row), far)
}

fn diverged(row: &RowRecord) -> bool {
    row.verdict == Verdict::Diverged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::testing::{Sweep, Told};

    fn shown(told: &[Told]) -> Vec<(usize, RowPlace)> {
        let sweep = Sweep::of(told);
        let mut worst = Worst::default();
        for (entry, receipt) in sweep.receipts.iter().enumerate() {
            worst.add(entry, receipt);
        }
        let rows = Worst::of_run(vec![worst]);
        rows.iter().map(|it| (it.entry, it.place)).collect()
    }

    #[test]
    fn shows_where_a_case_begins_to_diverge() {
        assert_eq!(shown(&[Told::Same]), []);
        let found = shown(&[Told::Same, Told::DivergedAt(1)]);
        assert_eq!(found[0], (1, RowPlace::Position(1)));
        assert!(found.len() <= 2);
    }

    #[test]
    fn what_is_far_is_shown_only_where_nothing_diverged_and_many_are_few() {
        let found = shown(&[Told::Floors(0.5), Told::Floors(40.0)]);
        assert!(found.iter().all(|(entry, _)| *entry == 1), "{found:?}");
        assert_eq!(shown(&[Told::Floors(0.5)]).len(), 1);
        let many = shown(&[Told::DivergedAt(0); 50]);
        let mut cases: Vec<_> = many.iter().map(|(entry, _)| *entry).collect();
        cases.dedup();
        assert_eq!(cases, [0, 1, 2, 3, 4, 5], "equals in the plan's order");
    }

    #[test]
    fn a_row_knows_its_tokens_and_where_its_logits_are() {
        let sweep = Sweep::of(&[Told::DivergedAt(1)]);
        let receipt = &sweep.receipts[0];
        let rows = placed(receipt);
        let row = rows[2].keep(0, receipt, false);
        assert_eq!(Some(row.tokens), receipt.tokens);
        let expected = Kept {
            row: 1,
            rows: 2,
            columns: 64,
        };
        assert_eq!(row.kept, Some(expected));
    }
}
