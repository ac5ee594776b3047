//! Both engines accept and refuse the same requests, and name the field.

use std::fs;
use std::path::Path;

use crate::process::{RUST_ENGINE, demo_model, fixture, llama_scalar, run};

/// The committed examples of a kind, each on one line, with its name.
fn examples(kind: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../schemas/examples")
        .join(kind);
    let files = fs::read_dir(folder).expect("examples");
    let mut examples: Vec<_> = files
        .map(|file| {
            let path = file.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("readable");
            let object: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let name = path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            (name, object.to_string())
        })
        .collect();
    examples.sort();
    assert!(examples.len() >= 6, "{kind}");
    examples
}

struct Both {
    folder: tempfile::TempDir,
    model: String,
}

impl Both {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let model = fixture(folder.path(), "mixed");
        Self { folder, model }
    }

    /// Sends one line to both; `check` sees exit code, standard output and standard error.
    fn send(&self, command: &str, line: &[u8], check: impl Fn(Option<i32>, &str, &str)) {
        let out = self.folder.path().display().to_string();
        let mut words = vec![command, "--model", &self.model];
        if command == "evaluate" {
            words.extend(["--out", &out]);
        }
        for engine in [RUST_ENGINE, &llama_scalar()] {
            let output = run(engine, &words, line);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            check(
                output.status.code(),
                &text(&output.stdout),
                &text(&output.stderr),
            );
        }
    }
}

#[test]
fn both_judge_every_example_alike() {
    let both = Both::new();
    for command in ["tokenize", "evaluate"] {
        for (name, line) in examples(&format!("{command}-request")) {
            both.send(
                command,
                format!("{line}\n").as_bytes(),
                |code, stdout, stderr| {
                    if name.starts_with("valid.") {
                        assert_eq!(code, Some(0), "{name}: {stderr}");
                        assert_eq!(stdout.lines().count(), 1, "{name}");
                    } else {
                        let field = name.split('.').nth(1).expect("invalid.FIELD.WHY.json");
                        assert_eq!(code, Some(65), "{name}: {stderr}");
                        assert!(stderr.contains(field), "{name}: {stderr}");
                        assert_eq!(stdout, "", "{name}");
                    }
                },
            );
        }
    }
}

#[test]
fn both_refuse_lines_that_are_no_requests() {
    let both = Both::new();
    let valid = r#"{"schema":"lockstep/tokenize-request/v1","id":"a","text":"b","bos":"no","parse_special":false}"#;
    let deep = "[".repeat(100_000);
    let changed = |from: &str, to: &str| valid.replace(from, to).into_bytes();
    let lines = [
        b"\n".to_vec(),
        b"no JSON\n".to_vec(),
        b"\xff\xfe\n".to_vec(),
        b"null\n".to_vec(),
        format!("{valid}{valid}\n").into_bytes(),
        changed("\"id\":\"a\"", "\"id\":\"a\",\"id\":\"a\""),
        changed("\"b\"", &deep),
        changed("\"a\"", &format!("\"{}\"", "a".repeat(65))),
        br#"["lockstep/tokenize-request/v1","a","b","no",false]"#.to_vec(),
        format!("{valid}\0 more\n").into_bytes(),
    ];
    for line in lines {
        let shown = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
        both.send("tokenize", &line, |code, _, stderr| {
            assert_eq!(code, Some(65), "{shown}: {stderr}");
        });
    }
}

/// They are numbers; that no vocabulary and no context is so large is a matter of the item.
#[test]
fn both_decline_numbers_that_are_too_large() {
    let both = Both::new();
    for (from, to) in [
        ("[1]", "[3000000000]"),
        (":1,", ":4000000000,"),
        ("\"all\"", "[4294967295]"),
    ] {
        let valid = r#"{"schema":"lockstep/evaluate-request/v1","id":"a","greedy_steps":1,"tokens":[1],"positions":"all"}"#;
        let line = valid.replace(from, to);
        both.send("evaluate", line.as_bytes(), |code, stdout, stderr| {
            assert_eq!(code, Some(0), "{line}: {stderr}");
            assert!(stdout.contains("\"error\""), "{line}: {stdout}");
        });
    }
}

/// What a description says of a model is a matter of the file, whoever reads it.
#[test]
fn both_describe_a_model_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for model in [demo_model(), fixture(folder.path(), "mixed")] {
        let [ours, theirs] = [RUST_ENGINE, &llama_scalar()].map(|engine| {
            let output = run(engine, &["describe", "--model", &model], b"");
            let answer: serde_json::Value =
                serde_json::from_slice(&output.stdout).expect("a description");
            answer["model"].clone()
        });
        assert_eq!(ours, theirs, "{model}");
        let eot = &ours["special_tokens"]["eot"];
        assert!(eot.is_u64(), "known by its text: {ours}");
    }
}
