//! The candidate against itself: with other threads, one token at a time, and once more. Whatever it
//! computes, these must not change a bit; else no comparison with it can be repeated.

use schemas::evaluate::Positions;
use schemas::floor_report::{RowPlace, SelfCheck};

use super::measure::ends_all;
use super::variants::Configured;
use crate::compare::{Evaluations, Pair};
use crate::engine::{EngineSettings, Threads};
use crate::gate::AgreedTokens;
use crate::outcome::{self, Ending};
use crate::pair;
use crate::sitting::{Question, Seat};

/// A prompt's name and its tokens.
pub struct Named {
    /// The name.
    pub prompt: String,
    /// What is evaluated.
    pub tokens: AgreedTokens,
}

/// Asks the same in other ways. Fails when the user stops it.
pub fn check(
    candidate: &Configured,
    seat: &Seat<'_>,
    cases: &[Named],
) -> Result<Vec<SelfCheck>, Ending> {
    let ways = ways(candidate);
    let checks = ways.into_iter().map(|(name, settings)| {
        let other = Seat {
            settings,
            ..seat.clone()
        };
        check_one(name, &other, seat, cases)
    });
    checks.collect()
}

/// What is changed, by its name.
fn ways(candidate: &Configured) -> [(&'static str, EngineSettings); 3] {
    let now = candidate.effective();
    let asked = candidate.asked;
    let threads = Some(Threads::OfMachine(if now.threads == 1 { 2 } else { 1 }));
    let micro_batch = Some(if now.micro_batch == 1 { 64 } else { 1 });
    [
        ("threads", EngineSettings { threads, ..asked }),
        (
            "micro-batch",
            EngineSettings {
                micro_batch,
                ..asked
            },
        ),
        ("again", asked),
    ]
}

fn check_one(
    name: &str,
    other: &Seat<'_>,
    seat: &Seat<'_>,
    cases: &[Named],
) -> Result<SelfCheck, Ending> {
    let mut found = SelfCheck {
        name: name.to_owned(),
        rows: 0,
        differing_rows: 0,
        first: None,
        failure: None,
    };
    let question = |case: &Named| Question {
        tokens: case.tokens.clone(),
        positions: Positions::All,
        greedy_steps: 0,
    };
    let questions: Vec<_> = cases.iter().map(question).collect();
    let mut stopped = None;
    pair::stream(other, seat, &questions, |index, answers| {
        let prompt = &cases[index].prompt;
        let counted = answers.and_then(|answers| count(&mut found, prompt, &answers));
        if let Err(ending) = counted {
            found.failure.get_or_insert(outcome::reason(None, &ending));
            stopped = stopped.take().or(Some(ending).filter(ends_all));
        }
    });
    stopped.map_or(Ok(found), Err)
}

fn count(found: &mut SelfCheck, prompt: &str, answers: &Evaluations) -> Result<(), Ending> {
    let mut pair = Pair::new(answers, |item| &item.logits)?;
    for row in 0..answers.reference.logits.rows() {
        pair.read(row)?;
        found.rows += 1;
        if pair.compare().differing > 0 {
            found.differing_rows += 1;
            found.first.get_or_insert(RowPlace {
                prompt: prompt.to_owned(),
                position: row as u64,
            });
        }
    }
    Ok(())
}
