//! Runs that nobody ran: a plan of as many cases as a test asks for, and a sound receipt of each.
//!
//! Rows are computed from logits made up here and judged by the same code as those of engines, so that
//! every receipt stands before `verify`. Cases of `exact` come first in the plan, then those of
//! `production`.

use std::fs;
use std::path::Path;

use schemas::agreed_tokens::AgreedTokensFile;
use schemas::floor::{FloorRecord, FloorVariant, JudgedDistances};
use schemas::line::ItemId;
use schemas::number::Finite;
use schemas::plan::{Plan, PlannedCase, PlannedComparison, PlannedEngine};
use schemas::prompt::PromptLine;
use schemas::receipt::{CaseKeys, EngineRecord, Profile, PromptSetRecord, Receipt, Verdict};
use schemas::row::PositionRow;
use schemas::tag::Tag;
use schemas::tokenize::Text;
use serde_json::json;

use super::folder::{CASES, ENVIRONMENT, PLAN, RECEIPT, RunFolder};
use super::keys::{Builds, keys, pairing_key};
use crate::exit::Exit;
use crate::floor::reading::{largest_difference, p90};
use crate::judge::{self, Terms};
use crate::limits::Limits;
use crate::prompt::FormattedPrompt;
use crate::results::{write_json, write_text};
use crate::seal::{of_tokens, seal, sha256};
use crate::{conclusion, metrics};

const PLANNED: &str = include_str!("../../../schemas/examples/plan/valid.one-case.json");
const COMPARED: &str = include_str!("../../../schemas/examples/receipt/valid.production.json");
const MISMATCHED: &str =
    include_str!("../../../schemas/examples/receipt/valid.token-mismatch.json");

/// Logits in a row.
const VOCABULARY: u64 = 64;
/// Positions of every case.
pub(crate) const POSITIONS: u64 = 3;

/// What a case comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    /// `exact`: BIT-EXACT.
    Same,
    /// `exact`: DIVERGED from this position on.
    DivergedAt(u64),
    /// `exact`: TOKEN-MISMATCH.
    OtherTokens,
    /// `exact`: ENGINE-FAILED by the time limit, 75: not terminal.
    TimedOut,
    /// `production`: each row is so many times as far as the floor is high, the largest difference of
    /// which is 0.5.
    Floors(f32),
}

/// A plan and the receipts of its cases, in the plan's order.
pub(crate) struct Sweep {
    pub(crate) plan: Plan,
    pub(crate) receipts: Vec<Receipt>,
}

impl Sweep {
    /// One case for each of these; few cases are enough for a verdict.
    pub(crate) fn of(told: &[Told]) -> Self {
        Self::planned(told, |_| ())
    }

    /// The same in a plan with this change, which shows in the keys of its cases.
    pub(crate) fn planned(told: &[Told], change: impl FnOnce(&mut Plan)) -> Self {
        let mut told = told.to_vec();
        told.sort_by_key(|told| profile(*told) == Profile::Production);
        let mut plan = plan_without_cases();
        change(&mut plan);
        let example = plan.prompt_sets[0].prompts.remove(0);
        plan.cases.clear();
        let receipts = told.into_iter().map(|told| add(&mut plan, &example, told));
        let receipts: Vec<_> = receipts.collect();
        let has_cases =
            |it: &PlannedComparison| plan.cases.iter().any(|case| case.comparison == it.name);
        plan.comparisons = plan
            .comparisons
            .iter()
            .filter(|it| has_cases(it))
            .cloned()
            .collect();
        Self { plan, receipts }
    }

    /// The id of a case.
    pub(crate) fn id(&self, case: usize) -> &str {
        &self.plan.cases[case].keys.id
    }

    /// Edits a receipt and seals it again.
    pub(crate) fn edit(&mut self, case: usize, edit: impl FnOnce(&mut Receipt)) {
        edit(&mut self.receipts[case]);
        seal(&mut self.receipts[case]);
    }

    /// Writes all cases.
    pub(crate) fn write(&self, root: &Path) -> RunFolder {
        let all: Vec<_> = (0..self.receipts.len()).collect();
        self.write_some(root, &all)
    }

    /// Writes the plan and some of the cases, as a shard would leave them.
    pub(crate) fn write_some(&self, root: &Path, cases: &[usize]) -> RunFolder {
        fs::create_dir_all(root).expect("a folder");
        write_json(root, PLAN, &self.plan).expect("a plan");
        for &case in cases {
            write_case(&root.join(CASES).join(self.id(case)), &self.receipts[case]);
        }
        RunFolder::open(root).expect("a run")
    }
}

fn write_case(folder: &Path, receipt: &Receipt) {
    fs::create_dir_all(folder).expect("a folder");
    let mut receipt = receipt.clone();
    let environment = receipt.environment.take().expect("an environment");
    write_json(folder, ENVIRONMENT, &environment).expect("an environment");
    if let Some(ids) = receipt.tokens.clone() {
        let tokens = AgreedTokensFile {
            schema: Tag::new(),
            ids,
        };
        write_json(folder, "tokens.json", &tokens).expect("tokens");
    }
    if receipt.verdict == Verdict::Diverged {
        for name in ["candidate.failing.npy", "reference.failing.npy"] {
            write_text(folder, name, "logits").expect("logits");
        }
    }
    write_json(folder, RECEIPT, &receipt).expect("a receipt");
}

fn profile(told: Told) -> Profile {
    match told {
        Told::Floors(_) => Profile::Production,
        _ => Profile::Exact,
    }
}

fn read<T: serde::de::DeserializeOwned>(example: &str) -> T {
    serde_json::from_str(example).expect("an example")
}

/// The plan without its cases.
fn plan_without_cases() -> Plan {
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
fn add(plan: &mut Plan, example: &PromptLine, told: Told) -> Receipt {
    let number = plan.cases.len() as u32;
    let mut receipt = receipt(number, told);
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

/// What the case with this number comes to; no two have the same tokens.
fn receipt(number: u32, told: Told) -> Receipt {
    match told {
        Told::OtherTokens => read(MISMATCHED),
        Told::TimedOut => timed_out(),
        _ => compared(number, told),
    }
}

/// What a comparison leaves that came to no row.
fn timed_out() -> Receipt {
    let mut receipt: Receipt = read(MISMATCHED);
    receipt.verdict = Verdict::EngineFailed;
    receipt.exit = Exit::Retryable.record();
    receipt.status = judge::status(receipt.verdict);
    receipt.reason = "rust-engine: gave no answer for 600 s".to_owned();
    receipt.error = Some(receipt.reason.clone());
    receipt.rust_tokens = None;
    receipt.cpp_tokens = None;
    receipt.first_diff_idx = None;
    receipt.suggestions = None;
    receipt
}

fn compared(number: u32, told: Told) -> Receipt {
    let mut receipt: Receipt = read(COMPARED);
    let exact: Receipt = read(MISMATCHED);
    receipt.profile = profile(told);
    receipt.triangulation = None;
    receipt.greedy_steps = 0;
    receipt.greedy = Some(Vec::new());
    let tokens = [number / 4096, number / 64, number].map(|token| token % 64);
    receipt.tokens_sha256 = Some(of_tokens(&tokens));
    receipt.tokens = Some(tokens.to_vec());
    if let Some(sizes) = &mut receipt.sizes {
        (sizes.tokens, sizes.vocabulary) = (POSITIONS, VOCABULARY);
    }
    if let Told::Floors(_) = told {
        receipt.floor = Some(floor(&receipt));
    } else {
        let settings = receipt.engines.candidate.settings.clone();
        receipt.engines.reference = EngineRecord {
            settings,
            ..exact.engines.reference
        };
        receipt.limits_file = None;
        receipt.limits = Vec::new();
    }
    let limits = Limits::of_receipt(&receipt);
    let terms = Terms {
        profile: receipt.profile,
        limits: &limits,
        floor: receipt.floor.as_ref(),
        no_floor: None,
    };
    let rows = (0..).zip(tokens).map(|(position, token)| {
        let [candidate, reference] = logits(position, told);
        let found = metrics::compare(&candidate, &reference);
        PositionRow {
            position,
            token,
            row: judge::position(&terms, position, found),
        }
    });
    receipt.positions = rows.collect();
    conclusion::judged_anew(&receipt, &limits).expect("rows")
}

/// Both engines' rows; a floor's largest difference is 0.5, of one logit of 64.
fn logits(position: u64, told: Told) -> [Vec<f32>; 2] {
    let reference: Vec<_> = (0..VOCABULARY)
        .map(|id| (id * (position + 1) % 64) as f32)
        .collect();
    let mut candidate = reference.clone();
    match told {
        Told::DivergedAt(first) if position >= first => candidate[5] += 0.25,
        Told::Floors(times) => candidate[5] += 0.5 * times,
        _ => {}
    }
    [candidate, reference]
}

/// The floor of rows that are as far as `Told::Floors(1.0)` says.
fn floor(receipt: &Receipt) -> FloorRecord {
    let reference = serde_json::to_value(&receipt.engines.reference).expect("JSON");
    let variants = [
        ("threads", "/settings/threads", json!(99)),
        ("micro-batch-1", "/settings/micro_batch", json!(1)),
        ("micro-batch-64", "/settings/micro_batch", json!(64)),
        ("kv-f32", "/settings/kv", json!("f32")),
        ("llama-scalar", "/build/flags", json!(["scalar"])),
    ];
    let variants = variants.map(|(name, place, value)| {
        let mut engine = reference.clone();
        *engine.pointer_mut(place).expect("a place") = value;
        FloorVariant {
            name: name.to_owned(),
            engine: serde_json::from_value(engine).expect("an engine"),
            left_out: None,
        }
    });
    let position = |position| {
        let [candidate, reference] = logits(position, Told::Floors(1.0));
        let found = metrics::compare(&candidate, &reference).metrics;
        let found = found.expect("finite numbers");
        JudgedDistances {
            // Two logits that differ by less than a floor have a KL beside rounding.
            kl: Finite::new(found.kl.get().max(1e-9)).expect("finite"),
            mse: found.shift_removed.mse,
            max_abs: found.shift_removed.max_abs,
        }
    };
    let positions: Vec<_> = (0..POSITIONS).map(position).collect();
    FloorRecord {
        identity: format!("sha256:{}", "0a".repeat(32)),
        variants: variants.to_vec(),
        p90: p90(&positions, &[]),
        largest_difference: largest_difference(&positions, &[]),
        positions,
        steps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify;

    const ALL: [Told; 6] = [
        Told::Floors(0.25),
        Told::Same,
        Told::DivergedAt(1),
        Told::OtherTokens,
        Told::TimedOut,
        Told::Floors(40.0),
    ];

    #[test]
    fn every_receipt_is_sound_and_says_what_was_told() {
        let sweep = Sweep::of(&ALL);
        let found = sweep.receipts.iter().map(|it| (it.verdict, it.exit.code));
        let expected = [
            (Verdict::BitExact, 0),
            (Verdict::Diverged, 1),
            (Verdict::TokenMismatch, 2),
            (Verdict::EngineFailed, 75),
            (Verdict::Drift, 0),
            (Verdict::Diverged, 1),
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert_eq!(sweep.receipts[1].first_divergence_token, Some(1));
        for receipt in &sweep.receipts {
            assert_eq!(verify::findings(receipt), [], "{}", receipt.reason);
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sweep = Sweep::of(&ALL);
        sweep.edit(0, |receipt| receipt.warnings.push("odd".to_owned()));
        let there = |run: &RunFolder| {
            let receipts = run.plan.cases.iter().map(|case| run.receipt(case));
            let is_there = receipts.map(|it| it.expect("sound").is_some());
            is_there.collect::<Vec<_>>()
        };
        let run = sweep.write_some(folder.path(), &[0, 5]);
        assert_eq!(run.plan, sweep.plan);
        assert_eq!(there(&run), [true, false, false, false, false, true]);
        assert_eq!(there(&sweep.write(folder.path())), [true; 6]);
    }
}
