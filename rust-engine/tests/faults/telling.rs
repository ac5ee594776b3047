//! Whoever runs a build with faults can see it; what cannot be made is refused.

use crate::process::{RUST_ENGINE, answers, family_fixture};
use crate::results::{begin_of, exit_code};

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
    let with = flags(&["--fault", "not-causal"]);
    assert_eq!(with[..without.len()], without);
    assert_eq!(with[without.len()..], ["fault=not-causal"]);
}

#[test]
fn refuses_what_would_change_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = family_fixture(folder.path(), "llama", &["--type", "q8_0"]);
    let sound: [&str; 0] = [];
    assert_eq!(exit_code(&model, &sound), Some(0));
    assert_eq!(exit_code(&model, &["--fault", "not-causal"]), Some(0));
    assert_eq!(exit_code(&model, &["--fault", "not-there"]), Some(64));
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
    let sound = vec![vec![vec![1, 2], vec![3, 4]], vec![vec![5, 6]]];
    assert_eq!(begin_of(&sound, &sound), None);
    let mut found = sound.clone();
    found[1][0][1] ^= 1;
    assert_eq!(begin_of(&sound, &found), Some("second-item".into()));
    found[0][1][0] ^= 1;
    assert_eq!(
        begin_of(&sound, &found),
        Some(serde_json::json!({ "position": 1 }))
    );
}
