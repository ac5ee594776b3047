//! How rust-engine serves requests: what is independent of what, and what ends it.

use serde_json::json;

use crate::process::{
    RUST_ENGINE, answers, evaluate, evaluate_request, fixture, llama_scalar, rows, run, scattered,
};

fn floats(row: &[u32]) -> Vec<f32> {
    row.iter().map(|&bits| f32::from_bits(bits)).collect()
}

fn lowest_largest(row: &[f32]) -> usize {
    (0..row.len())
        .rev()
        .max_by(|&a, &b| row[a].total_cmp(&row[b]))
        .expect("a row")
}

#[test]
fn threads_and_micro_batches_change_no_bit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let tokens = scattered(70, 400);
    let expected = evaluate(RUST_ENGINE, &model, &tokens, &["--threads", "1"]);
    for threads in ["1", "2", "3"] {
        for micro_batch in ["1", "7", "512"] {
            let flags = ["--threads", threads, "--micro-batch", micro_batch];
            let found = evaluate(RUST_ENGINE, &model, &tokens, &flags);
            assert!(
                found.logits == expected.logits && found.greedy == expected.greedy,
                "{flags:?}"
            );
        }
    }
    let other = evaluate(RUST_ENGINE, &model, &tokens, &["--kv", "f32"]);
    assert!(other.logits != expected.logits, "the cache's type is seen");
}

#[test]
fn greedy_rows_are_those_that_choose() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let tokens = scattered(20, 400);
    let found = evaluate(RUST_ENGINE, &model, &tokens, &[]);
    let ids = found.answer["greedy_ids"].as_array().expect("ids");
    assert_eq!(
        (ids.len(), found.greedy.len(), found.logits.len()),
        (16, 16, 20)
    );
    assert!(
        found.greedy.first() == found.logits.last(),
        "the first is the last position's"
    );
    for (id, row) in ids.iter().zip(&found.greedy) {
        assert_eq!(id.as_u64(), Some(lowest_largest(&floats(row)) as u64));
    }
    // The chosen tokens, evaluated as a prompt, give the same rows.
    let ids: Vec<u32> = ids
        .iter()
        .map(|id| id.as_u64().expect("an id") as u32)
        .collect();
    let whole = evaluate(RUST_ENGINE, &model, &[&tokens[..], &ids].concat(), &[]);
    assert!(whole.logits[19..35] == found.greedy[..]);
}

#[test]
fn items_are_independent_and_a_declined_one_ends_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let out = folder.path().display().to_string();
    let tokens = scattered(30, 400);
    let with = |id: &str, key: &str, value: serde_json::Value| {
        let mut request = evaluate_request(id, &tokens, 2);
        request[key] = value;
        request
    };
    let requests = [
        evaluate_request("first", &tokens, 2),
        with("outside", "tokens", json!([1, 2, 99_999])),
        with("empty", "tokens", json!([])),
        with("unsorted", "positions", json!([3, 1])),
        with("beyond", "positions", json!([30])),
        with("long", "greedy_steps", json!(100_000)),
        evaluate_request("between", &scattered(5, 300), 1),
        evaluate_request("again", &tokens, 2),
        with("last", "positions", json!("last")),
        with("listed", "positions", json!([0, 7])),
        with("none", "greedy_steps", json!(0)),
    ];
    let words = ["evaluate", "--model", &model, "--out", &out];
    let answers = answers(RUST_ENGINE, &words, &requests);
    assert_eq!(answers.len(), requests.len());
    for (request, answer) in requests.iter().zip(&answers) {
        assert_eq!(request["id"], answer["id"]);
    }
    let declined: Vec<_> = answers
        .iter()
        .filter(|answer| answer.get("error").is_some())
        .map(|answer| answer["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(declined, ["outside", "empty", "unsorted", "beyond", "long"]);
    let file = |name: &str| rows(&folder.path().join(name));
    let first = file("first.logits.npy");
    assert!(first == file("again.logits.npy"));
    assert!(file("last.logits.npy")[..] == first[29..]);
    assert!(file("listed.logits.npy") == [first[0].clone(), first[7].clone()]);
    assert!(file("none.greedy.npy").is_empty());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .collect();
    assert_eq!(
        left.len(),
        1 + 2 * 6,
        "a model and two files an item: {left:?}"
    );
}

#[test]
fn what_it_cannot_do_has_its_exit_code() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "f32");
    let out = folder.path().display().to_string();
    let text = folder.path().join("text.gguf").display().to_string();
    std::fs::write(&text, "no model").expect("writable");
    let evaluate = |model: &str, flags: &[&str]| {
        let words = [&["evaluate", "--model", model, "--out", &out], flags].concat();
        let output = run(RUST_ENGINE, &words, b"");
        assert!(output.stdout.is_empty());
        output.status.code()
    };
    assert_eq!(evaluate(&model, &[]), Some(0), "no request is no failure");
    assert_eq!(evaluate(&model, &["--surprise"]), Some(64));
    assert_eq!(evaluate(&model, &["--threads", "0"]), Some(64));
    assert_eq!(
        evaluate(&model, &["--arithmetic", "f32", "--kv", "f16"]),
        Some(64)
    );
    assert_eq!(evaluate(&model, &["--arithmetic", "fast"]), Some(0));
    assert_eq!(
        evaluate(&model, &["--arithmetic", "fast", "--kernel", "abacus"]),
        Some(64)
    );
    assert_eq!(evaluate(&model, &["--flash-attention", "on"]), Some(69));
    assert_eq!(evaluate(&model, &["--context", "100000"]), Some(69));
    assert_eq!(evaluate(&text, &[]), Some(65));
    assert_eq!(evaluate("absent.gguf", &[]), Some(69));
}

#[test]
fn a_folder_that_is_not_there_is_a_wrong_call() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "f32");
    let absent = folder.path().join("absent").display().to_string();
    for engine in [RUST_ENGINE, &llama_scalar()] {
        for out in [&absent, &model] {
            let words = ["evaluate", "--model", &model, "--out", out];
            let output = run(engine, &words, b"");
            assert_eq!(output.status.code(), Some(64), "{engine} {out}: {output:?}");
        }
    }
}

/// A finished file takes the place of what had its name.
#[test]
fn what_is_no_file_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "f32");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let link = path("link");
    std::os::unix::fs::symlink(&model, &link).expect("a link");
    let before = std::fs::read(&model).expect("readable");
    let outs = [
        model.clone(),
        link,
        folder.path().display().to_string(),
        path("absent/out"),
    ];
    for out in &outs {
        let scalar = llama_scalar();
        for (engine, words) in [
            (RUST_ENGINE, vec!["f32-twin", &model, out]),
            (scalar.as_str(), vec!["quantize", "F16", &model, out]),
        ] {
            let output = run(engine, &words, b"");
            assert_eq!(output.status.code(), Some(64), "{words:?}: {output:?}");
        }
    }
    for out in &outs[1..] {
        let output = run(RUST_ENGINE, &["fixture", out], b"");
        assert_eq!(output.status.code(), Some(64), "{out}: {output:?}");
    }
    assert!(std::fs::read(&model).expect("readable") == before);
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        2
    );
}
