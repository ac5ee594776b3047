//! Whoever runs a build with faults can see it; what cannot be made is refused.

use crate::process::{RUST_ENGINE, answers, family_fixture};
use crate::results::{Rows, begin_of, exit_code};

fn flags(words: &[&str]) -> Vec<String> {
    let answer = answers(RUST_ENGINE, &[&["describe"], words].concat(), &[]).remove(0);
    let flags = answer["build"]["flags"].as_array().expect("a list").iter();
    flags
        .map(|flag| flag.as_str().expect("a text").to_owned())
        .collect()
}

#[test]
fn describe_says_that_there_are_faults_and_which_is_made() {
    let without = flags(&[]);
    assert!(without.contains(&"faults".to_owned()), "{without:?}");
    assert!(!without.iter().any(|flag| flag.starts_with("fault=")));
    for fault in ["not-causal", "norm-epsilon-wrong=8"] {
        let with = flags(&["--fault", fault]);
        assert_eq!(with[..without.len()], without);
        assert_eq!(with[without.len()..], [format!("fault={fault}")]);
    }
}

#[test]
fn refuses_what_would_change_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = family_fixture(folder.path(), "llama", &["--type", "q8_0"]);
    let sound: [&str; 0] = [];
    assert_eq!(exit_code(&model, &sound), Some(0));
    assert_eq!(exit_code(&model, &["--fault", "not-causal"]), Some(0));
    for unknown in ["not-there", "not-causal=2", "norm-epsilon-wrong=0"] {
        assert_eq!(exit_code(&model, &["--fault", unknown]), Some(64));
    }
    assert_eq!(
        exit_code(&model, &["--fault", "window-off-by-one"]),
        Some(69)
    );
    let cache = "f16-rounding-of-the-cache-left-out";
    assert_eq!(exit_code(&model, &["--fault", cache]), Some(0));
    assert_eq!(
        exit_code(&model, &["--fault", cache, "--kv", "f32"]),
        Some(69)
    );
    assert_eq!(
        exit_code(&model, &["--fault", cache, "--arithmetic", "f32"]),
        Some(69)
    );
}

#[test]
fn the_first_difference_is_found_where_it_is() {
    let rows = |logits: &[[u32; 2]], greedy: &[[u32; 2]]| Rows {
        logits: logits.iter().map(|row| row.to_vec()).collect(),
        greedy: greedy.iter().map(|row| row.to_vec()).collect(),
    };
    let sound = vec![
        rows(&[[1, 2], [3, 4]], &[[3, 4], [7, 8]]),
        rows(&[[5, 6]], &[]),
    ];
    assert_eq!(begin_of(&sound, &sound), None);
    let mut found = sound.clone();
    found[0].greedy[1][1] ^= 1;
    assert_eq!(
        begin_of(&sound, &found),
        Some(serde_json::json!({ "step": 1 }))
    );
    found[1].logits[0][1] ^= 1;
    assert_eq!(begin_of(&sound, &found), Some("second-item".into()));
    found[0].logits[1][0] ^= 1;
    assert_eq!(
        begin_of(&sound, &found),
        Some(serde_json::json!({ "position": 1 }))
    );
}
