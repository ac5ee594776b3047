//! Cases on their way from agreed tokens to a receipt: both engines evaluate one, while another thread
//! compares and stores the one before.
//!
//! ```text
//! claim a case → wait for room on the disk → candidate → reference ─┐ (two wait at most)
//!                                                                    └→ compare → receipt → let go
//! ```
//! The engines evaluate in turn: both use all cores, and side by side each would only be slower and
//! neither time would mean anything. Comparing takes a fraction of a core and is done beside them.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use schemas::evaluate::Positions;

use super::budget::Share;
use super::claim::Claim;
use super::comparison::Work;
use super::progress::Event;
use crate::case::{Answers, Case};
use crate::compare::{self, Evaluations};
use crate::outcome::Ending;
use crate::run::Seats;
use crate::sitting::{Question, Sitting};
use crate::worst_rows;

/// How often a case is looked at again that another worker has.
const GLANCE: Duration = Duration::from_millis(200);

/// A case with both engines' answers, or why there are none.
struct Answered<'a> {
    case: Case,
    question: Question,
    /// Where the reference's answer is to be kept.
    key: Option<String>,
    answers: Result<Evaluations, Ending>,
    started: Instant,
    _claim: Claim,
    _share: Share<'a>,
}

/// Evaluates cases of the queue until none is left, or the user stops it.
pub(super) fn work(work: &Work<'_, '_>, seats: &Seats<'_>, queue: &Mutex<VecDeque<Case>>) {
    let (sender, receiver) = sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(move || compare_all(work, &receiver));
        evaluate_all(work, seats, queue, &sender);
        drop(sender);
    });
}

/// Stores cases that have ended before anything was evaluated.
pub(super) fn leave_all(work: &Work<'_, '_>, cases: Vec<Case>) {
    let queue = Mutex::new(VecDeque::from(cases));
    while let Some((case, _claim)) = next(work, &queue) {
        work.leave(case, Instant::now());
    }
}

fn evaluate_all<'a>(
    work: &'a Work<'_, '_>,
    seats: &Seats<'_>,
    queue: &Mutex<VecDeque<Case>>,
    sender: &SyncSender<Answered<'a>>,
) {
    let mut candidate = Sitting::new(&seats.candidate);
    let mut reference = Sitting::new(&seats.reference);
    while let Some((mut case, claim)) = next(work, queue) {
        let Some(tokens) = case.open_tokens() else {
            // Why there are none was found while floors were looked for.
            work.leave(case, Instant::now());
            continue;
        };
        let question = Question {
            tokens: tokens.clone(),
            positions: Positions::All,
            greedy_steps: case.greedy_steps,
        };
        let share = work.shop.budget.take(bytes(&question, seats));
        let started = Instant::now();
        let mut key = work.asker.as_ref().map(|asker| asker.key(&question));
        let (of_candidate, kept) = thread::scope(|scope| {
            // It takes time to see whether what was kept is whole.
            let kept = key.as_deref();
            let kept = kept.map(|key| scope.spawn(|| work.kept(key, seats)));
            let of_candidate = candidate.ask(&question, false);
            let kept = kept.map(|it| it.join().expect("reading files does not panic"));
            (of_candidate, kept.flatten())
        });
        if kept.is_some() {
            case.reference_was_kept = true;
            key = None;
        }
        let answers = of_candidate.and_then(|candidate| {
            Ok(Evaluations {
                candidate,
                reference: kept.map_or_else(|| reference.ask(&question, false), Ok)?,
            })
        });
        let answered = Answered {
            case,
            question,
            key,
            answers,
            started,
            _claim: claim,
            _share: share,
        };
        if sender.send(answered).is_err() {
            break;
        }
    }
    for sitting in [&mut candidate, &mut reference] {
        // Every answer was whole when it was checked; how a process ends afterwards changes none.
        if let Err(ending) = sitting.finish()
            && !ending.is_interrupted()
            && let Some(detail) = ending.detail()
        {
            (work.shop.watcher)(Event::Trouble(&detail));
        }
    }
}

/// The files of both answers.
fn bytes(question: &Question, seats: &Seats<'_>) -> u64 {
    let rows = question.tokens.ids().len() as u64 + u64::from(question.greedy_steps);
    let columns = |vocabulary_size: u32| u64::from(vocabulary_size) * size_of::<f32>() as u64;
    let both = columns(seats.candidate.vocabulary_size) + columns(seats.reference.vocabulary_size);
    rows.saturating_mul(both)
}

/// The next case that nobody else works on, and that has no result yet. While others work on all that
/// are left, it is waited for them: they may fail.
fn next(work: &Work<'_, '_>, queue: &Mutex<VecDeque<Case>>) -> Option<(Case, Claim)> {
    let mut looked_at = 0;
    loop {
        if work.gives_up() {
            return None;
        }
        let (case, left) = {
            let mut queue = queue.lock().expect("nobody has panicked");
            (queue.pop_front()?, queue.len())
        };
        let id = case.plan.keys.as_ref().map(|keys| keys.id.clone());
        match work.shop.claims.take(id.as_deref().unwrap_or_default()) {
            Ok(Some(claim)) if !work.has_result(&case) => {
                return Some((case, claim));
            }
            Ok(Some(_)) => work.was_left_by_another(),
            Ok(None) => {
                queue.lock().expect("nobody has panicked").push_back(case);
                looked_at += 1;
                if looked_at > left {
                    looked_at = 0;
                    thread::sleep(GLANCE);
                }
            }
            Err(error) => work.comes_to_nothing(&format!("a case cannot be claimed: {error}")),
        }
    }
}

fn compare_all(work: &Work<'_, '_>, receiver: &Receiver<Answered<'_>>) {
    for answered in receiver {
        let Answered {
            mut case,
            question,
            key,
            answers,
            started,
            ..
        } = answered;
        let compared = answers.and_then(|answers| {
            if let Some(key) = key {
                work.keep(&key, &answers.reference);
            }
            case.answers = Some(Answers {
                candidate: answers.candidate.response.clone(),
                reference: answers.reference.response.clone(),
            });
            let rows = compare::compare(&question.tokens, &answers, &work.run.terms(&case))?;
            let positions = rows.positions.iter().map(|position| &position.row);
            // One row of each case: all that diverged may be terabytes.
            case.failing = compare::first_diverged(&answers, |item| &item.logits, positions)?;
            case.worst = worst_rows::of(&answers, &rows)?;
            Ok(rows)
        });
        match compared {
            Ok(rows) => case.rows = Some(rows),
            Err(ending) => case.end(ending),
        }
        work.leave(case, started);
    }
}
