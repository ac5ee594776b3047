//! Every pre-tokenizer that llama.cpp knows: one vocabulary under each name in turn.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{compare, hostile_text, requests, sharp_vocabulary, with_pre};
use crate::process::{RUST_ENGINE, answers, llama_scalar, run};

/// All names, as `scripts/list-pre-tokenizers.sh` finds them in the pinned source.
const NAMES: &str = include_str!("pre_tokenizers.txt");
/// How many of them give some text other tokens than all others do.
const N_KINDS: usize = 34;

fn texts() -> Vec<Vec<u8>> {
    let mut texts = hostile_text::strings(4, 300, &["<sentinel:12>", "IMGIMGABCZ"]);
    texts.extend(hostile_text::splitter_traps());
    texts
}

/// llama.cpp ends itself on a run of blanks under the name `whitespace`.
fn texts_for(pre: &str) -> Vec<Vec<u8>> {
    let mut texts = texts();
    if pre == "whitespace" {
        texts.retain(|text| !has_blank_beside_another(text));
    }
    texts
}

fn has_blank_beside_another(text: &[u8]) -> bool {
    String::from_utf8_lossy(text)
        .split(|character: char| !character.is_whitespace())
        .any(|run| run.chars().count() > 1 && run.contains(' '))
}

/// Our answers under each name; llama.cpp's are the same.
fn answers_of_each(names: &[&'static str]) -> Vec<(&'static str, Vec<Json>)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let vocabulary = sharp_vocabulary::write_to(folder.path());
    let answers_of = |pre: &'static str| {
        let model = with_pre(folder.path(), &vocabulary, Some(pre));
        let texts = texts_for(pre);
        assert!(texts.len() >= 200, "{pre}: {} texts", texts.len());
        let (ours, (count, first)) = compare(&model, &texts);
        assert_eq!(count, 0, "{pre}: {}", first.unwrap_or_default());
        let ids = ours.iter().map(|answer| answer["ids"].clone()).collect();
        (pre, ids)
    };
    names.iter().map(|pre| answers_of(pre)).collect()
}

#[test]
fn no_name_gives_other_tokens() {
    let names: Vec<_> = NAMES.lines().collect();
    assert!(names.len() > 90);
    let (first, second) = names.split_at(names.len() / 2);
    let answers = std::thread::scope(|scope| {
        let first = scope.spawn(|| answers_of_each(first));
        let second = answers_of_each(second);
        [first.join().expect("no panic"), second].concat()
    });
    // Were two kinds the same on these texts, taking one for the other would not be noticed.
    let mut kinds = HashMap::<Vec<Json>, Vec<&str>>::new();
    for (pre, ids) in answers {
        kinds.entry(ids).or_default().push(pre);
    }
    assert_eq!(kinds.len(), N_KINDS, "{:#?}", kinds.values());
}

#[test]
fn describe_lists_these_names_and_no_others() {
    let answer = answers(RUST_ENGINE, &["describe"], &[]).remove(0);
    let names: Vec<_> = NAMES.lines().collect();
    let expected = serde_json::json!({"gemma4": [], "gpt2": names, "llama": []});
    assert_eq!(answer["tokenizers"], expected);
}

#[test]
fn without_a_name_it_is_default() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let vocabulary = sharp_vocabulary::write_to(folder.path());
    let model = with_pre(folder.path(), &vocabulary, None);
    let (_, (count, first)) = compare(&model, &texts());
    assert_eq!(count, 0, "{}", first.unwrap_or_default());
}

#[test]
fn both_refuse_a_name_that_is_not_known() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let vocabulary = sharp_vocabulary::write_to(folder.path());
    for pre in ["qwen3", "llama_bpe", "Qwen2", "gemma3", "default "] {
        let model = with_pre(folder.path(), &vocabulary, Some(pre));
        for program in [RUST_ENGINE, &llama_scalar()] {
            let output = run(program, &["tokenize", "--model", &model], b"");
            assert!(!output.status.success(), "{program} takes {pre}");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(stderr.contains(pre), "{stderr}");
        }
    }
}

#[test]
fn a_run_of_blanks_is_refused_where_llama_cpp_ends_itself() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let vocabulary = sharp_vocabulary::write_to(folder.path());
    let model = with_pre(folder.path(), &vocabulary, Some("whitespace"));
    let requests = requests(&[b"a  b".to_vec()]);
    let words = ["tokenize", "--model", &model];
    let answer = answers(RUST_ENGINE, &words, &requests).remove(0);
    assert!(answer["error"].is_string(), "{answer}");
    let theirs = run(
        &llama_scalar(),
        &words,
        format!("{}\n", requests[0]).as_bytes(),
    );
    assert_eq!(theirs.status.code(), None, "killed by a signal");
}
