//! `lockstep floor`: measures the floors of all prompts of a set, and whether the candidate is itself.

use schemas::floor::{FloorFile, FloorMetrics, FloorVariant};
use schemas::floor_report::{FloorCase, FloorReport, SelfCheck, SelfChecks, VariantSummary};
use schemas::tag::Tag;

use super::measure::{Subject, record};
use super::obtain::{floors, sequences};
use super::plot;
use super::reading::{are_enough, distribution};
use super::self_check::{self, Named};
use super::store::Store;
use super::variants::Configured;
use crate::case::{Case, Known};
use crate::engine::Catalogue;
use crate::exit::Exit;
use crate::outcome::{Ending, without_rows};
use crate::request::{AskedCase, Request};
use crate::run::{Run, Seats};
use crate::run_error::RunError;

/// What came of it.
pub struct Found {
    /// In short.
    pub report: FloorReport,
    /// The floors, one for each prompt that has one.
    pub floors: Vec<FloorFile>,
    /// Why some prompts have none, or nobody was measured.
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
    announce: &dyn Fn(&str),
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
    for case in &cases {
        if let Some(ending) = &case.ended {
            let conclusion = without_rows(case.mismatch.as_ref(), ending);
            let name = case.plan.asked.name();
            found
                .problems
                .push(format!("{name}: {}", conclusion.reason));
            exits.push(conclusion.exit);
        }
    }
    exits.extend(found.exits());
    found.exit = Exit::of_all(exits);
    found.report.exit = found.exit.record();
    Ok(found)
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
        self.measure(run.request, &subject, &open)?;
        if run.request.candidate != run.request.reference {
            self.report.candidate = check_candidate(run.request, &known, &seats, &open)?;
        }
        Ok(())
    }

    /// The picture of the longest floor, if there is one.
    pub fn picture(&self) -> Option<String> {
        let cases = self.report.cases.iter().zip(&self.floors);
        let (case, floor) = cases.max_by_key(|(case, _)| case.rows)?;
        Some(plot::svg(floor, &case.prompt))
    }

    fn measure(
        &mut self,
        request: &Request,
        subject: &Subject<'_>,
        open: &[Named],
    ) -> Result<(), Ending> {
        let tokens: Vec<_> = open.iter().map(|case| case.tokens.clone()).collect();
        let sequences = sequences(subject.seat, &tokens, request.greedy_steps)?;
        let store = Store::new(&request.cache);
        self.floors = floors(subject, &store, &sequences)?;
        let base = &subject.base;
        let base = record(&base.name, &base.description, base.effective());
        let cases = open.iter().zip(&self.floors).map(|(case, floor)| {
            let variants: Vec<_> = floor.variants.iter().map(|it| it.variant.clone()).collect();
            let no_floor = are_enough(&variants, &base).err();
            FloorCase {
                prompt: case.prompt.clone(),
                agreed_tokens: floor.agreed_tokens,
                rows: floor.tokens.len() as u64,
                floor: no_floor.is_none().then(|| floor.identity.clone()),
                no_floor: no_floor.map(|why| why.to_string()),
            }
        });
        self.report.cases = cases.collect();
        self.report.variants = summaries(&self.floors);
        self.report.model = Some(subject.model.clone());
        self.report.reference = Some(base);
        Ok(())
    }

    /// What the findings come to. No floor is nothing to judge by; a candidate that is not itself is
    /// not parity.
    fn exits(&self) -> impl Iterator<Item = Exit> {
        let cases = self.report.cases.iter().map(|case| match case.no_floor {
            None => Exit::Parity,
            Some(_) => Exit::Inconclusive,
        });
        let checks = self.report.candidate.iter().flat_map(|it| &it.checks);
        let checks = checks.map(|check| match check {
            SelfCheck {
                differing_rows: 0,
                failure: None,
                ..
            } => Exit::Parity,
            SelfCheck {
                differing_rows: 0, ..
            } => Exit::Unavailable,
            _ => Exit::Diverged,
        });
        cases.chain(checks)
    }
}

fn check_candidate(
    request: &Request,
    known: &Known,
    seats: &Seats<'_>,
    open: &[Named],
) -> Result<Option<SelfChecks>, Ending> {
    let Some(description) = known.candidate.clone() else {
        return Ok(None);
    };
    let seat = &seats.candidate;
    let candidate = Configured {
        name: request.candidate.clone(),
        description,
        asked: seat.settings.or(&seat.client.spec().defaults),
    };
    let checks = self_check::check(&candidate, seat, open)?;
    let engine = record(
        &candidate.name,
        &candidate.description,
        candidate.effective(),
    );
    Ok(Some(SelfChecks { engine, checks }))
}

/// The variants over the rows of all floors, which have the same variants in the same order.
fn summaries(floors: &[FloorFile]) -> Vec<VariantSummary> {
    let Some(first) = floors.first() else {
        return Vec::new();
    };
    let summary = |index: usize| {
        let of_cases = || floors.iter().filter_map(|floor| floor.variants.get(index));
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
