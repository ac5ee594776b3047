//! The F32 twin: weights that llama.cpp's own decoding confirms, in a model that it runs.
//!
//! Arithmetic `f32` and the twin share one decoding, so their agreement says nothing about it; here
//! it is compared with another one.

use std::fs;

use gguf::Header;

use crate::bits::assert_same_bits;
use crate::process::{
    RUST_ENGINE, describe, evaluate, family_fixture, fixture, llama_scalar, quantized, run,
    scattered,
};

/// Name and bytes of each tensor, by name.
fn weights(path: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = fs::read(path).expect("readable");
    let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
    let mut weights: Vec<_> = header
        .tensors()
        .iter()
        .map(|tensor| {
            let start = (header.data_offset() + tensor.offset) as usize;
            let length = tensor.bytes.expect("of a known type") as usize;
            let own = bytes[start..start + length].to_vec();
            (tensor.name.clone(), own)
        })
        .collect();
    weights.sort();
    weights
}

fn twin(folder: &tempfile::TempDir, model: &str) -> String {
    let twin = folder.path().join("twin.gguf").display().to_string();
    let made = run(RUST_ENGINE, &["f32-twin", model, &twin], b"");
    assert!(made.status.success(), "{made:?}");
    twin
}

#[test]
fn every_type_is_decoded_as_llama_cpp_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let ours = weights(&twin(&folder, &model));
    let flags = ["--pure"];
    let theirs = weights(&quantized(folder.path(), &model, "F32", &flags));
    let counts = &describe(RUST_ENGINE, &model)["model"]["tensor_type_counts"];
    let n_types = counts.as_object().expect("counts").len();
    assert_eq!(
        n_types, 18,
        "all that this engine and llama.cpp both have, of {counts}"
    );
    let names = |weights: &[(String, Vec<u8>)]| -> Vec<String> {
        weights.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&ours), names(&theirs));
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert!(ours == theirs, "{name} has other weights");
    }
}

#[test]
fn f32_on_a_model_is_exact_on_its_twin() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for family in ["llama", "qwen2", "qwen3", "gemma3", "phi3", "bitnet"] {
        let model = family_fixture(folder.path(), family, &["--type", "mixed"]);
        let twin = twin(&folder, &model);
        assert_eq!(
            describe(&llama_scalar(), &twin)["can_run"],
            true,
            "llama.cpp loads it"
        );
        let tokens = scattered(50, 400);
        let decoded = evaluate(RUST_ENGINE, &model, &tokens, &["--arithmetic", "f32"]);
        let ours = evaluate(RUST_ENGINE, &twin, &tokens, &["--kv", "f32"]);
        let theirs = evaluate(&llama_scalar(), &twin, &tokens, &["--kv", "f32"]);
        assert_same_bits(&format!("twin of {family}"), &ours, &theirs);
        assert_same_bits(&format!("{family}, decoded on the fly"), &decoded, &theirs);
    }
}

/// No build of llama.cpp here runs it, so that its twin is compared with itself.
#[test]
fn ternary_weights_are_decoded_into_the_twin() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let numbers = |types: &str| {
        let model = family_fixture(folder.path(), "bitnet-b1.58", &["--type", types]);
        weights(&twin(&folder, &model))
    };
    let (i2_s, tq1_0) = (numbers("i2_s"), numbers("tq1_0"));
    assert!(i2_s == tq1_0, "the same weights in another type");
}
