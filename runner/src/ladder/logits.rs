//! The rungs that compare logits: those after the first token of each prompt, then all.

use schemas::evaluate::Positions;
use schemas::row::PositionRow;

use super::Climb;
use super::failing::Failing;
use super::finding::Finding;
use crate::case::Case;
use crate::compare;
use crate::conclusion::Conclusion;
use crate::gate::AgreedTokens;
use crate::outcome::Ending;
use crate::reason;
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
        let are_seated = self.sit_down()?;
        self.measure_floors()?;
        self.are_compared = true;
        if let (true, Some(seats)) = (are_seated, &self.seats) {
            let run = self.run;
            let question = |case: &Case| {
                Some(Question {
                    tokens: part(case.open_tokens()?),
                    positions: Positions::All,
                    greedy_steps: 0,
                })
            };
            let mut failing = Failing::default();
            run.evaluate(seats, &mut self.cases, question, |case, asked, answers| {
                case.rows = None;
                let rows = compare::compare(&asked.tokens, &answers, &run.terms(case))?;
                let judged = rows.positions.iter().map(|position| &position.row);
                failing.keep(case, &answers, |item| &item.logits, judged)?;
                case.rows = Some(rows);
                Ok(())
            });
        }
        let run = self.run;
        let found = self.cases.iter().map(|case| {
            let adopted = case.tokens.as_ref()?.adopted().map(|index| index as u64);
            Some(Conclusion::of(
                case.rows.as_ref()?,
                &run.terms(case),
                adopted,
            ))
        });
        let finding = Finding::of_prompts(&self.cases, found.collect());
        let n = self.cases.iter().map(|case| compared(case).len()).sum();
        let said = reason::of_parity(finding.conclusion.verdict, n, 0);
        Ok(match said {
            Some(said) => finding.saying(said),
            None => finding,
        })
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
        case.failing = None;
        return Some(());
    }
    let n = case.rows.as_ref()?.positions.len();
    // Greedy steps come from all tokens, whether or not positions were compared before.
    if n > 0 {
        case.tokens = Some(case.tokens.take()?.cut(n));
    }
    Some(())
}
