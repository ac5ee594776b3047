//! The tokenizer against llama.cpp's own: hostile texts, every policy, no difference.

use std::path::Path;

use gguf::{Header, Value, write};
use serde_json::{Value as Json, json};

use crate::process::{RUST_ENGINE, answers, demo_model, fixture, llama_scalar};

#[path = "../../hostile_text/mod.rs"]
mod hostile_text;
mod pre_tokenizers;
mod real_vocabularies;
mod sharp_vocabulary;

/// Texts as requests, going through all policies in turn.
fn requests(texts: &[Vec<u8>]) -> Vec<Json> {
    let policies = [
        ("model", true),
        ("yes", false),
        ("no", true),
        ("model", false),
        ("no", false),
    ];
    let with_policy = texts.iter().zip(policies.iter().cycle()).enumerate();
    with_policy
        .map(|(number, (text, (bos, parse_special)))| {
            let text = match std::str::from_utf8(text) {
                Ok(text) => json!(text),
                Err(_) => json!({ "bytes": text }),
            };
            json!({
                "schema": "lockstep/tokenize-request/v1", "id": format!("t{number}"),
                "text": text, "bos": bos, "parse_special": parse_special,
            })
        })
        .collect()
}

/// How many answers differ, and the first that does. Two refusals of one text are no difference.
fn differences(model: &str, texts: &[Vec<u8>]) -> (usize, Option<String>) {
    let (ours, difference) = compare(model, texts);
    drop(ours);
    difference
}

/// Our answers, and what [`differences`] says of them.
fn compare(model: &str, texts: &[Vec<u8>]) -> (Vec<Json>, (usize, Option<String>)) {
    let requests = requests(texts);
    let words = ["tokenize", "--model", model];
    let ours = answers(RUST_ENGINE, &words, &requests);
    let theirs = answers(&llama_scalar(), &words, &requests);
    assert_eq!((ours.len(), theirs.len()), (requests.len(), requests.len()));
    let answered = ours
        .iter()
        .filter(|answer| answer.get("ids").is_some())
        .count();
    assert!(
        answered * 10 > requests.len() * 9,
        "{answered} answers of {}",
        requests.len()
    );
    let mut different =
        requests
            .iter()
            .zip(ours.iter().zip(&theirs))
            .filter(|(_, (ours, theirs))| {
                ["ids", "pieces"]
                    .iter()
                    .any(|field| ours.get(field) != theirs.get(field))
            });
    let first = different.next().map(|(request, (ours, theirs))| {
        format!("{request}\n  ours:   {ours}\n  theirs: {theirs}")
    });
    let count = different.count() + usize::from(first.is_some());
    let name = Path::new(model).file_stem().unwrap_or_default().display();
    let n_texts = texts.len();
    println!("{name}: {n_texts} texts, {answered} with tokens, {count} differences");
    (ours, (count, first))
}

/// A copy of a model's metadata with another `pre`, or none; llama.cpp loads it as a vocabulary.
fn with_pre(folder: &Path, model: &str, pre: Option<&str>) -> String {
    let bytes = std::fs::read(model).expect("readable");
    let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
    let mut entries = header.metadata().entries().to_vec();
    entries.retain(|(key, _)| key != "tokenizer.ggml.pre");
    if let Some(pre) = pre {
        entries.push(("tokenizer.ggml.pre".to_owned(), Value::String(pre.into())));
    }
    let path = folder.join(format!("{}.gguf", pre.unwrap_or("none")));
    let vocabulary = write::header(&entries, &[]).expect("a header");
    std::fs::write(&path, vocabulary).expect("writable");
    path.display().to_string()
}

fn texts(seed: u64, count: usize) -> Vec<Vec<u8>> {
    hostile_text::strings(
        seed,
        count,
        &["<|im_start|>", "<|im_end|>", "<|endoftext|>"],
    )
}

/// A part of them: all take minutes.
#[test]
fn no_code_point_has_other_tokens() {
    let batches = hostile_text::every_code_point().into_iter().step_by(12);
    let (count, first) = differences(&demo_model(), &batches.collect::<Vec<_>>());
    assert_eq!(count, 0, "{}", first.unwrap_or_default());
}

#[test]
fn the_generated_vocabulary_is_a_real_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (count, first) = differences(&fixture(folder.path(), "f32"), &texts(3, 1_000));
    assert_eq!(count, 0, "{}", first.unwrap_or_default());
}

/// The comparison sees a difference where there is one.
#[test]
fn another_pre_tokenizer_is_noticed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = demo_model();
    let other = with_pre(folder.path(), &model, Some("qwen2"));
    let requests = requests(&texts(1, 500));
    let ours = answers(RUST_ENGINE, &["tokenize", "--model", &model], &requests);
    let others = answers(RUST_ENGINE, &["tokenize", "--model", &other], &requests);
    assert!(
        ours.iter()
            .zip(&others)
            .any(|(ours, other)| ours["ids"] != other["ids"])
    );
}
