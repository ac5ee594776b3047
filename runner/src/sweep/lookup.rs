//! The cases of a plan with all that the plan says of each: its comparison, model, engines and prompt.
//!
//! A plan is a file that anybody may have edited, so names are looked up once, here, and what leads
//! nowhere is told by its place.

use std::collections::{BTreeMap, BTreeSet};

use schemas::plan::{
    Plan, PlanSettings, PlannedCase, PlannedComparison, PlannedEngine, PlannedModel,
};
use schemas::prompt::PromptLine;

/// A case with all that the plan says of it.
#[derive(Clone, Copy, Debug)]
pub struct CaseOf<'a> {
    /// What holds for all cases.
    pub settings: &'a PlanSettings,
    /// The case.
    pub case: &'a PlannedCase,
    /// The comparison that it is of.
    pub comparison: &'a PlannedComparison,
    /// The model of that.
    pub model: &'a PlannedModel,
    /// Who is judged.
    pub candidate: &'a PlannedEngine,
    /// What it is judged against.
    pub reference: &'a PlannedEngine,
    /// The prompt.
    pub prompt: &'a PromptLine,
}

impl CaseOf<'_> {
    /// The name of its folder.
    pub fn id(&self) -> &str {
        &self.case.keys.id
    }

    /// Which one it is, for people.
    pub fn name(&self) -> String {
        let PlannedCase {
            prompt_set,
            prompt,
            template,
            ..
        } = self.case;
        format!("prompt {prompt} of {prompt_set}, template {template}")
    }
}

/// All cases in the plan's order, or the first place that is wrong.
pub fn cases(plan: &Plan) -> Result<Vec<CaseOf<'_>>, String> {
    let comparisons = by_name("comparisons", &plan.comparisons, |it| &it.name)?;
    let models = by_name("models", &plan.models, |it| &it.label)?;
    let engines = by_name("engines", &plan.engines, |it| &it.name)?;
    let prompts = prompts(plan)?;
    let mut ids = BTreeSet::new();
    let cases = plan.cases.iter().enumerate().map(|(index, case)| {
        let place = |field: &str| format!("cases[{index}].{field}");
        let id = &case.keys.id;
        // It becomes the name of a folder.
        if !is_id(id, &case.keys.pairing_key) {
            let problem = "is not the beginning of the pairing key";
            return Err(format!("{}: `{id}` {problem}", place("keys.id")));
        }
        if !ids.insert(id) {
            return Err(format!("{}: {id} is another case's", place("keys.id")));
        }
        let name = case.comparison.as_str();
        let comparison = comparisons.get(name);
        let comparison = *comparison.ok_or_else(|| none(&place("comparison"), name))?;
        let engine = |name: &String| engines.get(name.as_str()).copied();
        let (model, candidate, reference) = (
            models.get(comparison.model.as_str()).copied(),
            engine(&comparison.candidate),
            engine(&comparison.reference),
        );
        let (Some(model), Some(candidate), Some(reference)) = (model, candidate, reference) else {
            let problem = "its model or an engine of it is none of the plan";
            return Err(format!("comparison `{name}`: {problem}"));
        };
        let prompt = (case.prompt_set.as_str(), case.prompt.as_str());
        let prompt = prompts
            .get(&prompt)
            .ok_or_else(|| none(&place("prompt"), prompt.1))?;
        Ok(CaseOf {
            settings: &plan.settings,
            case,
            comparison,
            model,
            candidate,
            reference,
            prompt,
        })
    });
    cases.collect()
}

/// Digits of an id, which begin the pairing key.
const ID_DIGITS: usize = 16;

fn is_id(id: &str, pairing_key: &str) -> bool {
    let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    let digits = pairing_key.strip_prefix("sha256:").unwrap_or_default();
    id.len() == ID_DIGITS && id.bytes().all(is_digit) && digits.starts_with(id)
}

fn none(place: &str, name: &str) -> String {
    format!("{place}: `{name}` is none of the plan")
}

fn by_name<'a, T>(
    place: &str,
    all: &'a [T],
    name: fn(&T) -> &String,
) -> Result<BTreeMap<&'a str, &'a T>, String> {
    let mut names = BTreeMap::new();
    for one in all {
        if names.insert(name(one).as_str(), one).is_some() {
            return Err(format!("{place}: `{}` is there twice", name(one)));
        }
    }
    Ok(names)
}

/// By the names of their set and their own.
fn prompts(plan: &Plan) -> Result<BTreeMap<(&str, &str), &PromptLine>, String> {
    let mut prompts = BTreeMap::new();
    for set in &plan.prompt_sets {
        for prompt in &set.prompts {
            let name = (set.name.as_str(), prompt.name.as_str());
            if prompts.insert(name, prompt).is_some() {
                let (set, prompt) = name;
                return Err(format!("prompt_sets: `{prompt}` of `{set}` is there twice"));
            }
        }
    }
    Ok(prompts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::testing::{Sweep, Told};

    fn refused(change: fn(&mut Plan)) -> String {
        let mut plan = Sweep::of(&[Told::Same, Told::Same]).plan;
        assert_eq!(cases(&plan).expect("a plan").len(), 2);
        change(&mut plan);
        cases(&plan).expect_err("it leads nowhere")
    }

    #[test]
    fn a_name_that_leads_nowhere_is_told_by_its_place() {
        let found = refused(|plan| plan.cases[1].comparison = "other".to_owned());
        assert_eq!(found, "cases[1].comparison: `other` is none of the plan");
        let found = refused(|plan| plan.cases[1].prompt_set = "other".to_owned());
        assert_eq!(found, "cases[1].prompt: `p00001` is none of the plan");
        let found = refused(|plan| plan.engines.truncate(1));
        assert!(found.contains("is none of the plan"), "{found}");
        let found = refused(|plan| plan.models.clear());
        assert!(found.contains("is none of the plan"), "{found}");
    }

    #[test]
    fn a_name_that_leads_to_two_is_refused() {
        let found = refused(|plan| plan.cases[1].keys = plan.cases[0].keys.clone());
        assert!(found.starts_with("cases[1].keys.id: "), "{found}");
        let found = refused(|plan| plan.models.push(plan.models[0].clone()));
        assert_eq!(found, "models: `tiny` is there twice");
        let found = refused(|plan| {
            let prompts = &mut plan.prompt_sets[0].prompts;
            prompts.push(prompts[0].clone());
        });
        assert_eq!(
            found,
            "prompt_sets: `p00000` of `greetings.jsonl` is there twice"
        );
    }

    /// It becomes the name of a folder.
    #[test]
    fn an_id_is_the_beginning_of_its_key_and_nothing_else() {
        for id in ["../../../etc", "", "aaaaaaaaaaaaaaaa", "AAAAAAAAAAAAAAAA"] {
            let mut plan = Sweep::of(&[Told::Same]).plan;
            plan.cases[0].keys.id = id.to_owned();
            let found = cases(&plan).expect_err("no id");
            assert!(found.contains("is not the beginning"), "{found}");
        }
    }
}
