//! The order of things, read from the log that the started processes wrote themselves.

use crate::desk::{Desk, word};

#[test]
fn does_not_evaluate_when_tokens_differ() {
    let desk = Desk::new().habit("reference", &["added-end"]);
    desk.text(&["--prompt", "Hi"]).exits(2);
    let expected = [
        "candidate describe",
        "reference describe",
        "candidate tokenize",
        "reference tokenize",
    ];
    assert_eq!(desk.starts(), expected);
    assert_eq!(desk.requests("candidate", "tokenize").len(), 1);
    assert_eq!(desk.requests("reference", "tokenize").len(), 1);
}

#[test]
fn both_tokenize_before_either_evaluates() {
    let desk = Desk::new();
    desk.text(&["--prompt", "Hi"]).exits(0);
    let expected = [
        "candidate describe",
        "reference describe",
        "candidate tokenize",
        "reference tokenize",
        "candidate evaluate",
        "reference evaluate",
    ];
    assert_eq!(desk.starts(), expected);
    // Not only the processes: the requests too.
    let log = desk.log();
    let requests = log.iter().filter(|entry| entry["event"] == "request");
    let order: Vec<_> = requests.map(|entry| word(&entry["subcommand"])).collect();
    assert_eq!(order, ["tokenize", "tokenize", "evaluate", "evaluate"]);
}

#[test]
fn a_refusal_ends_it_before_anything_is_tokenized() {
    let desk = Desk::new().habit("reference", &["refuses"]);
    desk.text(&["--prompt", "Hi"]).exits(69);
    assert_eq!(desk.starts(), ["candidate describe", "reference describe"]);
}

#[test]
fn both_evaluate_the_tokens_that_both_made() {
    let desk = Desk::new();
    desk.text(&["--prompt", "Hi", "--max-tokens", "3"]).exits(0);
    let asked = desk.requests("candidate", "evaluate");
    assert_eq!(asked, desk.requests("reference", "evaluate"));
    assert_eq!(asked[0]["tokens"], serde_json::json!([256, 72, 105]));
    assert_eq!(asked[0]["positions"], "all");
    assert_eq!(asked[0]["greedy_steps"], 3);
}
