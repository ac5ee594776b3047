//! The rungs that compare logits: those after the first token of each prompt, then all.

use schemas::evaluate::Positions;
use schemas::row::{GreedyRecord, PositionRow};

use super::Climb;
use super::finding::Finding;
use crate::case::Case;
use crate::compare;
use crate::conclusion::Conclusion;
use crate::gate::AgreedTokens;
use crate::outcome::Ending;
use crate::reason;
use crate::rows::Rows;
use crate::sitting::Question;

impl Climb<'_, '_> {
    pub(super) fn first_logits(&mut self) -> Result<Finding, Ending> {
        self.compare(|tokens| tokens.clone().cut(1))
    }

    pub(super) fn positions(&mut self) -> Result<Finding, Ending> {
        self.compare(AgreedTokens::clone)
    }

    /// Compares the logits of every position of what `part` takes of each prompt.
    fn compare(&mut self, part: impl Fn(&AgreedTokens) -> AgreedTokens) -> Result<Finding, Ending> {
        if self.sit_down()?
            && let Some(seats) = &self.seats
        {
            let run = self.run;
            let question = |tokens: &AgreedTokens| Question {
                tokens: part(tokens),
                positions: Positions::All,
                greedy_steps: 0,
            };
            run.evaluate(seats, &mut self.cases, question, |case, asked, answers| {
                case.rows = None;
                let (profile, limits) = (run.request.profile, &run.limits);
                let rows = compare::compare(&asked.tokens, &answers, profile, limits)?;
                case.rows = Some(rows);
                Ok(())
            });
        }
        let profile = self.run.request.profile;
        let found = self.cases.iter().map(|case| {
            let adopted = case.tokens.as_ref()?.adopted().map(|index| index as u64);
            Some(Conclusion::of(case.rows.as_ref()?, profile, adopted))
        });
        let finding = Finding::of_prompts(&self.cases, found.collect());
        let together = Rows {
            positions: self.cases.iter().flat_map(compared).cloned().collect(),
            greedy: GreedyRecord::default(),
        };
        let verdict = finding.conclusion.verdict;
        Ok(finding.saying(reason::of_rows(&together, verdict, profile, None)))
    }
}

fn compared(case: &Case) -> &[PositionRow] {
    let rows = case.rows.as_ref().filter(|_| case.ended.is_none());
    rows.map_or(&[], |rows| &rows.positions)
}

/// A climb that ended early has compared the beginning of a prompt: that is what its receipt is
/// about. `None`: nothing was done by which there could be a receipt.
pub(super) fn cut_to_what_was_compared(case: &mut Case) -> Option<()> {
    if case.ended.is_some() {
        case.rows = None;
        return Some(());
    }
    let n = case.rows.as_ref()?.positions.len();
    case.tokens = Some(case.tokens.take()?.cut(n));
    (n > 0).then_some(())
}
