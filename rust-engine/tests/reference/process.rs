//! Starts engines and reads what they answer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

pub(crate) use crate::npy::rows;

/// The engine under test.
pub(crate) const RUST_ENGINE: &str = env!("CARGO_BIN_EXE_rust-engine");

/// The scalar build of llama.cpp. It is not optional: without it nothing here proves anything.
pub(crate) fn llama_scalar() -> String {
    let folder = std::env::var_os("LOCKSTEP_REFERENCES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/references"),
        PathBuf::from,
    );
    let program = folder.join("llama-scalar");
    assert!(
        program.is_file(),
        "{} is missing: run scripts/build-references.sh",
        program.display()
    );
    program.display().to_string()
}

/// SmolLM2-135M in Q4_1.
pub(crate) fn demo_model() -> String {
    let in_cache = || cached("models/SmolLM2-135M-Instruct.Q4_1.gguf");
    let path = std::env::var_os("LOCKSTEP_DEMO_MODEL").map_or_else(in_cache, PathBuf::from);
    fetched(&path, "scripts/fetch-demo-model.sh")
}

/// Gemma-3-270M in Q4_K_M.
pub(crate) fn gemma3_model() -> String {
    fetched(
        &cached("models/gemma-3-270m-q4_k_m.gguf"),
        "scripts/fetch-gemma3-model.sh",
    )
}

/// A fetched tokenizer.json.
pub(crate) fn tokenizer_json(name: &str) -> String {
    fetched(
        &cached("tokenizers").join(format!("{name}.json")),
        "scripts/fetch-tokenizers.sh",
    )
}

/// A path in the cache that the scripts use.
fn cached(path: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join("lockstep").join(path)
}

fn fetched(path: &Path, script: &str) -> String {
    assert!(
        path.is_file(),
        "{} is missing: run {script}",
        path.display()
    );
    path.display().to_string()
}

/// A generated LLaMA in `folder`.
pub(crate) fn fixture(folder: &Path, types: &str) -> String {
    family_fixture(folder, "llama", &["--type", types])
}

/// A generated model of a family, with these flags.
pub(crate) fn family_fixture(folder: &Path, family: &str, flags: &[&str]) -> String {
    let name = [&[family], flags].concat().join("");
    let path = folder.join(format!("{name}.gguf")).display().to_string();
    let words = ["fixture", "--family", family, "--seed", "1", &path];
    let output = run(RUST_ENGINE, &[&words, flags].concat(), b"");
    assert!(output.status.success(), "{output:?}");
    path
}

/// A copy of `model` in another type, by llama.cpp's own quantiser.
pub(crate) fn quantized(folder: &Path, model: &str, file_type: &str, flags: &[&str]) -> String {
    let path = folder
        .join(format!("q-{file_type}.gguf"))
        .display()
        .to_string();
    let words = [
        &["quantize", file_type, model, &path, "--allow-requantize"],
        flags,
    ]
    .concat();
    let output = run(&llama_scalar(), &words, b"");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    path
}

/// Runs a program with this on its standard input.
pub(crate) fn run(program: &str, words: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    // On a thread: an engine that answers before it has read all would block both.
    let writer = std::thread::spawn(move || {
        // An engine that refuses the first line does not read the rest.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer does not panic");
    output
}

/// The answers to these requests; the engine must end well.
pub(crate) fn answers(program: &str, words: &[&str], requests: &[Value]) -> Vec<Value> {
    let lines: Vec<_> = requests.iter().map(Value::to_string).collect();
    // No request is no line, not an empty one.
    let input = if lines.is_empty() {
        String::new()
    } else {
        lines.join("\n") + "\n"
    };
    let output = run(program, words, input.as_bytes());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program}: {}\n{stderr}",
        output.status
    );
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let answers = stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    answers.collect()
}

/// What an engine says of a model.
pub(crate) fn describe(program: &str, model: &str) -> Value {
    answers(program, &["describe", "--model", model], &[]).remove(0)
}

/// A request for all positions and some greedy steps.
pub(crate) fn evaluate_request(id: &str, tokens: &[u32], greedy_steps: u32) -> Value {
    json!({
        "schema": "lockstep/evaluate-request/v1", "id": id, "tokens": tokens,
        "positions": "all", "greedy_steps": greedy_steps,
    })
}

/// An evaluation of one item: the answer, its logits and its greedy rows.
pub(crate) struct Evaluated {
    pub(crate) answer: Value,
    pub(crate) logits: Vec<Vec<u32>>,
    pub(crate) greedy: Vec<Vec<u32>>,
}

/// Evaluates `tokens` and sixteen greedy steps.
pub(crate) fn evaluate(program: &str, model: &str, tokens: &[u32], flags: &[&str]) -> Evaluated {
    let out = tempfile::tempdir().expect("a temporary folder");
    let folder = out.path().display().to_string();
    let words = [&["evaluate", "--model", model, "--out", &folder], flags].concat();
    let answer = answers(program, &words, &[evaluate_request("a", tokens, 16)]).remove(0);
    Evaluated {
        logits: rows(&out.path().join("a.logits.npy")),
        greedy: rows(&out.path().join("a.greedy.npy")),
        answer,
    }
}

/// Tokens that have nothing to do with each other.
pub(crate) fn scattered(n: u32, vocabulary_size: u32) -> Vec<u32> {
    (0..n).map(|i| (i * 7919 + 13) % vocabulary_size).collect()
}
