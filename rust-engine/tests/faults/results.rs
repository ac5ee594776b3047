//! Results with and without a fault, and where they first differ.

use serde_json::{Value, json};

use crate::npy::rows;
use crate::process::{RUST_ENGINE, answers, evaluate_request, llama_scalar, run, scattered};

/// Rows of each item, as bits.
pub(crate) type Results = Vec<Rows>;

#[derive(Clone, Default)]
pub(crate) struct Rows {
    pub(crate) logits: Vec<Vec<u32>>,
    pub(crate) greedy: Vec<Vec<u32>>,
}

/// All that this build can do wrong.
pub(crate) fn faults() -> Vec<Value> {
    let list = answers(RUST_ENGINE, &["faults"], &[]).remove(0);
    assert_eq!(list["schema"], "lockstep/fault-list/v2");
    list["faults"].as_array().expect("a list").clone()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Whether a fault can be made in a model, which the engine says before it evaluates.
pub(crate) fn is_made(model: &str, fault: &Value) -> bool {
    let name = text(&fault["name"]);
    let words = ["describe", "--model", model, "--fault", name];
    let answer = answers(RUST_ENGINE, &words, &[]).remove(0);
    if answer["can_run"] == false {
        let reason = text(&answer["reason"]);
        assert!(reason.contains("would change nothing here"), "{reason}");
        return false;
    }
    let families = fault["families"].as_array().expect("a list");
    assert!(
        families.contains(&answer["model"]["architecture"]),
        "{name}"
    );
    true
}

/// Without a fault, this build has llama.cpp's bits.
pub(crate) fn assert_sound(model: &str) {
    let theirs = evaluate(&llama_scalar(), model, &[]);
    let ours = evaluate(RUST_ENGINE, model, &[]);
    assert_eq!(begin_of(&theirs, &ours), None, "the sound engine");
}

/// Two items of other tokens, the first one longer than a fixture's window, with greedy steps.
pub(crate) fn evaluate(engine: &str, model: &str, flags: &[&str]) -> Results {
    let out = tempfile::tempdir().expect("a temporary folder");
    let folder = out.path().display().to_string();
    let words = [
        "evaluate",
        "--model",
        model,
        "--out",
        &folder,
        "--threads",
        "1",
    ];
    let second: Vec<u32> = scattered(60, 400)[40..].to_vec();
    let requests = [
        evaluate_request("0", &scattered(40, 400), 3),
        evaluate_request("1", &second, 0),
    ];
    answers(engine, &[&words, flags].concat(), &requests);
    ["0", "1"]
        .map(|id| Rows {
            logits: rows(&out.path().join(format!("{id}.logits.npy"))),
            greedy: rows(&out.path().join(format!("{id}.greedy.npy"))),
        })
        .to_vec()
}

/// Where results begin to differ, as a list of faults says it.
pub(crate) fn begin_of(sound: &Results, found: &Results) -> Option<Value> {
    /// Of fixtures.
    const WINDOW: usize = 16;
    assert_eq!(sound.len(), found.len());
    let differs = |item: usize| first_difference(&sound[item].logits, &found[item].logits);
    match (differs(0), differs(1)) {
        (Some(WINDOW), _) => Some(json!("window-end")),
        (Some(position), _) => Some(json!({ "position": position })),
        (None, Some(0)) => Some(json!("second-item")),
        (None, Some(position)) => panic!("only the second item, from position {position} on"),
        (None, None) => {
            let step = first_difference(&sound[0].greedy, &found[0].greedy);
            step.map(|step| json!({ "step": step }))
        }
    }
}

fn first_difference(sound: &[Vec<u32>], found: &[Vec<u32>]) -> Option<usize> {
    assert_eq!(sound.len(), found.len());
    (0..sound.len()).find(|&row| sound[row] != found[row])
}

/// The largest difference of two logits.
pub(crate) fn distance(sound: &Results, found: &Results) -> f32 {
    let numbers = |results: &Results| -> Vec<f32> {
        let rows = results.iter().flat_map(|item| &item.logits);
        rows.flatten().map(|&bits| f32::from_bits(bits)).collect()
    };
    let (sound, found) = (numbers(sound), numbers(found));
    assert_eq!(sound.len(), found.len());
    let differences = sound.iter().zip(&found).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

/// Whether a text gets other tokens.
pub(crate) fn tokens_differ(model: &str, name: &str) -> bool {
    let request = json!({
        "schema": "lockstep/tokenize-request/v1", "id": "a", "text": "a text",
        "bos": "model", "parse_special": false,
    });
    let words = ["tokenize", "--model", model];
    let ids = |words: &[&str]| {
        let answer = answers(RUST_ENGINE, words, std::slice::from_ref(&request)).remove(0);
        answer["ids"].clone()
    };
    ids(&words) != ids(&[&words[..], &["--fault", name]].concat())
}

/// The exit code of an evaluation of nothing.
pub(crate) fn exit_code(model: &str, flags: &[&str]) -> Option<i32> {
    let words = [&["evaluate", "--model", model, "--out", "."], flags].concat();
    run(RUST_ENGINE, &words, b"").status.code()
}
