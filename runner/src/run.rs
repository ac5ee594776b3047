//! A comparison from beginning to end; the only place where the order of things is told.
//!
//! ```text
//! prompts, model files → plan → guards → describe (both) → tokenize (both) → gate
//!             → agreed tokens → floor (in production) → evaluate (candidate, then reference)
//!             → compare → judge → triangulate (if that was asked for) → receipt
//! ```
//! A stage's result is what the next one needs: evaluation asks for agreed tokens, which the gate
//! alone can make. Whatever ends the way of a prompt early becomes its verdict, not a crash.

mod floors;
mod prepare;
mod seats;
mod tokens;
mod triangulate;

use std::time::Instant;

use schemas::evaluate::Positions;

use crate::capability;
use crate::case::{Answers, Case, Known};
use crate::compare::{self, Evaluations};
use crate::engine::{Catalogue, Client};
use crate::guards;
use crate::judge::Terms;
use crate::limits::Limits;
use crate::outcome::{Ending, Outcome};
use crate::pair;
use crate::record::Identities;
use crate::request::{AskedCase, Request};
use crate::run_error::RunError;
use crate::sitting::{Memory, Question};
use prepare::Headers;
pub(crate) use prepare::check_settings;
pub(crate) use seats::CONTEXT_STEP;
pub use seats::{Abilities, Seats};

/// Compares two engines on one prompt. A token mismatch is told to people by `announce`, before
/// anything else is done.
pub fn per_token(
    request: &Request,
    asked: AskedCase,
    catalogue: &Catalogue,
    announce: &Announce<'_>,
) -> Result<Outcome, RunError> {
    let started = Instant::now();
    let run = Run::new(request, catalogue, announce)?;
    let mut known = Known::default();
    let mut cases = [Case::new(run.plan(asked)?, request.greedy_steps)];
    let identities = run.beside_hashing(|| run.compare(&mut known, &mut cases))?;
    let [case] = cases;
    Ok(Outcome::new(&run, &known, case, &identities, started))
}

/// Tells people what is in no receipt.
pub type Announce<'a> = dyn Fn(&str) + Sync + 'a;

/// Who compares what.
pub struct Run<'a> {
    /// What was asked for.
    pub request: &'a Request,
    /// Who is judged.
    pub candidate: Client<'a>,
    /// What it is judged against.
    pub reference: Client<'a>,
    /// Lockstep's own engine, whoever the candidate is: it writes F32 twins, and is the third voice.
    pub own_engine: Client<'a>,
    /// What the judge goes by.
    pub limits: Limits,
    catalogue: &'a Catalogue,
    /// What the reference has answered to others, where many are held against it.
    pub memory: Option<&'a Memory>,
    headers: Headers,
    /// Tells people what is in no receipt.
    pub announce: &'a Announce<'a>,
}

impl Run<'_> {
    /// Hashes the files while the engines work: large models take seconds.
    pub fn beside_hashing(&self, work: impl FnOnce()) -> Result<Identities, RunError> {
        let request = self.request;
        let programs = [&self.candidate, &self.reference].map(Client::spec);
        let identities = std::thread::scope(|scope| {
            let identities = scope.spawn(move || Identities::of(request, programs));
            work();
            identities.join().expect("hashing does not panic")
        });
        identities.map_err(RunError::Hash)
    }

    /// All stages in their order; each leaves what it found in `known` and `cases`.
    fn compare(&self, known: &mut Known, cases: &mut [Case]) {
        let ended = self.stages(known, cases);
        if let Err(ending) = ended {
            for case in cases {
                case.end(ending.clone());
            }
        }
    }

    fn stages(&self, known: &mut Known, cases: &mut [Case]) -> Result<(), Ending> {
        let abilities = self.introduce(known)?;
        self.tokenize(&abilities, cases)?;
        let Some(seats) = self.seat(&abilities, known, cases)? else {
            return Ok(());
        };
        self.measure_floors(known, &seats, cases, &|_, _| ())?;
        let question = |case: &Case| {
            Some(Question {
                tokens: case.open_tokens()?.clone(),
                positions: Positions::All,
                greedy_steps: self.request.greedy_steps,
            })
        };
        self.evaluate(&seats, cases, question, |case, question, answers| {
            let rows = compare::compare(&question.tokens, &answers, &self.terms(case));
            case.evaluations = Some(answers);
            case.rows = Some(rows?);
            Ok(())
        });
        self.triangulate(&seats, cases);
        Ok(())
    }

    /// What the rows of a case are judged by.
    pub fn terms<'a>(&'a self, case: &'a Case) -> Terms<'a> {
        Terms {
            profile: self.request.profile,
            limits: &self.limits,
            floor: case.floor.as_ref(),
            no_floor: case.no_floor.as_deref(),
        }
    }

    /// No engine is started if it is known of one that it cannot do this. The others say who they are
    /// and whether they can.
    pub fn introduce(&self, known: &mut Known) -> Result<Abilities, Ending> {
        self.guard()?;
        let profile = self.request.profile;
        let candidate = self.candidate.describe(Some(&self.request.model))?;
        let candidate = known.candidate.insert(candidate);
        capability::check_is_itself(self.candidate.spec(), candidate)?;
        let candidate = capability::of_candidate(self.candidate.spec(), profile, candidate)?;
        let reference = self.reference.describe(Some(self.named_for_reference()))?;
        let reference = known.reference.insert(reference);
        capability::check_is_itself(self.reference.spec(), reference)?;
        let reference = capability::of_reference(self.reference.spec(), profile, reference)?;
        Ok(Abilities {
            candidate,
            reference,
        })
    }

    fn guard(&self) -> Result<(), Ending> {
        let Request {
            choices, profile, ..
        } = self.request;
        let sides = [
            (
                &self.candidate,
                &self.headers.candidate,
                choices.of_candidate(*profile),
            ),
            (
                &self.reference,
                self.headers.reference(),
                choices.of_reference(*profile),
            ),
        ];
        for (client, header, asked) in sides {
            let spec = client.spec();
            let micro_batch = asked.or(&spec.defaults).micro_batch;
            if let Some(objection) = guards::objection(&spec.name, header, micro_batch) {
                return Err(Ending::Refused(objection.to_string()));
            }
        }
        Ok(())
    }

    /// Asks both engines about every case that has a question, one case after the other, and hands both
    /// answers to `each`. A case for which that fails, ends.
    pub fn evaluate(
        &self,
        seats: &Seats<'_>,
        cases: &mut [Case],
        question: impl Fn(&Case) -> Option<Question>,
        mut each: impl FnMut(&mut Case, &Question, Evaluations) -> Result<(), Ending>,
    ) {
        let asked = cases.iter_mut().filter_map(|case| {
            let question = question(case)?;
            Some((case, question))
        });
        let (mut open, questions): (Vec<_>, Vec<_>) = asked.unzip();
        let (candidate, reference) = (&seats.candidate, &seats.reference);
        pair::stream(candidate, reference, &questions, |index, answers| {
            let case = &mut *open[index];
            let done = answers.and_then(|answers| {
                case.answers = Some(Answers {
                    candidate: answers.candidate.response.clone(),
                    reference: answers.reference.response.clone(),
                });
                each(case, &questions[index], answers)
            });
            if let Err(ending) = done {
                case.end(ending);
            }
        });
    }
}
