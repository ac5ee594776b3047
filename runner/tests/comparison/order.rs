//! What is asked of whom, and when: read from the logs that the started processes wrote.

use crate::desk::Desk;

/// The sub-commands with which an engine was started, in order.
fn starts(log: &[String]) -> Vec<&str> {
    let starts = log.iter().filter_map(|line| line.strip_prefix("start "));
    starts.filter_map(|start| start.split(' ').next()).collect()
}

/// AC1: a mismatch is found before any evaluation.
#[test]
fn ac01_evaluates_nothing_when_tokens_differ() {
    for part in ["first", "last"] {
        let desk = Desk::perturbed(&["tokens", part]);
        for seen in desk.compare_both(&["--prompt", "Hello"]) {
            assert_eq!(seen.code, Some(2), "{seen:?}");
        }
        for engine in ["left", "right"] {
            let log = desk.log(engine);
            // Twice: once for each format.
            assert_eq!(
                starts(&log),
                ["describe", "tokenize", "describe", "tokenize"],
                "{log:?}"
            );
        }
    }
}

/// AC11: equal tokens go straight on to evaluation, and both were asked for tokens before.
#[test]
fn ac11_asks_both_for_tokens_before_either_evaluates() {
    let desk = Desk::new();
    // One log for both, so that their order shows.
    let [left, right] = [(); 2].map(|()| desk.stand_in("both", &[]));
    desk.configure(&[("left", left), ("right", right)]);
    let seen = desk.compare(&["--prompt", "Hello"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let log = desk.log("both");
    let order = [
        "describe", "describe", "tokenize", "tokenize", "evaluate", "evaluate",
    ];
    assert_eq!(starts(&log), order, "{log:?}");
}

/// AC9: not a word when tokens match.
#[test]
fn ac09_is_silent_when_tokens_match() {
    let seen = Desk::new().compare(&["--prompt", "Hello"]);
    assert_eq!(seen.stderr, "");
    assert!(seen.stdout.starts_with("t=0 cosine="), "{seen:?}");
    assert!(!seen.stdout.to_lowercase().contains("parity"), "{seen:?}");
}

#[test]
fn evaluates_nothing_when_an_engine_cannot_run_the_model() {
    let desk = Desk::new();
    let refusing = desk.stand_in("right", &["--fault", "cannot-run"]);
    desk.configure(&[("left", desk.stand_in("left", &[])), ("right", refusing)]);
    let [text, json] = desk.compare_both(&["--prompt", "Hello"]);
    assert_eq!((text.code, json.code), (Some(69), Some(69)), "{text:?}");
    assert!(
        text.stdout
            .contains("REFUSED: right cannot run this model: unknown architecture"),
        "{text:?}"
    );
    assert_eq!(json.receipt()["verdict"], "REFUSED");
    assert!(
        starts(&desk.log("left")).is_empty(),
        "the other one is not even asked"
    );
}
