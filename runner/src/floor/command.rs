//! `lockstep floor`: measures the floors of all prompts of a set, and whether the candidate is itself.

use schemas::floor::{FloorFile, FloorMetrics, FloorVariant};
use schemas::floor_report::{FloorCase, FloorReport, SelfCheck, SelfChecks, VariantSummary};
use schemas::tag::Tag;

use super::measure::Subject;
use super::obtain::{Tell, floors};
use super::plot;
use super::reading::{are_enough, distribution};
use super::self_check::{self, Named};
use super::store::Store;
use super::variants::Configured;
use crate::case::{Case, Known};
use crate::conclusion::Conclusion;
use crate::engine::Catalogue;
use crate::exit::Exit;
use crate::outcome::{Ending, without_rows};
use crate::request::{AskedCase, Request};
use crate::run::{Announce, Run, Seats};
use crate::run_error::RunError;

/// What came of it.
pub struct Found {
    /// In short.
    pub report: FloorReport,
    /// What was measured of a prompt, by its name, whether or not it is enough for a floor.
    pub floors: Vec<(String, FloorFile)>,
    /// Why nothing was measured of some prompts, or of all.
    pub problems: Vec<String>,
    /// The exit code.
    pub exit: Exit,
}

/// Measures the reference of `request`, and checks its candidate unless the reference sits in its
/// place.
pub fn run(
    request: &Request,
    asked: Vec<AskedCase>,
    catalogue: &Catalogue,
    announce: &Announce<'_>,
) -> Result<Found, RunError> {
    let run = Run::new(request, catalogue, announce)?;
    let mut cases = Vec::with_capacity(asked.len());
    for asked in asked {
        cases.push(Case::new(run.plan(asked)?, request.greedy_steps));
    }
    let mut found = Found {
        report: FloorReport {
            schema: Tag::new(),
            exit: Exit::Inconclusive.record(),
            model: None,
            reference: None,
            cases: Vec::new(),
            variants: Vec::new(),
            candidate: None,
        },
        floors: Vec::new(),
        problems: Vec::new(),
        exit: Exit::Inconclusive,
    };
    let mut exits = Vec::new();
    if let Err(ending) = found.stages(&run, catalogue, &mut cases) {
        let conclusion = without_rows(None, &ending);
        found.problems.push(conclusion.reason);
        exits.push(conclusion.exit);
    }
    exits.extend(cases.iter().filter_map(|case| found.note(case)));
    exits.extend(found.checks());
    found.exit = Exit::of_all(exits);
    found.report.exit = found.exit.record();
    Ok(found)
}

fn measured(prompt: &str, floor: &FloorFile) -> FloorCase {
    let variants: Vec<_> = floor.variants.iter().map(|it| it.variant.clone()).collect();
    let no_floor = are_enough(&variants, &floor.base).err();
    FloorCase {
        prompt: prompt.to_owned(),
        agreed_tokens: floor.agreed_tokens,
        rows: floor.tokens.len() as u64,
        floor: no_floor.is_none().then(|| floor.identity.clone()),
        no_floor: no_floor.map(|why| why.to_string()),
    }
}

fn not_measured(case: &Case, why: String) -> FloorCase {
    FloorCase {
        prompt: case.plan.asked.name().to_owned(),
        agreed_tokens: case.tokens.as_ref().map_or(0, |it| it.ids().len() as u64),
        rows: 0,
        floor: None,
        no_floor: Some(why),
    }
}

impl Found {
    fn stages(
        &mut self,
        run: &Run<'_>,
        catalogue: &Catalogue,
        cases: &mut [Case],
    ) -> Result<(), Ending> {
        let mut known = Known::default();
        let abilities = run.introduce(&mut known)?;
        run.tokenize(&abilities, cases)?;
        let Some(seats) = run.seat(&abilities, &mut known, cases)? else {
            return Ok(());
        };
        let open = cases.iter().filter_map(|case| {
            Some(Named {
                prompt: case.plan.asked.name().to_owned(),
                tokens: case.open_tokens()?.clone(),
            })
        });
        let open: Vec<_> = open.collect();
        let subject = Subject::reference_of(run.request, catalogue, &known, &seats)?;
        self.measure(run, &subject, cases)?;
        if run.request.candidate != run.request.reference {
            self.report.candidate = check_candidate(run.request, &known, &seats, &open)?;
        }
        Ok(())
    }

    /// The picture of the longest floor, if there is one.
    pub fn picture(&self) -> Option<String> {
        let longest = self.floors.iter().max_by_key(|(_, it)| it.tokens.len());
        longest.map(|(prompt, floor)| plot::svg(floor, prompt))
    }

    /// A case whose tokens the reference fails to go on from ends here.
    fn measure(
        &mut self,
        run: &Run<'_>,
        subject: &Subject<'_>,
        cases: &mut [Case],
    ) -> Result<(), Ending> {
        let open = cases.iter_mut().filter_map(|case| {
            let tokens = case.open_tokens()?.clone();
            Some((case, tokens))
        });
        let (open, tokens): (Vec<_>, Vec<_>) = open.unzip();
        let greedy_steps = run.request.greedy_steps;
        let store = Store::new(&run.request.cache);
        let progress = |done, of| {
            (run.announce)(&format!(
                "lockstep: measuring floors, {done} of {of} are there\n"
            ));
        };
        let tell = Tell {
            announce: run.announce,
            progress: &progress,
        };
        let found = floors(subject, &store, &tokens, greedy_steps, &tell)?;
        for (case, found) in open.into_iter().zip(found) {
            match found {
                Ok(floor) => {
                    let prompt = case.plan.asked.name().to_owned();
                    self.floors.push((prompt, floor));
                }
                Err(ending) => case.end(ending),
            }
        }
        let base = &subject.base;
        self.report.variants = summaries(&self.floors);
        self.report.model = Some(subject.model.clone());
        self.report.reference = Some(base.record(base.effective()));
        Ok(())
    }

    /// Takes down whether a prompt has a floor, and says what that comes to: none is nothing to judge by.
    /// One that is skipped comes to nothing.
    fn note(&mut self, case: &Case) -> Option<Exit> {
        let name = case.plan.asked.name();
        let Some(ending) = &case.ended else {
            let (_, floor) = self.floors.iter().find(|(of, _)| of == name)?;
            let noted = measured(name, floor);
            let exit = match noted.floor {
                Some(_) => Exit::Parity,
                None => Exit::Inconclusive,
            };
            self.report.cases.push(noted);
            return Some(exit);
        };
        let Conclusion { reason, exit, .. } = without_rows(case.mismatch.as_ref(), ending);
        if case.is_skipped() {
            let noted = not_measured(case, format!("skipped: {reason}"));
            self.report.cases.push(noted);
            return None;
        }
        self.problems.push(format!("{name}: {reason}"));
        self.report.cases.push(not_measured(case, reason));
        Some(exit)
    }

    /// What the candidate's checks come to: one that is not itself is not parity.
    fn checks(&self) -> impl Iterator<Item = Exit> {
        let checks = self.report.candidate.iter().flat_map(|it| &it.checks);
        checks.map(|check| match check {
            SelfCheck {
                differing_rows: 0,
                failure: None,
                ..
            } => Exit::Parity,
            SelfCheck {
                differing_rows: 0, ..
            } => Exit::Unavailable,
            _ => Exit::Diverged,
        })
    }
}

fn check_candidate(
    request: &Request,
    known: &Known,
    seats: &Seats<'_>,
    open: &[Named],
) -> Result<Option<SelfChecks>, Ending> {
    let Some(candidate) = Configured::candidate_of(request, known, seats) else {
        return Ok(None);
    };
    let checks = self_check::check(&candidate, &seats.candidate, open)?;
    let engine = candidate.record(candidate.effective());
    Ok(Some(SelfChecks { engine, checks }))
}

/// The variants over the rows of all floors, which have the same variants in the same order.
fn summaries(floors: &[(String, FloorFile)]) -> Vec<VariantSummary> {
    let Some((_, first)) = floors.first() else {
        return Vec::new();
    };
    let summary = |index: usize| {
        let of_cases = || floors.iter().filter_map(|(_, it)| it.variants.get(index));
        let rows: Vec<FloorMetrics> = of_cases().flat_map(|it| it.rows.clone()).collect();
        let left_out = of_cases().find_map(|it| it.variant.left_out.clone());
        VariantSummary {
            variant: FloorVariant {
                left_out,
                ..first.variants[index].variant.clone()
            },
            rows: rows.len() as u64,
            distribution: distribution(&rows),
        }
    };
    (0..first.variants.len()).map(summary).collect()
}
