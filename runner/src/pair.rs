//! Two engines that are asked the same, one question at a time: so many questions need no more disk
//! than the longest of them.
//!
//! The engines evaluate one after the other: both use all cores, and side by side each would only be
//! slower and neither time would mean anything.

use crate::compare::Evaluations;
use crate::outcome::Ending;
use crate::sitting::{Question, Seat, Sitting};

/// Hands both answers to each question to `each`, with the question's index. It may keep them; what
/// it drops is deleted. When the user stops it, the questions that are left are not asked.
pub fn stream(
    candidate: &Seat<'_>,
    reference: &Seat<'_>,
    questions: &[Question],
    mut each: impl FnMut(usize, Result<Evaluations, Ending>),
) {
    let mut sittings = (Sitting::new(candidate), Sitting::new(reference));
    for (index, question) in questions.iter().enumerate() {
        let last = index + 1 == questions.len();
        let answers = ask(&mut sittings, question, last);
        let stopped = matches!(&answers, Err(ending) if ending.is_interrupted());
        each(index, answers);
        if stopped {
            return;
        }
    }
}

fn ask(
    (candidate, reference): &mut (Sitting<'_>, Sitting<'_>),
    question: &Question,
    last: bool,
) -> Result<Evaluations, Ending> {
    Ok(Evaluations {
        candidate: candidate.ask(question, last)?,
        reference: reference.ask(question, last)?,
    })
}
