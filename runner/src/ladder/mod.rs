//! Looks for the first difference from the ground up: rung by rung, over a set of prompts, up to the
//! first that fails. A rung evaluates what it needs itself and nothing of a later one.
//!
//! `finding` is what a rung comes to; `shapes`, `logits` and `decode` are the rungs that evaluate.

mod advice;
mod decode;
mod failing;
mod finding;
mod logits;
mod shapes;

use std::collections::BTreeSet;
use std::time::Instant;

use schemas::coverage::Coverage;
use schemas::ladder::{Ladder, LadderRung, PromptSetName, RungRecord};
use schemas::receipt::Verdict;
use schemas::tag::Tag;

use crate::case::{Case, Known};
use crate::conclusion::Conclusion;
use crate::coverage::{self, ComparedPrompt};
use crate::exit::Exit;
use crate::outcome::{Ending, Outcome};
use crate::record::{self, Identities};
use crate::request::AskedCase;
use crate::run::{Abilities, Run, Seats};
use crate::run_error::RunError;
use finding::Finding;

/// All rungs from the ground up.
pub const RUNGS: [LadderRung; 6] = [
    LadderRung::Preflight,
    LadderRung::Tokens,
    LadderRung::Shapes,
    LadderRung::FirstLogits,
    LadderRung::Positions,
    LadderRung::Decode,
];

/// The word for a rung, as in JSON.
pub fn word(rung: LadderRung) -> &'static str {
    match rung {
        LadderRung::Preflight => "preflight",
        LadderRung::Tokens => "tokens",
        LadderRung::Shapes => "shapes",
        LadderRung::FirstLogits => "first-logits",
        LadderRung::Positions => "positions",
        LadderRung::Decode => "decode",
    }
}

/// What came of a climb.
pub struct Climbed {
    /// The exit code.
    pub exit: Exit,
    /// The record of the climb.
    pub ladder: Ladder,
    /// What came of each prompt, as far as the climb went.
    pub outcomes: Vec<Outcome>,
    /// All that is known of failures, for people.
    pub faults: Vec<String>,
    /// The user stopped it: nothing is stored.
    pub interrupted: bool,
}

impl Climbed {
    /// The verdict stands and is shown, but whoever relies on the stored files must notice.
    pub fn was_not_stored(&mut self, problem: &str) {
        self.exit = Exit::Internal;
        self.ladder.exit = self.exit.record();
        self.faults.push(problem.to_owned());
    }
}

/// Climbs until a rung fails, or stands on the `only` one that was asked for.
pub fn climb(
    run: &Run<'_>,
    asked: Vec<AskedCase>,
    only: Option<LadderRung>,
) -> Result<Climbed, RunError> {
    let started = Instant::now();
    // Greedy steps are asked for when the climb gets to them.
    let cases = asked
        .into_iter()
        .map(|asked| Ok(Case::new(run.plan(asked)?, 0)));
    let mut climb = Climb::new(run, cases.collect::<Result<_, RunError>>()?);
    let mut findings = Vec::new();
    let identities = run.beside_hashing(|| findings = climb.all(only))?;
    Ok(climb.finish(findings, &identities, started))
}

/// A climb on its way.
struct Climb<'r, 'a> {
    run: &'r Run<'a>,
    known: Known,
    cases: Vec<Case>,
    abilities: Option<Abilities>,
    are_tokenized: bool,
    seats: Option<Seats<'r>>,
    are_measured: bool,
    are_compared: bool,
}

impl<'r, 'a> Climb<'r, 'a> {
    fn new(run: &'r Run<'a>, cases: Vec<Case>) -> Self {
        Self {
            run,
            known: Known::default(),
            cases,
            abilities: None,
            are_tokenized: false,
            seats: None,
            are_measured: false,
            are_compared: false,
        }
    }

    fn all(&mut self, only: Option<LadderRung>) -> Vec<(LadderRung, Finding)> {
        let mut failed = None;
        let mut findings = Vec::with_capacity(RUNGS.len());
        for rung in RUNGS {
            let finding = match (failed, only) {
                (Some(failed), _) => Finding::not_reached(failed),
                (None, Some(only)) if only != rung => Finding::skipped(),
                _ => self.stand_on(rung),
            };
            if finding.has_failed() {
                failed = failed.or(Some(rung));
            }
            findings.push((rung, finding));
        }
        findings
    }

    /// What a rung needs of those below is done without a word, unless it fails.
    fn stand_on(&mut self, rung: LadderRung) -> Finding {
        let found = match rung {
            LadderRung::Preflight => self.preflight(),
            LadderRung::Tokens => self.tokens(),
            LadderRung::Shapes => self.shapes(),
            LadderRung::FirstLogits => self.first_logits(),
            LadderRung::Positions => self.positions(),
            LadderRung::Decode => self.decode(),
        };
        let found = found.unwrap_or_else(|ending| self.end(&ending));
        if !found.has_failed() || !found.symptoms.is_empty() {
            return found;
        }
        found.because(self.advice(rung))
    }

    /// An engine failed whatever the prompt.
    fn end(&mut self, ending: &Ending) -> Finding {
        for case in &mut self.cases {
            case.end(ending.clone());
        }
        Finding::of_ending(ending)
    }

    fn preflight(&mut self) -> Result<Finding, Ending> {
        self.introduce()?;
        let names = [&self.run.candidate, &self.run.reference].map(|it| &it.spec().name);
        Ok(Finding::sound(format!(
            "{} and {} are there and can run the model",
            names[0], names[1]
        )))
    }

    fn tokens(&mut self) -> Result<Finding, Ending> {
        self.tokenize()?;
        let n_tokens = |case: &Case| case.tokens.as_ref().map_or(0, |it| it.ids().len());
        let total: usize = self.cases.iter().map(n_tokens).sum();
        let found = self.cases.iter().map(|case| {
            let whose = match case.tokens.as_ref()?.adopted() {
                None => "both engines make the same",
                Some(_) => "the reference's are taken, which the candidate does not make:",
            };
            Some(Conclusion {
                verdict: Verdict::Match,
                exit: Exit::Parity,
                reason: format!("{whose} {} tokens", n_tokens(case)),
            })
        });
        let finding = Finding::of_prompts(&self.cases, found.collect());
        Ok(finding.saying(format!("{total} tokens to evaluate")))
    }

    /// A rung that has found nothing of any prompt.
    fn nothing(&self) -> Vec<Option<Conclusion>> {
        vec![None; self.cases.len()]
    }

    fn introduce(&mut self) -> Result<(), Ending> {
        if self.abilities.is_none() {
            self.abilities = Some(self.run.introduce(&mut self.known)?);
        }
        Ok(())
    }

    fn tokenize(&mut self) -> Result<(), Ending> {
        self.introduce()?;
        if let (Some(abilities), false) = (&self.abilities, self.are_tokenized) {
            self.run.tokenize(abilities, &mut self.cases)?;
            self.are_tokenized = true;
        }
        Ok(())
    }

    /// Seats for both engines, once there are tokens; `None`: no prompt is left.
    fn sit_down(&mut self) -> Result<bool, Ending> {
        self.tokenize()?;
        if let (Some(abilities), true) = (&self.abilities, self.seats.is_none()) {
            self.seats = self.run.seat(abilities, &mut self.known, &mut self.cases)?;
        }
        Ok(self.seats.is_some())
    }

    /// How much was compared: rows, or tokens where no rung has looked at rows. Of a prompt that was
    /// only decoded, it is the row that chose the first token.
    fn coverage(&self) -> Option<Coverage> {
        if !self.are_tokenized {
            return None;
        }
        let prompts = self.cases.iter().map(|case| ComparedPrompt {
            tokens: case.open_tokens().map_or(&[], |tokens| tokens.ids()),
            positions: case.open_tokens().map_or(0, |tokens| match &case.rows {
                Some(rows) if rows.positions.is_empty() => 1,
                Some(rows) => rows.positions.len() as u64,
                None if self.are_compared => 0,
                None => tokens.ids().len() as u64,
            }),
            chat: case.plan.prompt.parse_special,
            code: case.plan.asked.has_code,
        });
        let prompts: Vec<_> = prompts.collect();
        let allow_small = self.run.request.allow_small;
        Some(coverage::measure(
            &prompts,
            &coverage::shipped(),
            allow_small,
        ))
    }

    fn prompt_set(&self) -> Option<PromptSetName> {
        let set = self.cases.first()?.plan.asked.set.as_ref()?;
        Some(PromptSetName {
            name: set.name.clone(),
            version: set.version,
            sha256: set.sha256.clone(),
        })
    }

    /// In `production`: what every rung that compares numbers is judged by. A floor is one of a whole
    /// prompt, for no position's is less than the 90th percentile of all.
    fn measure_floors(&mut self) -> Result<(), Ending> {
        if let (Some(seats), false) = (&self.seats, self.are_measured) {
            self.run
                .measure_floors(&self.known, seats, &mut self.cases, &|_, _| ())?;
            self.are_measured = true;
        }
        Ok(())
    }

    fn finish(
        self,
        findings: Vec<(LadderRung, Finding)>,
        identities: &Identities,
        started: Instant,
    ) -> Climbed {
        let interrupted = self.run.request.supervision.interrupt.is_raised();
        let coverage = self.coverage();
        let stood = finding::of_all(&findings, coverage.as_ref());
        let prompt_set = self.prompt_set();
        let (run, known) = (self.run, self.known);
        let outcomes = self.cases.into_iter().filter_map(|mut case| {
            logits::cut_to_what_was_compared(&mut case)?;
            Some(Outcome::new(run, &known, case, identities, started))
        });
        let outcomes: Vec<_> = outcomes.collect();
        let (conclusion, excess) = finding::with_receipts(stood, &outcomes, &run.limits);
        let Conclusion {
            verdict,
            exit,
            reason,
        } = conclusion;
        let rungs = findings.into_iter().map(|(rung, finding)| RungRecord {
            rung,
            verdict: finding.conclusion.verdict,
            reason: finding.conclusion.reason,
            prompts: finding.prompts,
            symptoms: finding.symptoms,
        });
        let request = run.request;
        let ladder = Ladder {
            schema: Tag::new(),
            verdict,
            exit: exit.record(),
            reason,
            profile: request.profile,
            model: identities.model().clone(),
            reference_model: identities.reference_model().cloned(),
            engines: record::engine_records(request, &known, [None, None]),
            prompt_set,
            coverage,
            excess,
            rungs: rungs.collect(),
        };
        // An engine that failed whatever the prompt says so once.
        let faults: BTreeSet<_> = outcomes.iter().filter_map(|it| it.fault.clone()).collect();
        Climbed {
            exit,
            ladder,
            outcomes,
            faults: faults.into_iter().collect(),
            interrupted,
        }
    }
}
