//! A sound receipt of each thing that a case may come to.

use schemas::floor::{FloorRecord, FloorVariant, JudgedDistances};
use schemas::number::Finite;
use schemas::receipt::{EngineRecord, Receipt, Verdict};
use schemas::row::PositionRow;
use serde_json::json;

use super::{COMPARED, MISMATCHED, Told, profile, read};
use crate::exit::Exit;
use crate::floor::reading::{largest_difference, p90};
use crate::judge::{self, Terms};
use crate::limits::Limits;
use crate::seal::of_tokens;
use crate::{conclusion, metrics};

/// Logits in a row.
const VOCABULARY: u64 = 64;

/// What the case with this number comes to; no two have the same tokens.
pub(super) fn of(number: u32, told: Told, positions: u64) -> Receipt {
    match told {
        Told::OtherTokens => read(MISMATCHED),
        Told::TimedOut => timed_out(),
        _ => compared(number, told, positions),
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

fn compared(number: u32, told: Told, positions: u64) -> Receipt {
    let mut receipt: Receipt = read(COMPARED);
    let exact: Receipt = read(MISMATCHED);
    receipt.profile = profile(told);
    receipt.triangulation = None;
    receipt.greedy_steps = 0;
    receipt.greedy = Some(Vec::new());
    // The number, in digits of the vocabulary's size.
    let digit = |place: u64| number.checked_shr(6 * place as u32).unwrap_or(0) % 64;
    let tokens: Vec<_> = (0..positions).rev().map(digit).collect();
    receipt.tokens_sha256 = Some(of_tokens(&tokens));
    receipt.tokens = Some(tokens.clone());
    make_room(&mut receipt, positions);
    if let Told::Floors(_) = told {
        receipt.floor = Some(floor(&receipt, positions));
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

/// Sizes for so many positions, and engines with room for them.
fn make_room(receipt: &mut Receipt, positions: u64) {
    let sizes = receipt.sizes.as_mut().expect("sizes");
    (sizes.tokens, sizes.vocabulary) = (positions, VOCABULARY);
    sizes.context = sizes.context.max(positions as u32);
    sizes.model_context = sizes.model_context.max(sizes.context);
    let engines = &mut receipt.engines;
    for engine in [&mut engines.candidate, &mut engines.reference] {
        engine.settings.as_mut().expect("settings").context = sizes.context;
    }
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
fn floor(receipt: &Receipt, positions: u64) -> FloorRecord {
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
    let positions: Vec<_> = (0..positions).map(position).collect();
    FloorRecord {
        identity: format!("sha256:{}", "0a".repeat(32)),
        variants: variants.to_vec(),
        p90: p90(&positions, &[]),
        largest_difference: largest_difference(&positions, &[]),
        own: None,
        positions,
        steps: Vec::new(),
    }
}
