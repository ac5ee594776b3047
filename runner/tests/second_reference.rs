//! `ik_llama.cpp` as a second reference, on real models: it sees the tokens that llama.cpp sees,
//! and computes nearly what llama.cpp computes.
//!
//! Made ready by scripts/build-references.sh (`all` and `ik`), scripts/fetch-demo-model.sh and
//! scripts/fetch-gemma3-model.sh. What is missing fails the test: without it nothing is proved.

mod models;

use std::path::{Path, PathBuf};
use std::process::Command;

use models::{fetched, smollm2};
use serde_json::Value;

/// Longer than the micro-batches from which `ik_llama.cpp` goes wrong with some types.
const PROMPT: &str = "The quick brown fox counts: 1, 2, 3 and 42! She said that it would be a fine \
    day for a walk in the park, if only the rain stopped. Nobody knows how many stars there are, \
    but in 1850 somebody tried to count them: one by one, night after night.\n\nfn main() { \
    println!(\"{}\", 7 * 6); } // don't panic";

fn gemma3() -> PathBuf {
    fetched(
        "LOCKSTEP_GEMMA3_MODEL",
        "gemma-3-270m-q4_k_m.gguf",
        "scripts/fetch-gemma3-model.sh",
    )
}

fn references() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/references");
    let folder = std::env::var_os("LOCKSTEP_REFERENCES").map_or_else(beside, PathBuf::from);
    for (name, which) in [
        ("llama-scalar", "all"),
        ("llama-native", "all"),
        ("ik", "ik"),
    ] {
        assert!(
            folder.join(name).is_file(),
            "{} is missing: scripts/build-references.sh {which}",
            folder.join(name).display()
        );
    }
    folder
}

/// The receipt of a comparison in the profile `production`, which cannot pass: it is asked to do without
/// a floor.
fn compare(model: &Path, candidate: &str, reference: &str, more: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let references = references();
    let ik = references.join("ik");
    let spoilt = format!(
        "[[engine]]\nname = \"spoilt\"\ncommand = [{:?}, \"--swap-rows\", \"3\", \"40\", \"--\", {:?}]\n",
        env!("CARGO_BIN_EXE_perturb"),
        ik.to_str().expect("UTF-8")
    );
    std::fs::write(folder.path().join("engines.toml"), spoilt).expect("the folder can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .current_dir(folder.path())
        .env("LOCKSTEP_REFERENCES", &references)
        .args(["per-token", "--profile", "production", "--floor", "off"])
        .args([
            "--format",
            "json",
            "--candidate",
            candidate,
            "--reference",
            reference,
        ])
        .args(["--prompt", PROMPT, "--model"])
        .arg(model)
        .args(more)
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let receipt: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(receipt["verdict"], "INCONCLUSIVE", "{}", receipt["reason"]);
    let reason = receipt["reason"].as_str().expect("a reason");
    assert!(reason.contains("no floor is known"), "{reason}");
    receipt
}

/// How far apart two engines are on one text.
#[derive(Debug)]
struct Distance {
    positions: usize,
    mean_kl: f64,
    largest_kl: f64,
    same_argmax: usize,
}

impl Distance {
    fn of(receipt: &Value) -> Self {
        let positions = receipt["positions"].as_array().expect("positions");
        let metrics: Vec<_> = positions.iter().map(|it| &it["row"]["metrics"]).collect();
        let kl: Vec<f64> = metrics
            .iter()
            .map(|metrics| metrics["kl"].as_f64().expect("a number"))
            .collect();
        let same = metrics
            .iter()
            .filter(|metrics| metrics["top1_equal"] == true);
        Self {
            positions: kl.len(),
            mean_kl: kl.iter().sum::<f64>() / kl.len() as f64,
            largest_kl: kl.iter().copied().fold(0.0, f64::max),
            same_argmax: same.count(),
        }
    }

    /// Three times and more what was measured when this was written, which is about what
    /// llama.cpp's own two builds are apart: rounding of activations, not another computation.
    fn is_close(&self) -> bool {
        self.mean_kl <= 0.03
            && self.largest_kl <= 0.3
            && self.same_argmax * 10 >= self.positions * 8
    }
}

fn is_close_to_native(model: &Path, micro_batch: u32) {
    let receipt = compare(model, "llama-native", "ik", &[]);
    let settings = &receipt["engines"]["reference"]["settings"];
    assert_eq!(settings["micro_batch"], micro_batch);
    let distance = Distance::of(&receipt);
    println!("ik against llama-native: {distance:?}");
    assert!(distance.positions > 64, "{distance:?}");
    assert!(distance.is_close(), "{distance:?}");
}

/// Engines that see other tokens would end as TOKEN-MISMATCH.
fn sees_the_tokens_of_scalar(model: &Path) {
    let receipt = compare(model, "llama-scalar", "ik", &["--max-positions", "8"]);
    let engines = &receipt["engines"];
    assert_eq!(engines["candidate"]["name"], "llama-scalar");
    let library = &engines["reference"]["build"]["library"];
    assert_eq!(library["name"], "ik_llama.cpp");
}

#[test]
fn ik_sees_the_tokens_of_llama_scalar_with_smollm2() {
    sees_the_tokens_of_scalar(&smollm2());
}

#[test]
fn ik_sees_the_tokens_of_llama_scalar_with_gemma3() {
    sees_the_tokens_of_scalar(&gemma3());
}

#[test]
fn ik_is_close_to_llama_native_with_smollm2() {
    // Its tensors are Q4_1: with 32 tokens together the mean KL is 1.6.
    is_close_to_native(&smollm2(), 16);
}

#[test]
fn ik_is_close_to_llama_native_with_gemma3() {
    is_close_to_native(&gemma3(), 512);
}

/// The negative control: two of its rows changed places.
#[test]
fn a_spoilt_ik_is_not_close() {
    let distance = Distance::of(&compare(&smollm2(), "llama-native", "spoilt", &[]));
    println!("a spoilt ik against llama-native: {distance:?}");
    assert!(!distance.is_close(), "{distance:?}");
}
