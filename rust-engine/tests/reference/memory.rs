//! Weights stay in the file: what an evaluation needs beside the mapping is a fraction of it.

use std::fs;

use crate::process::{RUST_ENGINE, evaluate_request, family_fixture, run};

/// Evaluates a few tokens in a process whose private memory may not grow beyond so many bytes.
fn succeeds_within(bytes: u64, model: &str) -> bool {
    let out = tempfile::tempdir().expect("a temporary folder");
    let limit = format!("ulimit -d {}; exec \"$0\" \"$@\"", bytes / 1024);
    let out = out.path().display().to_string();
    let words = [
        "-c",
        &limit,
        RUST_ENGINE,
        "evaluate",
        "--model",
        model,
        "--out",
        &out,
    ];
    let flags = ["--threads", "2", "--context", "256"];
    let request = evaluate_request("a", &(20..32).collect::<Vec<_>>(), 2).to_string();
    let output = run("bash", &[&words[..], &flags].concat(), request.as_bytes());
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("greedy_ids")
}

#[test]
fn a_model_is_mapped_and_not_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Some layers of BitNet 2B 4T, and a quarter of its vocabulary.
    let sizes = "--type i2_s --shape custom --layers 4 --width 2560 --ffn-width 6912 --heads 20 \
                 --kv-heads 5 --head-width 128 --vocabulary 32064";
    let flags: Vec<_> = sizes.split_whitespace().collect();
    let path = family_fixture(folder.path(), "bitnet-b1.58", &flags);
    let file_bytes = fs::metadata(&path).expect("there").len();
    assert!(file_bytes > 200_000_000, "too small to tell: {file_bytes}");
    // Cache and activations are in it.
    assert!(succeeds_within(file_bytes * 15 / 100, &path));
    assert!(
        !succeeds_within(file_bytes / 100, &path),
        "the limit limits nothing"
    );
}
