//! Whole pages: of a sound run, of a broken engine, of another tokenizer, of one that is not complete, and
//! of one that is as large as a page has to bear.

use std::fs;

use schemas::tokenize::Text;

use super::entry::Entry;
use super::samples::summary::summary;
use super::samples::{
    Numbers, Sample, incomplete, keep, mismatched, sabotaged, sentence, sound, vocabulary,
};
use super::{render, render_as_read, write};
use crate::exit::Exit;
use crate::sweep::merge;
use crate::sweep::testing::{Sweep, Told};

#[test]
fn a_sound_run_says_so() {
    let page = sound().show("sound");
    assert!(page.contains("9 cases: all as they should be."));
    assert!(!page.contains("What broke"));
    assert!(page.contains("No row diverged. These are the farthest."));
}

#[test]
fn a_broken_engine_is_named_with_the_place() {
    let page = sabotaged().show("sabotaged");
    assert!(page.contains("Of 12 cases 5 DIVERGED; 7 as they should be."));
    assert!(page.contains("First to look at: <a href=\"#case-"));
    assert!(page.contains("position 32"));
    assert!(page.contains("Candidate says next"), "its logits were kept");
}

#[test]
fn other_tokens_are_told_from_other_numbers() {
    let page = mismatched().show("mismatched");
    assert!(page.contains("Of 6 cases 3 TOKEN-MISMATCH; 3 as they should be."));
}

#[test]
fn what_is_missing_is_no_pass() {
    let page = incomplete().show("incomplete");
    assert!(page.contains("Of 9 cases 3 MISSING; 6 as they should be."));
    assert!(
        page.contains("<section class=\"verdict unsure\""),
        "no pass"
    );
    assert!(page.contains("lockstep rerun RUN --id "));
    assert!(page.contains("exit code <strong>5</strong>"));
}

#[test]
fn the_same_run_makes_the_same_page_and_hostile_tokens_make_no_elements() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = sabotaged().page(folder.path());
    assert_eq!(page, sabotaged().page(folder.path()));
    assert_eq!(page.matches("<script").count(), 2, "the data and ours");
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<!--"));
    assert!(page.contains("&lt;script&gt;document.title"), "it is shown");
    assert!(!page.contains(['\0', '\u{202e}', '\u{2028}']));
    assert!(
        !page.contains(&folder.path().display().to_string()),
        "no paths"
    );
}

#[test]
fn a_page_is_there_without_the_model_and_without_the_logits() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = sabotaged();
    let run = sample.sweep.write(folder.path());
    let page = render(&run, &summary(&sample.sweep, &sample.present)).expect("a page");
    assert!(page.contains("token id"), "ids instead of texts");
    assert!(page.contains("which the candidate has at rank"));
}

#[test]
fn a_run_that_changes_while_it_is_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sample = mismatched();
    let stale = summary(&sample.sweep, &sample.present);
    sample
        .sweep
        .edit(3, |receipt| receipt.warnings.push("another".to_owned()));
    let run = sample.sweep.write(folder.path());
    let error = render(&run, &stale).expect_err("stale").to_string();
    assert!(error.contains(sample.sweep.id(3)), "{error}");
}

/// Five MB for a thousand cases of 300 positions, all of which broke.
#[test]
fn a_large_run_makes_a_page_that_can_be_mailed() {
    const CASES: u64 = 1000;
    let told = [
        (Told::DivergedAt(1), 300, Some(20)),
        (Told::Floors(40.0), 300, Some(20)),
    ];
    let mut examples = Sample::of(&told);
    let mut numbers = Numbers(11);
    for receipt in &mut examples.sweep.receipts {
        // Ids as large as those of a real vocabulary.
        for position in &mut receipt.positions {
            position.token = numbers.below(49_152);
        }
    }
    let kinds: Vec<Told> = (0..CASES)
        .map(|it| told[usize::from(it >= CASES / 2)].0)
        .collect();
    let mut sweep = Sweep::of(&kinds);
    for (case, receipt) in sweep.receipts.iter_mut().enumerate() {
        let example = &examples.sweep.receipts[usize::from(case as u64 >= CASES / 2)];
        receipt.first_divergence_token = Some(20);
        receipt.greedy = example.greedy.clone();
        // About what 300 tokens are: no two prompts are alike.
        let words: String = (0..180).map(|_| sentence(&mut numbers)).collect();
        receipt.prompt.text = Text::Utf8(words[..1300].to_owned());
        receipt.prompt.formatted = Text::Utf8(format!("<|user|>{}<|end|>", &words[..1300]));
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tiny.gguf"), vocabulary()).expect("a model");
    let all: Vec<usize> = (0..sweep.receipts.len()).collect();
    let summary = summary(&sweep, &all);
    let run = sweep.write_some(folder.path(), &[]);
    let read = |entry: &Entry<'_>| {
        let at = sweep
            .plan
            .cases
            .iter()
            .position(|it| it.keys.id == entry.id())
            .expect("planned");
        let mut receipt = sweep.receipts[at].clone();
        let example = &examples.sweep.receipts[usize::from(at as u64 >= CASES / 2)];
        receipt.positions = example.positions.clone();
        receipt.tokens = example.tokens.clone();
        receipt.floor = example.floor.clone();
        Ok(Some(receipt))
    };
    let page = render_as_read(&run, &summary, read).expect("a page");
    let bytes = page.len();
    println!("a page of {CASES} cases of 300 positions has {bytes} bytes");
    assert!(bytes < 5_000_000, "{bytes}");
    keep("large", &page);
}

#[test]
fn a_run_is_the_same_page_before_and_after_it_is_merged() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let told = [
        Told::Same,
        Told::DivergedAt(1),
        Told::OtherTokens,
        Told::Floors(0.5),
    ];
    let sweep = Sweep::of(&told);
    sweep.write(&place("shard"));
    merge::merge(&[place("shard")], &place("run")).expect("a run");
    for name in ["shard", "run"] {
        let exit = write(&place(name), &place(&format!("{name}.html"))).expect("a page");
        assert_eq!(exit, Exit::Parity, "that a page was written is no verdict");
    }
    let page = |name: &str| fs::read_to_string(place(name)).expect("a page");
    assert_eq!(page("shard.html"), page("run.html"));
    assert!(page("run.html").contains("<title>DIVERGED: nightly</title>"));
}
