//! What a comparison leaves in a folder, and what it says in JSON.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::desk::Desk;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn is_valid(kind: &str, object: &Value) -> bool {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schemas/json/{kind}.schema.json"));
    let schema = fs::read_to_string(path).expect("a committed schema");
    let schema = serde_json::from_str(&schema).expect("JSON");
    jsonschema::is_valid(&schema, object)
}

#[test]
fn json_is_valid_against_its_schema_and_has_the_documents_names() {
    let desk = Desk::perturbed(&["add", "3", "17", "0.5"]);
    let receipt = desk
        .compare(&["--prompt", "Hello", "--format", "json"])
        .receipt();
    assert!(is_valid("receipt", &receipt), "{receipt}");
    assert_eq!(receipt["status"], "diverged");
    assert_eq!(receipt["first_divergence_token"], 3);
    assert_eq!(
        receipt["per_token_cosine_sim"].as_array().map(Vec::len),
        Some(6)
    );
    assert_eq!(receipt["per_token_l2_dist"][3].as_f64(), Some(0.5));
    assert_eq!(receipt["max_absolute_diff"].as_f64(), Some(0.5));
    assert_eq!(
        receipt["threshold"],
        Value::Null,
        "exact has no limit of cosine"
    );
    let desk = Desk::new();
    let receipt = desk
        .compare(&[
            "--prompt",
            "Hello",
            "--profile",
            "production",
            "--cos-tol",
            "0.5",
            "--format",
            "json",
        ])
        .receipt();
    assert_eq!(receipt["threshold"].as_f64(), Some(0.5));
    let mut changed = receipt.clone();
    changed["verdict"] = "FINE".into();
    assert!(is_valid("receipt", &receipt) && !is_valid("receipt", &changed));
}

#[test]
fn the_same_comparison_gives_the_same_bytes() {
    let desk = Desk::new();
    let stored = |folder: &str| {
        let seen = desk.compare(&["--prompt", "Hello", "--out", folder]);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        let folder = desk.path(folder);
        assert_eq!(
            names(&folder),
            ["environment.json", "receipt.json", "tokens.json"]
        );
        ["receipt.json", "tokens.json"].map(|name| fs::read(folder.join(name)).expect("stored"))
    };
    assert!(stored("one") == stored("two"));
    let receipt = fs::read_to_string(desk.path("one/receipt.json")).expect("stored");
    let folder = desk.path("").display().to_string();
    assert!(
        !receipt.contains(folder.trim_end_matches('/')),
        "a path of this machine"
    );
    for kind in ["receipt", "environment"] {
        let text = fs::read_to_string(desk.path(&format!("one/{kind}.json"))).expect("stored");
        assert!(is_valid(kind, &serde_json::from_str(&text).expect("JSON")));
    }
}

#[test]
fn rows_that_diverged_are_kept_until_they_no_longer_do() {
    let desk = Desk::perturbed(&["swap", "1", "4"]);
    let seen = desk.compare(&["--prompt", "Hello", "--out", "run"]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    let failing = fs::read(desk.path("run/candidate.failing.npy")).expect("kept");
    // Two rows of 257 numbers behind a header of 128 bytes.
    assert_eq!(failing.len(), 128 + 2 * 257 * 4);
    let reference = fs::read(desk.path("run/reference.failing.npy")).expect("kept");
    let row = |file: &[u8], n: usize| file[128 + n * 257 * 4..][..257 * 4].to_vec();
    assert!(row(&failing, 0) == row(&reference, 1) && row(&failing, 1) == row(&reference, 0));

    let seen = desk.compare(&[
        "--prompt",
        "Hello",
        "--out",
        "run",
        "--candidate",
        "left",
        "--keep-logits",
    ]);
    assert_eq!(
        seen.code,
        Some(64),
        "--candidate is there already: {seen:?}"
    );
    let right = desk.stand_in("right", &[]);
    desk.configure(&[("left", desk.stand_in("left", &[])), ("right", right)]);
    let seen = desk.compare(&["--prompt", "Hello", "--out", "run", "--keep-logits"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let kept = names(&desk.path("run"));
    assert!(
        !kept.iter().any(|name| name.contains("failing")),
        "{kept:?}"
    );
    let logits = fs::read(desk.path("run/candidate.logits.npy")).expect("kept");
    assert_eq!(logits.len(), 128 + 6 * 257 * 4);
    assert!(
        kept.contains(&"reference.greedy.npy".to_owned()),
        "{kept:?}"
    );
}

#[test]
fn prompts_come_from_files_and_standard_input_as_they_are() {
    let desk = Desk::new();
    let bytes = b"a\xff\x00\nb";
    fs::write(desk.path("prompt.bin"), bytes).expect("writable");
    let receipt = desk
        .compare(&["--prompt-file", "prompt.bin", "--format", "json"])
        .receipt();
    assert_eq!(receipt["prompt"]["text"]["bytes"], serde_json::json!(bytes));
    assert_eq!(
        receipt["tokens"],
        serde_json::json!([256, 97, 255, 0, 10, 98])
    );

    let words = [
        "per-token",
        "--model",
        "model.gguf",
        "--candidate",
        "right",
        "--reference",
        "left",
    ];
    let mut command =
        desk.lockstep(&[&words[..], &["--prompt-file", "-", "--format", "json"]].concat());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(b"Hi")
        .expect("written");
    let output = child.wait_with_output().expect("ends");
    let receipt: Value = serde_json::from_slice(&output.stdout).expect("a receipt");
    assert_eq!(receipt["tokens"], serde_json::json!([256, 72, 105]));
}
