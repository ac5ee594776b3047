//! A plan of two comparisons, to which cases are added one by one.

use schemas::line::ItemId;
use schemas::plan::{Plan, PlannedCase, PlannedComparison, PlannedEngine};
use schemas::prompt::PromptLine;
use schemas::receipt::{CaseKeys, EngineRecord, Profile, PromptSetRecord, Receipt};
use schemas::tokenize::Text;

use super::{COMPARED, MISMATCHED, read};
use crate::limits::Limits;
use crate::prompt::FormattedPrompt;
use crate::seal::{seal, sha256};
use crate::sweep::keys::{Builds, keys, pairing_key};

const PLANNED: &str = include_str!("../../../../schemas/examples/plan/valid.one-case.json");

/// The plan without its cases.
pub(super) fn without_cases() -> Plan {
    let mut plan: Plan = read(PLANNED);
    let exact = &mut plan.comparisons[0];
    let production = PlannedComparison {
        name: "tiny-rust-engine-llama-native-production".to_owned(),
        reference: "llama-native".to_owned(),
        profile: Profile::Production,
        limits: Limits::default_file(Profile::Production),
        ..exact.clone()
    };
    plan.comparisons.push(production);
    plan.settings.greedy_steps = 0;
    let [exact, production] = [MISMATCHED, COMPARED].map(|it| read::<Receipt>(it).engines);
    let engines = [production.reference, exact.reference, exact.candidate];
    plan.engines = engines.map(planned_engine).to_vec();
    plan
}

fn planned_engine(engine: EngineRecord) -> PlannedEngine {
    PlannedEngine {
        name: engine.name,
        version: engine.version.expect("a version"),
        build: engine.build.expect("a build"),
    }
}

/// Adds the case of the next prompt to the plan, and what it is known by to its receipt.
pub(super) fn add(plan: &mut Plan, example: &PromptLine, mut receipt: Receipt) -> Receipt {
    let number = plan.cases.len();
    let mut prompt = example.clone();
    let text = format!("Prompt {number}");
    prompt.name = ItemId::new(format!("p{number:05}")).expect("an id");
    prompt.text = Text::Utf8(text.clone());
    let set = &mut plan.prompt_sets[0];
    receipt.prompt_set = Some(PromptSetRecord {
        name: set.name.clone(),
        version: set.version,
        sha256: set.sha256.clone(),
        prompt: prompt.name.to_string(),
    });
    receipt.prompt.formatted_sha256 = sha256(text.as_bytes());
    receipt.prompt.formatted = prompt.text.clone();
    receipt.prompt.text = prompt.text.clone();
    receipt.model = plan.models[0].file.identity.clone();
    receipt.reference_model = None;
    receipt.allow_small = plan.settings.allow_small;
    receipt.environment = read::<Receipt>(COMPARED).environment;
    let case = PlannedCase {
        keys: keys_of(plan, &receipt),
        comparison: comparison_of(plan, &receipt).name.clone(),
        prompt_set: set_name(plan),
        prompt: prompt.name.clone(),
        template: receipt.prompt.template_asked.clone(),
    };
    receipt.case = Some(case.keys.clone());
    plan.prompt_sets[0].prompts.push(prompt);
    plan.cases.push(case);
    seal(&mut receipt);
    receipt
}

fn set_name(plan: &Plan) -> String {
    plan.prompt_sets[0].name.clone()
}

fn comparison_of<'p>(plan: &'p Plan, receipt: &Receipt) -> &'p PlannedComparison {
    let mut comparisons = plan.comparisons.iter();
    let is_its = |it: &&PlannedComparison| it.profile == receipt.profile;
    comparisons.find(is_its).expect("a comparison")
}

fn keys_of(plan: &Plan, receipt: &Receipt) -> CaseKeys {
    let comparison = comparison_of(plan, receipt);
    let formatted = FormattedPrompt {
        template: "raw",
        chat: None,
        in_reference_model: None,
        text: receipt.prompt.formatted.as_bytes().to_vec(),
        bos: receipt.prompt.bos,
        parse_special: receipt.prompt.parse_special,
    };
    let engine = |name: &str| plan.engines.iter().find(|it| it.name == name);
    let builds = Builds {
        candidate: engine(&comparison.candidate).expect("planned"),
        reference: engine(&comparison.reference).expect("planned"),
    };
    let template = &receipt.prompt.template_asked;
    let key = pairing_key(comparison, &plan.settings, &formatted, template);
    keys(key, comparison, &plan.models[0], builds)
}
