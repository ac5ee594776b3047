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
use schemas::plan::{Plan, PlannedCase, PlannedComparison};
use schemas::receipt::{CaseKeys, EngineRecord, Profile, PromptSetRecord, Receipt, Verdict};
use schemas::row::PositionRow;
use schemas::tag::Tag;
use schemas::tokenize::Text;
use serde_json::json;

use super::folder::{CASES, ENVIRONMENT, PLAN, RECEIPT, RunFolder};
use crate::exit::Exit;
use crate::floor::reading::{largest_difference, p90};
use crate::judge::{self, Terms};
use crate::limits::Limits;
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
        let mut told = told.to_vec();
        told.sort_by_key(|told| profile(*told) == Profile::Production);
        let receipts: Vec<_> = (0..)
            .zip(&told)
            .map(|(n, told)| receipt(n, *told))
            .collect();
        Self {
            plan: plan(&receipts),
            receipts,
        }
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

fn plan(receipts: &[Receipt]) -> Plan {
    let mut plan: Plan = read(PLANNED);
    let exact = plan.comparisons.remove(0);
    let production = PlannedComparison {
        name: "tiny-rust-engine-llama-native-production".to_owned(),
        reference: "llama-native".to_owned(),
        profile: Profile::Production,
        limits: Limits::default_file(Profile::Production),
        ..exact.clone()
    };
    plan.settings.greedy_steps = 0;
    let example = plan.prompt_sets[0].prompts.remove(0);
    plan.cases.clear();
    for comparison in [exact, production] {
        let of_this = receipts
            .iter()
            .filter(|it| it.profile == comparison.profile);
        for receipt in of_this.clone() {
            let mut prompt = example.clone();
            let set = receipt.prompt_set.as_ref().expect("a set");
            prompt.name = ItemId::new(set.prompt.clone()).expect("an id");
            prompt.text = receipt.prompt.text.clone();
            plan.cases.push(PlannedCase {
                keys: receipt.case.clone().expect("keys"),
                comparison: comparison.name.clone(),
                prompt_set: plan.prompt_sets[0].name.clone(),
                prompt: prompt.name.clone(),
                template: "raw".to_owned(),
            });
            plan.prompt_sets[0].prompts.push(prompt);
        }
        if of_this.count() > 0 {
            plan.comparisons.push(comparison);
        }
    }
    plan
}

/// The receipt of the case with this number; no two have the same tokens.
fn receipt(number: u32, told: Told) -> Receipt {
    let mut receipt = match told {
        Told::OtherTokens => read(MISMATCHED),
        Told::TimedOut => timed_out(),
        _ => compared(number, told),
    };
    let environment = read::<Receipt>(COMPARED).environment;
    receipt.environment = environment;
    let text = format!("Prompt {number}");
    let set = PromptSetRecord {
        name: "greetings.jsonl".to_owned(),
        version: None,
        sha256: format!("sha256:{}", "dd".repeat(32)),
        prompt: format!("p{number:05}"),
    };
    let pairing_key = sha256(set.prompt.as_bytes());
    receipt.case = Some(CaseKeys {
        id: pairing_key[7..23].to_owned(),
        identity: sha256(format!("identity of {}", set.prompt).as_bytes()),
        pairing_key,
    });
    receipt.prompt_set = Some(set);
    receipt.allow_small = true;
    receipt.prompt.formatted_sha256 = sha256(text.as_bytes());
    receipt.prompt.formatted = Text::Utf8(text.clone());
    receipt.prompt.text = Text::Utf8(text);
    seal(&mut receipt);
    receipt
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
