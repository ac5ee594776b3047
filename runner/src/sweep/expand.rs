//! From a sweep to its plan: models × pairs of engines × profiles make comparisons, and these with
//! prompts × templates make cases. Cheap things come first: names, heads of models, who engines are;
//! then hashes and prompts.

use std::collections::BTreeSet;
use std::path::Path;

use schemas::plan::{Plan, PlannedComparison, PlannedModel, PlannedPromptSet};
use schemas::tag::Tag;
use toml::Spanned;

use super::cases::{self, Formatted};
use super::checked::{Pair, Sweep};
use super::engines::{self, Engines};
use super::error::PlanError;
use super::keys::Builds;
use super::models::{self, ReadModel};
use super::names::Names;
use super::terms::Terms;
use crate::engine::catalogue::default_reference;
use crate::engine::{Catalogue, EngineSpec, Supervision};
use crate::exit::Exit;
use crate::prompt_set::{PromptSet, SetPrompt};

/// What both engines of a comparison are called, and what it is judged by.
struct Contest<'a> {
    candidate: &'a EngineSpec,
    reference: &'a EngineSpec,
    terms: &'a Terms,
}

/// The plan of a sweep, to lie in `folder`.
pub(super) fn expand(
    sweep: &Sweep,
    folder: &Path,
    catalogue: &Catalogue,
    supervision: &Supervision,
) -> Result<Plan, PlanError> {
    let contests = contests(sweep, catalogue)?;
    let models = sweep.models.iter().map(Spanned::get_ref);
    let read = models.clone().map(|model| ReadModel::read(sweep, model));
    let read: Vec<_> = read.collect::<Result<_, _>>()?;
    let mut engines = Engines::new();
    for contest in &contests {
        for spec in [contest.candidate, contest.reference] {
            engines::introduce(&mut engines, spec, supervision)?;
        }
    }
    let mut plan = Plan {
        schema: Tag::new(),
        name: sweep.name.clone(),
        settings: sweep.settings.clone(),
        models: Vec::new(),
        engines: Vec::new(),
        prompt_sets: sweep
            .sets
            .iter()
            .map(|set| planned_set(set.get_ref()))
            .collect(),
        comparisons: Vec::new(),
        cases: Vec::new(),
    };
    let mut names = Names::default();
    for (model, read) in models.zip(&read) {
        let planned = models::planned(sweep, model, folder, supervision)?;
        let formatted = cases::format(sweep, &model.label, read, supervision)?;
        let own = read.own_context();
        let context = sweep.context;
        let context = context.unwrap_or_else(|| cases::context(&formatted, &sweep.settings, own));
        for contest in &contests {
            let comparison = contest.comparison(&model.label, context, &mut names);
            let cases = contest.cases(sweep, &comparison, &planned, &engines, &formatted)?;
            plan.cases.extend(cases);
            plan.comparisons.push(comparison);
        }
        plan.models.push(planned);
    }
    plan.engines = engines.into_values().collect();
    Ok(plan)
}

/// Each pair in each profile, none of them twice.
fn contests<'a>(sweep: &'a Sweep, catalogue: &'a Catalogue) -> Result<Vec<Contest<'a>>, PlanError> {
    let mut seen = BTreeSet::new();
    let mut contests = Vec::new();
    for pair in &sweep.pairs {
        for terms in &sweep.terms {
            let contest = contest(sweep, pair, terms, catalogue)?;
            let (candidate, reference) = (&contest.candidate.name, &contest.reference.name);
            let profile = terms.profile.name();
            if !seen.insert((candidate, reference, profile)) {
                let problem =
                    format!("{candidate} is compared twice with {reference} in {profile}");
                return Err(sweep.source.mistake(Some(pair.span()), &problem));
            }
            contests.push(contest);
        }
    }
    Ok(contests)
}

fn contest<'a>(
    sweep: &Sweep,
    pair: &Spanned<Pair>,
    terms: &'a Terms,
    catalogue: &'a Catalogue,
) -> Result<Contest<'a>, PlanError> {
    let find = |name: &str| {
        catalogue.find(name).map_err(|unknown| {
            let problem = unknown.to_string();
            sweep
                .source
                .unusable(Some(pair.span()), problem, Exit::BadInput)
        })
    };
    let Pair {
        candidate,
        reference,
    } = pair.get_ref();
    let reference = reference.as_deref();
    Ok(Contest {
        candidate: find(candidate)?,
        reference: find(reference.unwrap_or_else(|| default_reference(terms.profile)))?,
        terms,
    })
}

impl Contest<'_> {
    fn comparison(&self, label: &str, context: u32, names: &mut Names) -> PlannedComparison {
        let (candidate, reference) = (&self.candidate.name, &self.reference.name);
        let profile = self.terms.profile;
        PlannedComparison {
            name: names.of_comparison(label, candidate, reference, profile),
            model: label.to_owned(),
            candidate: candidate.clone(),
            reference: reference.clone(),
            profile,
            context,
            limits: self.terms.limits.clone(),
            overrides: self.terms.overrides.clone(),
        }
    }

    fn cases(
        &self,
        sweep: &Sweep,
        comparison: &PlannedComparison,
        model: &PlannedModel,
        engines: &Engines,
        formatted: &[Formatted<'_>],
    ) -> Result<Vec<schemas::plan::PlannedCase>, PlanError> {
        let builds = Builds {
            candidate: &engines[&self.candidate.name],
            reference: &engines[&self.reference.name],
        };
        cases::cases(sweep, comparison, model, builds, formatted)
    }
}

fn planned_set(set: &PromptSet) -> PlannedPromptSet {
    PlannedPromptSet {
        name: set.name.clone(),
        version: set.version,
        sha256: format!("sha256:{}", set.sha256),
        prompts: set.prompts.iter().map(SetPrompt::line).collect(),
    }
}
