//! The rung of greedy tokens. Where the engines choose differently and the floor says that this is a
//! tie, both go on from the reference's prefix, so that one tie does not hide what comes after it.

use schemas::evaluate::Positions;
use schemas::row::GreedyStretch;

use super::Climb;
use super::failing::Failing;
use super::finding::Finding;
use crate::case::Case;
use crate::compare;
use crate::conclusion::Conclusion;
use crate::outcome::Ending;
use crate::rows::{Rows, compared_ids, ends_in_a_tie};
use crate::run::Run;
use crate::sitting::Question;

impl Climb<'_, '_> {
    pub(super) fn decode(&mut self) -> Result<Finding, Ending> {
        let run = self.run;
        let asked = run.request.greedy_steps;
        if asked == 0 {
            return Ok(Finding::skipped());
        }
        if !self.sit_down()? {
            return Ok(Finding::of_prompts(&self.cases, self.nothing()));
        }
        self.measure_floors()?;
        self.are_compared = true;
        let mut failing = Failing::default();
        let seats = self.seats.as_ref().expect("they have sat down");
        let question = |case: &Case| next(case, asked);
        // Each round asks about the prompts that are not decoded to their end.
        while self.cases.iter().any(|case| question(case).is_some()) {
            run.evaluate(seats, &mut self.cases, question, |case, _, answers| {
                let first_step = prefix(stretches(case)).len();
                let stretch = compare::compare_stretch(&answers, &run.terms(case), first_step)?;
                failing.keep(case, &answers, |item| &item.greedy, &stretch.steps)?;
                case.greedy_steps = asked;
                case.rows.get_or_insert_default().greedy.push(stretch);
                Ok(())
            });
        }
        let found = self.cases.iter().map(|case| conclude(run, case));
        Ok(Finding::of_prompts(&self.cases, found.collect()))
    }
}

/// What both are to be asked next: to begin, or to go on behind a tie with the reference's token.
fn next(case: &Case, asked: u32) -> Option<Question> {
    let tokens = case.open_tokens()?;
    let stretches = stretches(case);
    if !stretches.last().is_none_or(ends_in_a_tie) {
        return None;
    }
    let prefix = prefix(stretches);
    let left = asked.checked_sub(prefix.len() as u32)?;
    (left > 0).then(|| Question {
        tokens: tokens.clone().followed_by(&prefix),
        positions: Positions::Last,
        greedy_steps: left,
    })
}

fn stretches(case: &Case) -> &[GreedyStretch] {
    case.rows.as_ref().map_or(&[], |rows| &rows.greedy)
}

/// What the reference chose at every step that was compared.
fn prefix(stretches: &[GreedyStretch]) -> Vec<u32> {
    compared_ids(stretches, |stretch| &stretch.reference_ids)
}

fn conclude(run: &Run<'_>, case: &Case) -> Option<Conclusion> {
    let all = case.rows.as_ref()?;
    let steps = Rows {
        positions: Vec::new(),
        greedy: all.greedy.clone(),
    };
    let first = steps.greedy.first()?;
    let adopted = case.tokens.as_ref()?.adopted().map(|index| index as u64);
    let found = Conclusion::of_rung(&steps, all, &run.terms(case), adopted);
    let asked = case.greedy_steps;
    let prefix = first.first_difference.unwrap_or(u64::from(asked));
    let ties = match steps.greedy.len() - 1 {
        0 => String::new(),
        n => format!(", ties after which both went on with the reference's token: {n}"),
    };
    Some(Conclusion {
        reason: format!(
            "{prefix} of {asked} steps choose the same token{ties}; {}",
            found.reason
        ),
        ..found
    })
}
