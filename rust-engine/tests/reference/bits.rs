//! Arithmetic `exact` gives the scalar build's bits, for every tensor type.

use crate::process::{
    Evaluated, RUST_ENGINE, demo_model, describe, evaluate, fixture, llama_scalar, quantized,
    scattered,
};

/// The first number that differs, told so that it can be looked for.
fn first_difference(ours: &[Vec<u32>], theirs: &[Vec<u32>]) -> Option<String> {
    if ours.len() != theirs.len() {
        return Some(format!("{} rows, expected {}", ours.len(), theirs.len()));
    }
    for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        if ours.len() != theirs.len() {
            return Some(format!("{} columns, expected {}", ours.len(), theirs.len()));
        }
        if let Some(column) = (0..ours.len()).find(|&column| ours[column] != theirs[column]) {
            let [ours, theirs] = [ours[column], theirs[column]].map(f32::from_bits);
            return Some(format!(
                "row {row}, column {column}: {ours:e}, expected {theirs:e}"
            ));
        }
    }
    None
}

pub(crate) fn assert_same_bits(what: &str, ours: &Evaluated, theirs: &Evaluated) {
    assert_eq!(
        first_difference(&ours.logits, &theirs.logits),
        None,
        "{what}"
    );
    assert_eq!(
        first_difference(&ours.greedy, &theirs.greedy),
        None,
        "{what}, greedy"
    );
    assert_eq!(
        ours.answer["greedy_ids"], theirs.answer["greedy_ids"],
        "{what}"
    );
}

fn assert_parity(what: &str, model: &str, n_tokens: u32) {
    let vocabulary_size = describe(RUST_ENGINE, model)["model"]["vocabulary_size"].clone();
    let tokens = scattered(n_tokens, vocabulary_size.as_u64().expect("a size") as u32);
    let ours = evaluate(
        RUST_ENGINE,
        model,
        &tokens,
        &["--threads", "1", "--micro-batch", "7"],
    );
    let theirs = evaluate(&llama_scalar(), model, &tokens, &["--threads", "2"]);
    assert_same_bits(what, &ours, &theirs);
    let ours = evaluate(
        RUST_ENGINE,
        model,
        &tokens,
        &["--threads", "2", "--kv", "f32"],
    );
    let theirs = evaluate(
        &llama_scalar(),
        model,
        &tokens,
        &["--threads", "1", "--kv", "f32"],
    );
    assert_same_bits(&format!("{what}, F32 cache"), &ours, &theirs);
}

#[test]
fn a_fixture_of_every_type_has_the_references_bits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let counts = &describe(RUST_ENGINE, &model)["model"]["tensor_type_counts"];
    let n_types = counts.as_object().expect("counts").len();
    assert_eq!(
        n_types, 18,
        "all that this engine and llama.cpp both have, of {counts}"
    );
    assert_parity("mixed", &model, 100);
}

#[test]
fn every_type_has_the_references_bits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = fixture(folder.path(), "f32");
    assert_parity("F32", &source, 60);
    for tensor_type in [
        "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
        "Q6_K", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0", "MXFP4",
    ] {
        let flags = [
            "--pure",
            "--token-embedding-type",
            tensor_type,
            "--output-type",
            tensor_type,
        ];
        let model = quantized(folder.path(), &source, tensor_type, &flags);
        let counts = &describe(RUST_ENGINE, &model)["model"]["tensor_type_counts"];
        let found: Vec<_> = counts.as_object().expect("counts").keys().collect();
        let mut expected = vec!["F32", tensor_type];
        expected.sort_unstable();
        assert_eq!(
            found, expected,
            "no matrix may have fallen back to another type"
        );
        assert_parity(tensor_type, &model, 60);
    }
}

#[test]
fn a_real_model_has_the_references_bits() {
    let tokens = scattered(24, 49_152);
    let ours = evaluate(RUST_ENGINE, &demo_model(), &tokens, &[]);
    let theirs = evaluate(&llama_scalar(), &demo_model(), &tokens, &[]);
    assert_same_bits("SmolLM2 Q4_1", &ours, &theirs);
}

#[test]
fn one_flipped_bit_is_noticed() {
    let row = vec![1f32.to_bits(), 2f32.to_bits()];
    let mut flipped = row.clone();
    flipped[1] ^= 1;
    assert_eq!(
        first_difference(std::slice::from_ref(&row), std::slice::from_ref(&row)),
        None
    );
    let difference = first_difference(&[flipped], std::slice::from_ref(&row)).expect("noticed");
    assert!(difference.starts_with("row 0, column 1: "), "{difference}");
    assert!(first_difference(&[], &[row]).is_some());
}
