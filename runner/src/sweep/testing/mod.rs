//! Runs that nobody ran: a plan of as many cases as a test asks for, and a sound receipt of each.
//!
//! `receipt` makes up what a case came to, `plan` the plan that it is of, `files` lists what a run has. Rows
//! are computed from logits made up here and judged by the same code as those of engines, so that every
//! receipt stands before `verify`. Cases of `exact` come first in the plan, then those of `production`.

mod files;
mod plan;
mod receipt;
mod speed;

use std::fs;
use std::path::Path;

use schemas::agreed_tokens::AgreedTokensFile;
use schemas::plan::{Plan, PlannedComparison};
use schemas::receipt::{Profile, Receipt, Verdict};
use schemas::tag::Tag;

use super::folder::{CASES, ENVIRONMENT, PLAN, RECEIPT, RunFolder};
use crate::results::{write_json, write_text};
use crate::seal::seal;

pub(crate) use files::all_but_environment;

const COMPARED: &str = include_str!("../../../../schemas/examples/receipt/valid.production.json");
const MISMATCHED: &str =
    include_str!("../../../../schemas/examples/receipt/valid.token-mismatch.json");

/// Positions of every case, unless a test asks for more.
pub(crate) const POSITIONS: u64 = 3;

/// What a case comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    /// `exact`: BIT-EXACT.
    Same,
    /// `exact`: DIVERGED from this position on.
    DivergedAt(u64),
    /// `exact`: TOKEN-MISMATCH.
    OtherTokens,
    /// `exact`: ENGINE-FAILED by the time limit, 75: not terminal.
    TimedOut,
    /// `production`: each row is so many times as far as the floor is high, the largest difference of
    /// which is 0.5.
    Floors(f32),
}

/// A plan and the receipts of its cases, in the plan's order.
pub(crate) struct Sweep {
    pub(crate) plan: Plan,
    pub(crate) receipts: Vec<Receipt>,
}

impl Sweep {
    /// One case for each of these; few cases are enough for a verdict.
    pub(crate) fn of(told: &[Told]) -> Self {
        Self::planned(told, |_| ())
    }

    /// The same in a plan with this change, which shows in the keys of its cases.
    pub(crate) fn planned(told: &[Told], change: impl FnOnce(&mut Plan)) -> Self {
        Self::made(told, POSITIONS, change)
    }

    /// The same with so many positions in each case.
    pub(crate) fn long(told: &[Told], positions: u64) -> Self {
        Self::made(told, positions, |_| ())
    }

    fn made(told: &[Told], positions: u64, change: impl FnOnce(&mut Plan)) -> Self {
        let mut told = told.to_vec();
        told.sort_by_key(|told| profile(*told) == Profile::Production);
        let mut plan = plan::without_cases();
        change(&mut plan);
        let example = plan.prompt_sets[0].prompts.remove(0);
        plan.cases.clear();
        let receipts = told.into_iter().map(|told| {
            let receipt = receipt::of(plan.cases.len() as u32, told, positions);
            plan::add(&mut plan, &example, receipt)
        });
        let receipts: Vec<_> = receipts.collect();
        let has_cases =
            |it: &PlannedComparison| plan.cases.iter().any(|case| case.comparison == it.name);
        plan.comparisons = plan
            .comparisons
            .iter()
            .filter(|it| has_cases(it))
            .cloned()
            .collect();
        Self { plan, receipts }
    }

    /// The id of a case.
    pub(crate) fn id(&self, case: usize) -> &str {
        &self.plan.cases[case].keys.id
    }

    /// Edits a receipt and seals it again.
    pub(crate) fn edit(&mut self, case: usize, edit: impl FnOnce(&mut Receipt)) {
        edit(&mut self.receipts[case]);
        seal(&mut self.receipts[case]);
    }

    /// Writes all cases.
    pub(crate) fn write(&self, root: &Path) -> RunFolder {
        let all: Vec<_> = (0..self.receipts.len()).collect();
        self.write_some(root, &all)
    }

    /// Writes the plan and some of the cases, as a shard would leave them.
    pub(crate) fn write_some(&self, root: &Path, cases: &[usize]) -> RunFolder {
        fs::create_dir_all(root).expect("a folder");
        write_json(root, PLAN, &self.plan).expect("a plan");
        for &case in cases {
            write_case(&root.join(CASES).join(self.id(case)), &self.receipts[case]);
        }
        RunFolder::open(root).expect("a run")
    }
}

fn write_case(folder: &Path, receipt: &Receipt) {
    fs::create_dir_all(folder).expect("a folder");
    let mut receipt = receipt.clone();
    let environment = receipt.environment.take().expect("an environment");
    write_json(folder, ENVIRONMENT, &environment).expect("an environment");
    if let Some(ids) = receipt.tokens.clone() {
        let tokens = AgreedTokensFile {
            schema: Tag::new(),
            ids,
        };
        write_json(folder, "tokens.json", &tokens).expect("tokens");
    }
    if receipt.verdict == Verdict::Diverged {
        for name in ["candidate.failing.npy", "reference.failing.npy"] {
            write_text(folder, name, "logits").expect("logits");
        }
    }
    write_json(folder, RECEIPT, &receipt).expect("a receipt");
}

fn profile(told: Told) -> Profile {
    match told {
        Told::Floors(_) => Profile::Production,
        _ => Profile::Exact,
    }
}

fn read<T: serde::de::DeserializeOwned>(example: &str) -> T {
    serde_json::from_str(example).expect("an example")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify;

    const ALL: [Told; 6] = [
        Told::Floors(0.25),
        Told::Same,
        Told::DivergedAt(1),
        Told::OtherTokens,
        Told::TimedOut,
        Told::Floors(40.0),
    ];

    #[test]
    fn every_receipt_is_sound_and_says_what_was_told() {
        let sweep = Sweep::of(&ALL);
        let found = sweep.receipts.iter().map(|it| (it.verdict, it.exit.code));
        let expected = [
            (Verdict::BitExact, 0),
            (Verdict::Diverged, 1),
            (Verdict::TokenMismatch, 2),
            (Verdict::EngineFailed, 75),
            (Verdict::Drift, 0),
            (Verdict::Diverged, 1),
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert_eq!(sweep.receipts[1].first_divergence_token, Some(1));
        for receipt in &sweep.receipts {
            assert_eq!(verify::findings(receipt), [], "{}", receipt.reason);
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sweep = Sweep::of(&ALL);
        sweep.edit(0, |receipt| receipt.warnings.push("odd".to_owned()));
        let there = |run: &RunFolder| {
            let receipts = run.plan.cases.iter().map(|case| run.receipt(case));
            let is_there = receipts.map(|it| it.expect("sound").is_some());
            is_there.collect::<Vec<_>>()
        };
        let run = sweep.write_some(folder.path(), &[0, 5]);
        assert_eq!(run.plan, sweep.plan);
        assert_eq!(there(&run), [true, false, false, false, false, true]);
        assert_eq!(there(&sweep.write(folder.path())), [true; 6]);
    }
}
