//! A whole comparison between two engines that no one wrote a line of Rust for: a Python script
//! that answers from a table, configured twice in an `engines.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with the configuration and a model without tensors, which the table does not need.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let script: PathBuf =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_in/table_engine.py");
        let script = script.to_str().expect("UTF-8");
        let entry = |name: &str, flags: &str| {
            format!("[[engine]]\nname = \"{name}\"\ncommand = [\"python3\", {script:?}{flags}]\n\n")
        };
        let configuration = [
            entry("table", ""),
            entry("same", ""),
            entry("shifted", ", \"--shift\", \"0.001\""),
        ];
        fs::write(folder.path().join("engines.toml"), configuration.concat()).expect("written");
        // GGUF version 3, no tensors, no metadata.
        let model = [&b"GGUF"[..], &3_u32.to_le_bytes(), &[0; 16], &[0; 8]].concat();
        fs::write(folder.path().join("model.gguf"), model).expect("written");
        Self(folder)
    }

    fn compare(&self, reference: &str, prompt: &str, format: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .args(["per-token", "--model", "model.gguf", "--prompt", prompt])
            .args([
                "--candidate",
                "table",
                "--reference",
                reference,
                "--max-tokens",
                "3",
            ])
            .args(["--format", format])
            .current_dir(self.0.path())
            .env("XDG_CACHE_HOME", self.0.path())
            .env("NO_COLOR", "1")
            .output()
            .expect("lockstep starts")
    }
}

fn text_of(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    format!(
        "{}\n--- stderr ---\n{}",
        text(&output.stdout),
        text(&output.stderr)
    )
}

#[test]
fn two_engines_in_python_are_found_equal() {
    let desk = Desk::new();
    let output = desk.compare("same", "two and two", "text");
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("BIT-EXACT"), "{text}");

    let output = desk.compare("same", "two and two", "json");
    let receipt: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(receipt["verdict"], "BIT-EXACT");
    assert_eq!(receipt["exit"]["code"], 0);
}

#[test]
fn a_shift_of_one_logit_is_found() {
    let desk = Desk::new();
    for format in ["text", "json"] {
        let output = desk.compare("shifted", "two and two", format);
        let text = text_of(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("DIVERGED"), "{text}");
    }
}

#[test]
fn a_word_that_the_table_does_not_have_is_declined() {
    let output = Desk::new().compare("same", "two and seven", "text");
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(69), "{text}");
    assert!(text.contains("the table has no word seven"), "{text}");
}
