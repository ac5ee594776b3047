//! Which receipt of a case counts, among all that folders have of it.
//!
//! A sound receipt of what was planned goes before one of another build, an end that stays before one
//! that another try may change, and then the lower digest: so whoever looks at the same receipts, in
//! whatever order, comes to the same. What speaks against a run is kept beside the chosen receipt, so
//! that nobody has to believe a summary:
//!
//! ```text
//! cases/ID/receipt.json       the chosen one
//! cases/ID/conflicting.json   another one of the same identity, if there is one
//! cases/ID/unsound.txt        what is wrong with a receipt that was found and not believed
//! ```

use std::io;
use std::path::{Path, PathBuf};

use schemas::receipt::Receipt;
use schemas::run_summary::{RunProblem, RunProblemKind};

use super::belonging::{self, Stranger};
use super::folder::{RECEIPT, RunFolder, read_receipt};
use super::lookup::CaseOf;
use crate::exit::Exit;
use crate::model_file;
use crate::results::remove_if_there;
use crate::verify;

/// Another receipt of the same identity.
pub const CONFLICTING: &str = "conflicting.json";
/// What is wrong with a receipt that was found.
pub const UNSOUND: &str = "unsound.txt";

/// A sentence, not a file of somebody else's.
const UNSOUND_BYTES: u64 = 1 << 16;

/// A receipt that can be believed.
#[derive(Debug)]
pub struct Believed {
    /// The receipt.
    pub receipt: Receipt,
    /// Why it is not of what was planned, where it is not.
    pub other_build: Option<String>,
    /// The folders of the case that have it.
    pub folders: Vec<PathBuf>,
}

impl Believed {
    /// What goes first counts.
    fn order(&self) -> (bool, bool, &str) {
        let is_other = self.other_build.is_some();
        (is_other, !is_terminal(&self.receipt), &self.receipt.digest)
    }

    fn is_final(&self) -> bool {
        self.other_build.is_none() && is_terminal(&self.receipt)
    }
}

/// Whether another try cannot be hoped to end otherwise.
pub fn is_terminal(receipt: &Receipt) -> bool {
    receipt.exit.code != Exit::Retryable.code()
}

/// All that folders have of a case.
#[derive(Debug, Default)]
pub struct Found {
    believed: Vec<Believed>,
    unsound: Option<String>,
}

impl Found {
    /// Looks into one more folder of the case.
    pub fn look(&mut self, folder: &Path, of: &CaseOf<'_>) {
        for name in [RECEIPT, CONFLICTING] {
            match read_receipt(&folder.join(name)) {
                Ok(None) => {}
                Ok(Some(receipt)) => self.add(receipt, of, folder),
                Err(error) => self.disbelieve(error.problem),
            }
        }
        match model_file::read_text(&folder.join(UNSOUND), UNSOUND_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.disbelieve(format!("{UNSOUND}: {error}")),
            Ok(told) => self.disbelieve(told.trim_end().to_owned()),
        }
    }

    fn add(&mut self, receipt: Receipt, of: &CaseOf<'_>, folder: &Path) {
        let same = |it: &&mut Believed| it.receipt.digest == receipt.digest;
        if let Some(known) = self.believed.iter_mut().find(same) {
            known.folders.push(folder.to_owned());
            return;
        }
        if let Some(finding) = verify::contradictions(&receipt).first() {
            return self.disbelieve(finding.to_string());
        }
        let other_build = match belonging::check(of, &receipt) {
            Ok(()) => None,
            Err(Stranger::Build(other)) => Some(other),
            Err(Stranger::Case(problem)) => return self.disbelieve(problem),
        };
        self.believed.push(Believed {
            receipt,
            other_build,
            folders: vec![folder.to_owned()],
        });
    }

    /// Of several problems one is told, the same one in whatever order they are found.
    fn disbelieve(&mut self, problem: String) {
        if self.unsound.as_ref().is_none_or(|known| problem < *known) {
            self.unsound = Some(problem);
        }
    }

    /// What counts.
    pub fn settle(mut self) -> Standing {
        self.believed.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut believed = self.believed.into_iter();
        let chosen = believed.next();
        let is_final = chosen.as_ref().is_some_and(Believed::is_final);
        Standing {
            chosen,
            conflicting: believed.next().filter(|next| is_final && next.is_final()),
            unsound: self.unsound,
        }
    }
}

/// How a case stands.
#[derive(Debug)]
pub struct Standing {
    /// The receipt that counts; that of another build where there is none of what was planned.
    pub chosen: Option<Believed>,
    /// Another one of the same identity: two runs of the same came to different ends.
    pub conflicting: Option<Believed>,
    /// What is wrong with a receipt that was not believed.
    pub unsound: Option<String>,
}

impl Standing {
    /// How a case stands in one run.
    pub fn in_run(run: &RunFolder, of: &CaseOf<'_>) -> Self {
        let mut found = Found::default();
        found.look(&run.case(of.id()), of);
        found.settle()
    }

    /// The receipt of what was planned.
    pub fn receipt(&self) -> Option<&Receipt> {
        let chosen = self.chosen.as_ref();
        let planned = chosen.filter(|it| it.other_build.is_none());
        planned.map(|it| &it.receipt)
    }

    /// What is wrong, whatever the receipt says.
    pub fn problems(&self, of: &CaseOf<'_>) -> Vec<RunProblem> {
        let problem = |kind, detail: String| RunProblem {
            case: of.id().to_owned(),
            kind,
            detail: format!("{}: {detail}", of.name()),
        };
        let digest = |it: &Believed| it.receipt.digest.clone();
        let other_build = self.chosen.as_ref().and_then(|it| it.other_build.clone());
        let both = self.chosen.as_ref().zip(self.conflicting.as_ref());
        let conflicting = both.map(|(a, b)| format!("receipts {} and {}", digest(a), digest(b)));
        let is_missing = self.chosen.is_none() && self.unsound.is_none();
        let missing = is_missing.then(|| "it has no receipt".to_owned());
        let all = [
            (RunProblemKind::Missing, missing),
            (RunProblemKind::Conflicting, conflicting),
            (RunProblemKind::MixedBuild, other_build),
            (RunProblemKind::Unsound, self.unsound.clone()),
        ];
        let all = all
            .into_iter()
            .filter_map(|(kind, it)| Some(problem(kind, it?)));
        all.collect()
    }
}

/// Takes out of the folder of a case what speaks against a receipt that was replaced.
pub fn clear_objections(folder: &Path) -> io::Result<()> {
    let mut names = [CONFLICTING, UNSOUND].iter();
    names.try_for_each(|name| remove_if_there(&folder.join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::seal;
    use crate::sweep::lookup;
    use crate::sweep::testing::{Sweep, Told};
    use RunProblemKind as Kind;

    /// What is found of one case in folders with these receipts, in either order.
    #[track_caller]
    fn settled(sweep: &Sweep, receipts: &[Receipt]) -> (Option<String>, Vec<Kind>) {
        let cases = lookup::cases(&sweep.plan).expect("a plan");
        let folders: Vec<_> = receipts
            .iter()
            .map(|receipt| {
                let folder = tempfile::tempdir().expect("a folder");
                let mut shard = Sweep {
                    plan: sweep.plan.clone(),
                    receipts: vec![receipt.clone()],
                };
                shard.receipts[0]
                    .environment
                    .clone_from(&sweep.receipts[0].environment);
                let run = shard.write(folder.path());
                (folder, run)
            })
            .collect();
        let look = |runs: &mut dyn Iterator<Item = &RunFolder>| {
            let mut found = Found::default();
            runs.for_each(|run| found.look(&run.case(cases[0].id()), &cases[0]));
            let standing = found.settle();
            let kinds = standing.problems(&cases[0]).into_iter().map(|it| it.kind);
            (
                standing.chosen.as_ref().map(|it| it.receipt.digest.clone()),
                kinds.collect::<Vec<_>>(),
            )
        };
        let there = look(&mut folders.iter().map(|(_, run)| run));
        let back = look(&mut folders.iter().rev().map(|(_, run)| run));
        assert_eq!(there, back);
        there
    }

    /// One case that is the same, and what else it may have come to.
    fn versions(told: Told) -> (Sweep, Receipt, Receipt) {
        let sweep = Sweep::of(&[Told::Same]);
        let same = sweep.receipts[0].clone();
        let mut other = Sweep::of(&[told]).receipts.remove(0);
        assert_eq!(other.case, same.case);
        seal(&mut other);
        (sweep, same, other)
    }

    #[test]
    fn equal_receipts_are_one() {
        let (sweep, same, _) = versions(Told::TimedOut);
        assert_eq!(
            settled(&sweep, &[same.clone(), same.clone()]),
            (Some(same.digest.clone()), vec![])
        );
        assert_eq!(settled(&sweep, &[]), (None, vec![Kind::Missing]));
    }

    #[test]
    fn an_end_that_stays_goes_before_one_that_may_not() {
        let (sweep, same, timed_out) = versions(Told::TimedOut);
        let found = settled(&sweep, &[same.clone(), timed_out.clone()]);
        assert_eq!(found, (Some(same.digest.clone()), vec![]));
        assert_eq!(
            settled(&sweep, std::slice::from_ref(&timed_out)),
            (Some(timed_out.digest.clone()), vec![])
        );
    }

    #[test]
    fn two_ends_of_the_same_are_a_conflict() {
        let (sweep, same, diverged) = versions(Told::DivergedAt(1));
        let lower = same.digest.clone().min(diverged.digest.clone());
        let found = settled(&sweep, &[same, diverged]);
        assert_eq!(found, (Some(lower), vec![Kind::Conflicting]));
    }

    #[test]
    fn another_build_counts_where_there_is_nothing_else() {
        let (sweep, same, mut other) = versions(Told::DivergedAt(1));
        other.model.sha256 = same.tokens_sha256.clone().expect("a digest");
        seal(&mut other);
        let found = settled(&sweep, std::slice::from_ref(&other));
        assert_eq!(found, (Some(other.digest.clone()), vec![Kind::MixedBuild]));
        assert_eq!(
            settled(&sweep, &[same.clone(), other]),
            (Some(same.digest.clone()), vec![])
        );
    }

    #[test]
    fn what_is_not_believed_is_told_whatever_else_there_is() {
        let (sweep, same, mut edited) = versions(Told::DivergedAt(1));
        edited.verdict = schemas::receipt::Verdict::BitExact;
        // With the old digest and with a new one.
        for _ in 0..2 {
            let found = settled(&sweep, std::slice::from_ref(&edited));
            assert_eq!(found, (None, vec![Kind::Unsound]));
            let found = settled(&sweep, &[same.clone(), edited.clone()]);
            assert_eq!(found, (Some(same.digest.clone()), vec![Kind::Unsound]));
            seal(&mut edited);
        }
    }
}
