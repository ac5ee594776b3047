//! The rung of greedy tokens. Where the engines choose differently and the floor says that this is a
//! tie, both go on from the reference's prefix, so that one tie does not hide what comes after it.

use schemas::evaluate::Positions;
use schemas::receipt::Verdict;
use schemas::row::GreedyRecord;

use super::Climb;
use super::finding::Finding;
use crate::case::Case;
use crate::compare;
use crate::conclusion::Conclusion;
use crate::gate::AgreedTokens;
use crate::judge::{self, Terms};
use crate::outcome::Ending;
use crate::pair;
use crate::rows::Rows;
use crate::run::{Run, Seats};
use crate::sitting::Question;

/// The greedy steps of one prompt: stretches in which both engines have one prefix.
struct Decoded {
    tokens: AgreedTokens,
    asked: u32,
    stretches: Vec<GreedyRecord>,
}

impl Climb<'_, '_> {
    pub(super) fn decode(&mut self) -> Result<Finding, Ending> {
        let run = self.run;
        if run.request.greedy_steps == 0 {
            return Ok(Finding::skipped());
        }
        if !self.sit_down()? {
            return Ok(Finding::of_prompts(&self.cases, self.nothing()));
        }
        self.measure_floors()?;
        let seats = self.seats.as_ref().expect("they have sat down");
        let mut decoded: Vec<_> = self
            .cases
            .iter()
            .map(|case| Some(Decoded::new(case.open_tokens()?, run.request.greedy_steps)))
            .collect();
        // Each round asks about the prompts that were not decoded to their end.
        loop {
            let open = decoded.iter_mut().enumerate();
            let open = open.filter_map(|(index, decoded)| {
                let decoded = decoded.as_mut().filter(|it| it.next().is_some())?;
                Some((index, decoded))
            });
            let open: Vec<_> = open.collect();
            if open.is_empty() {
                break;
            }
            for (index, ending) in round(run, seats, &self.cases, open) {
                self.cases[index].end(ending);
                decoded[index] = None;
            }
        }
        self.are_compared = true;
        for (case, decoded) in self.cases.iter_mut().zip(&decoded) {
            let Some(first) = decoded.as_ref().and_then(|it| it.stretches.first()) else {
                continue;
            };
            case.greedy_steps = run.request.greedy_steps;
            if let Some(rows) = &mut case.rows {
                rows.greedy = first.clone();
            }
        }
        let found = self.cases.iter().zip(&decoded);
        let found = found.map(|(case, it)| Some(it.as_ref()?.conclude(&run.terms(case))));
        Ok(Finding::of_prompts(&self.cases, found.collect()))
    }
}

/// Asks both engines to go on with each of `open`; gives those for which that failed.
fn round(
    run: &Run<'_>,
    seats: &Seats<'_>,
    cases: &[Case],
    mut open: Vec<(usize, &mut Decoded)>,
) -> Vec<(usize, Ending)> {
    let questions = open.iter().filter_map(|(_, decoded)| decoded.next());
    let questions: Vec<_> = questions.collect();
    let mut failed = Vec::new();
    let (candidate, reference) = (&seats.candidate, &seats.reference);
    pair::stream(candidate, reference, &questions, |at, answers| {
        let (index, decoded) = &mut open[at];
        let terms = run.terms(&cases[*index]);
        let before = decoded.prefix().len();
        let compared =
            answers.and_then(|answers| compare::compare_greedy(&answers, &terms, before));
        match compared {
            Ok(stretch) => decoded.stretches.push(stretch),
            Err(ending) => failed.push((*index, ending)),
        }
    });
    failed
}

impl Decoded {
    fn new(tokens: &AgreedTokens, asked: u32) -> Self {
        Self {
            tokens: tokens.clone(),
            asked,
            stretches: Vec::new(),
        }
    }

    /// What both are to be asked next: to begin, or to go on behind a tie with the reference's token.
    fn next(&self) -> Option<Question> {
        let Some(last) = self.stretches.last() else {
            return Some(question(self.tokens.clone(), self.asked));
        };
        last.first_difference?;
        if last.steps.last()?.verdict != Verdict::TieFlip {
            return None;
        }
        let prefix = self.prefix();
        let left = self.asked.checked_sub(prefix.len() as u32)?;
        (left > 0).then(|| question(self.tokens.clone().followed_by(&prefix), left))
    }

    /// What the reference chose at every step that was compared.
    fn prefix(&self) -> Vec<u32> {
        let chosen = self.stretches.iter().flat_map(|stretch| {
            let compared = stretch.steps.len();
            &stretch.reference_ids[..compared]
        });
        chosen.copied().collect()
    }

    fn conclude(&self, terms: &Terms<'_>) -> Conclusion {
        let adopted = self.tokens.adopted().map(|index| index as u64);
        let conclusions = self.stretches.iter().map(|stretch| {
            let rows = Rows {
                positions: Vec::new(),
                greedy: stretch.clone(),
            };
            Conclusion::of(&rows, terms, adopted)
        });
        let worst = conclusions.max_by_key(|it| judge::badness(it.verdict));
        let worst = worst.expect("a stretch was decoded");
        let first = &self.stretches[0];
        let prefix = first.first_difference.unwrap_or(u64::from(self.asked));
        let ties = self.stretches.iter().filter(|stretch| {
            let last = stretch.steps.last();
            last.is_some_and(|row| row.verdict == Verdict::TieFlip)
        });
        let ties = match ties.count() {
            0 => String::new(),
            n => format!(", ties after which both went on with the reference's token: {n}"),
        };
        Conclusion {
            reason: format!(
                "{prefix} of {} steps choose the same token{ties}; {}",
                self.asked, worst.reason
            ),
            ..worst
        }
    }
}

fn question(tokens: AgreedTokens, greedy_steps: u32) -> Question {
    Question {
        tokens,
        positions: Positions::Last,
        greedy_steps,
    }
}
