//! What a failed rung may come from: hands its numbers to `symptoms`.

use std::path::Path;

use schemas::ladder::LadderRung;
use schemas::symptom::Symptom;

use super::Climb;
use crate::case::Case;
use crate::outcome::Ending;
use crate::prompt::{Choice, Template};
use crate::symptoms::{self, Failure, SeenCase, Subject};
use crate::text::path_argument;

impl Climb<'_, '_> {
    /// What the numbers of a rung that diverged look like. The prompts were evaluated in their order.
    pub(super) fn advice(&self, rung: LadderRung) -> Vec<Symptom> {
        if rung == LadderRung::Tokens {
            return self.advice_on_tokens();
        }
        let compared = self.cases.iter().filter(|case| case.ended.is_none());
        let compared = compared.filter_map(|case| Some((case, SeenCase::of(case.rows.as_ref()?))));
        let (cases, seen): (Vec<_>, Vec<_>) = compared.unzip();
        let is_bad = |seen: &SeenCase| seen.positions.iter().chain(&seen.steps).any(|it| it.is_bad);
        let Some(bad) = seen.iter().position(is_bad) else {
            return Vec::new();
        };
        let failure = match rung {
            LadderRung::FirstLogits => Failure::FirstLogits(&seen),
            LadderRung::Positions => Failure::Positions(&seen),
            LadderRung::Decode => Failure::Decode(&seen[bad..=bad]),
            LadderRung::Preflight | LadderRung::Tokens | LadderRung::Shapes => return Vec::new(),
        };
        symptoms::find(&failure, &self.subject(cases[bad]))
    }

    fn advice_on_tokens(&self) -> Vec<Symptom> {
        let differs = |case: &&Case| matches!(case.ended, Some(Ending::Mismatch(_)));
        let case = self.cases.iter().find(differs);
        let Some((case, mismatch)) = case.and_then(|case| Some((case, case.mismatch.as_ref()?)))
        else {
            return Vec::new();
        };
        let failure = Failure::Tokens(mismatch, &case.plan.evidence);
        symptoms::find(&failure, &self.subject(case))
    }

    /// The comparison of one prompt, as a command line has it.
    pub(super) fn subject(&self, case: &Case) -> Subject {
        let request = self.run.request;
        // The record is the same wherever the model lies; `report` puts its path in for people.
        let label = request
            .model
            .file_name()
            .unwrap_or(request.model.as_os_str());
        let asked = &case.plan.asked;
        let template = &asked.prompt.template;
        let is_usual = matches!(template, Choice::BuiltIn(Template::Raw));
        let answers = case.answers.as_ref();
        Subject {
            model: path_argument(Path::new(label)).display().to_string(),
            prompt: asked.words.clone(),
            template: (!is_usual).then(|| template.to_string()),
            candidate: request.candidate.clone(),
            reference: request.reference.clone(),
            profile: request.profile,
            micro_batch: answers.map(|it| u64::from(it.candidate.settings.micro_batch)),
        }
    }
}
