//! What the runner says of faults, on rows that they spoil: true things.

use std::path::Path;

use runner::gate::PromptWords;
use runner::metrics;
use runner::symptoms::{Failure, SeenCase, SeenRow, Subject, find};
use schemas::receipt::Profile;
use schemas::symptom::Pattern;

use crate::process::{RUST_ENGINE, family_fixture};
use crate::results::{Results, evaluate};

fn numbers(row: &[u32]) -> Vec<f32> {
    row.iter().map(|&bits| f32::from_bits(bits)).collect()
}

/// The rows of both items, as `exact` judges them. The sound build has llama.cpp's bits, which
/// other tests hold it to, and so stands for the reference.
fn cases(sound: &Results, found: &Results) -> Vec<SeenCase> {
    assert_eq!(sound.len(), found.len());
    let case = |item: usize| {
        let (ours, theirs) = (&found[item].logits, &sound[item].logits);
        assert_eq!(ours.len(), theirs.len());
        let row = |p: usize| {
            let (ours, theirs) = (numbers(&ours[p]), numbers(&theirs[p]));
            SeenRow::by_bits(p as u64, &metrics::compare(&ours, &theirs))
        };
        SeenCase {
            positions: (0..theirs.len()).map(row).collect(),
            ..SeenCase::default()
        }
    };
    (0..sound.len()).map(case).collect()
}

/// The first pattern of each fault, if any, in a fixture of the family.
fn assert_first_patterns(family: &str, types: &str, faults: &[(&str, Pattern)]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = family_fixture(Path::new(folder.path()), family, &["--type", types]);
    let subject = Subject {
        model: "model.gguf".to_owned(),
        prompt: PromptWords::Text("text".to_owned()),
        template: None,
        candidate: "rust-engine".to_owned(),
        reference: "llama-scalar".to_owned(),
        profile: Profile::Exact,
        micro_batch: None,
    };
    let first = |found: &Results, sound: &Results| {
        let cases = cases(sound, found);
        let symptoms = find(&Failure::Positions(&cases), &subject);
        symptoms.first().map(|symptom| symptom.pattern)
    };
    let sound = evaluate(RUST_ENGINE, &model, &[]);
    assert_eq!(first(&sound, &sound), None, "the sound engine");
    let mut wrong = Vec::new();
    for &(fault, expected) in faults {
        let found = evaluate(RUST_ENGINE, &model, &["--fault", fault]);
        let found = first(&found, &sound);
        if found != Some(expected) {
            wrong.push(format!("{fault}: {found:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn patterns_in_llama() {
    assert_first_patterns(
        "llama",
        "mixed",
        &[
            ("embedding-of-the-next-token", Pattern::UnrelatedRows),
            ("two-layers-exchanged", Pattern::EveryPosition),
            ("gelu-for-silu", Pattern::EveryPosition),
            ("rms-norm-over-n-minus-1", Pattern::SmallEverywhere),
            (
                "f16-rounding-of-the-cache-left-out",
                Pattern::SmallEverywhere,
            ),
            ("output-norm-left-out", Pattern::RowFactor),
            ("half-of-a-head-not-rotated", Pattern::GrowthWithPosition),
            ("attention-scale-wrong", Pattern::PositionZeroEqual),
            ("v-of-the-previous-position", Pattern::PositionZeroEqual),
            ("mask-off-by-one", Pattern::FallWithPosition),
            ("not-causal", Pattern::FallWithPosition),
            ("cache-index-off-by-one-at-7", Pattern::SuddenJump),
            ("prompt-cache-not-cleared", Pattern::OnlyLaterPrompts),
        ],
    );
}

#[test]
fn patterns_in_gemma3() {
    assert_first_patterns(
        "gemma3",
        "q8_0",
        &[("window-off-by-one", Pattern::SuddenJump)],
    );
}

#[test]
fn patterns_in_bitnet() {
    assert_first_patterns(
        "bitnet",
        "tq2_0",
        &[("tied-output-from-wrong-row", Pattern::ConstantTokenOffset)],
    );
}
