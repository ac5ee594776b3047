//! Which cases of a run are run again: those that failed, those that are not done, those with a name.
//!
//! They are run in the run's own folder, and then it is merged into itself. What it has of them stays
//! until there is something new.

use std::collections::BTreeSet;

use super::again::Again;
use super::failure::SweepError;
use super::folder::RunFolder;
use super::lookup::CaseOf;
use super::standing::{Standing, is_terminal};
use super::summary::planned;
use crate::exit::Exit;

/// What is asked for; a case that is one of these is run again.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Cases whose receipt says anything but parity, contradicts another or cannot be believed.
    pub failed: bool,
    /// Cases without a receipt that counts, those whose end another try may change, and those that were
    /// to be done again and are not yet.
    pub incomplete: bool,
    /// Cases by their ids.
    pub ids: BTreeSet<String>,
}

/// The ids of these cases. That there are none is no mistake: then nothing is left to do.
pub fn ids(run: &RunFolder, which: &Which) -> Result<BTreeSet<String>, SweepError> {
    let cases = planned(run)?;
    let known: BTreeSet<_> = cases.iter().map(CaseOf::id).collect();
    if let Some(unknown) = which.ids.iter().find(|id| !known.contains(id.as_str())) {
        return Err(SweepError::Plan(format!("there is no case {unknown}")));
    }
    let mut ids = which.ids.clone();
    if which.failed || which.incomplete {
        let again = Again::of(run.root());
        let chosen = cases.iter().filter(|of| {
            let standing = Standing::in_run(run, of);
            which.failed && has_failed(&standing)
                || which.incomplete && (is_incomplete(&standing) || again.has(of.id()))
        });
        ids.extend(chosen.map(|of| of.id().to_owned()));
    }
    Ok(ids)
}

fn has_failed(standing: &Standing) -> bool {
    let is_bad = |code| code != Exit::Parity.code();
    let receipt = standing.receipt();
    receipt.is_some_and(|receipt| is_bad(receipt.exit.code))
        || standing.conflicting.is_some()
        || standing.unsound.is_some()
}

fn is_incomplete(standing: &Standing) -> bool {
    !standing.receipt().is_some_and(is_terminal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::testing::{Sweep, Told};

    /// By the places of the cases in the plan.
    fn places(sweep: &Sweep, run: &RunFolder, which: &Which) -> Vec<usize> {
        let ids = ids(run, which).expect("ids");
        let is_in = |case: &usize| ids.contains(sweep.id(*case));
        (0..sweep.receipts.len()).filter(is_in).collect()
    }

    const FAILED: Which = Which {
        failed: true,
        incomplete: false,
        ids: BTreeSet::new(),
    };
    const INCOMPLETE: Which = Which {
        failed: false,
        incomplete: true,
        ids: BTreeSet::new(),
    };

    #[test]
    fn failed_and_incomplete_cases_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = [
            Told::Same,
            Told::DivergedAt(0),
            Told::OtherTokens,
            Told::TimedOut,
            Told::Same,
            Told::Same,
        ];
        let mut sweep = Sweep::of(&told);
        sweep.edit(5, |receipt| receipt.model.sha256.push('0'));
        let run = sweep.write_some(folder.path(), &[0, 1, 2, 3, 5]);
        assert_eq!(places(&sweep, &run, &FAILED), [1, 2, 3]);
        assert_eq!(places(&sweep, &run, &INCOMPLETE), [3, 4, 5]);
        assert_eq!(places(&sweep, &run, &Which::default()), [] as [usize; 0]);
        let mut both = INCOMPLETE;
        both.ids.insert(sweep.id(0).to_owned());
        assert_eq!(places(&sweep, &run, &both), [0, 3, 4, 5]);
        both.ids.insert("0123456789abcdef".to_owned());
        let error = ids(&run, &both).expect_err("no such case");
        assert!(
            error
                .to_string()
                .contains("there is no case 0123456789abcdef"),
            "{error}"
        );
    }

    #[test]
    fn what_is_still_to_be_done_again_is_incomplete() {
        let folder = tempfile::tempdir().expect("a folder");
        let sweep = Sweep::of(&[Told::Same, Told::Same]);
        let run = sweep.write(folder.path());
        let again = Again::of(run.root());
        again.note(sweep.id(1)).expect("noted");
        assert_eq!(places(&sweep, &run, &INCOMPLETE), [1]);
        again.strike(sweep.id(1)).expect("struck");
        assert_eq!(places(&sweep, &run, &INCOMPLETE), [] as [usize; 0]);
    }
}
