//! This engine as a third voice of a comparison: the distances that the receipt states are those of
//! its own rows in arithmetic `f32`.

use std::path::Path;

use clap::Parser;
use runner::cli::{Cli, Command};
use runner::engine::Catalogue;
use runner::{metrics, run};
use schemas::receipt::{Receipt, Verdict};
use schemas::row::Metrics;

use crate::process::{RUST_ENGINE, evaluate, fixture, llama_scalar};

/// The receipt of `lockstep per-token --triangulate` in the profile `exact`.
fn triangulated(folder: &Path, model: &str) -> Receipt {
    let engines = folder.join("engines.toml");
    let text = [
        ("rust-engine", RUST_ENGINE),
        ("llama-scalar", &llama_scalar()),
    ]
    .map(|(name, program)| format!("[[engine]]\nname = {name:?}\ncommand = [{program:?}]\n"));
    std::fs::write(&engines, text.concat()).expect("the folder can be written");
    let words = ["lockstep", "per-token", "--triangulate", "--model", model];
    let cli = Cli::try_parse_from(words.iter().chain(&["--prompt", "Stars, one by one"]));
    let Command::PerToken(flags) = cli.expect("the flags are right").command else {
        unreachable!("per-token was asked for")
    };
    let checked = flags.check(folder.to_owned(), Some(engines.clone()));
    let (request, case, _) = checked.expect("the flags are right");
    let catalogue = Catalogue::load(Some(&engines)).expect("two engines");
    let outcome = run::per_token(&request, case, &catalogue, &|text| eprint!("{text}"));
    outcome.expect("a comparison").receipt
}

#[test]
fn stated_distances_are_those_from_f32() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let receipt = triangulated(folder.path(), &model);
    assert_eq!(receipt.verdict, Verdict::BitExact, "{}", receipt.reason);
    let found = receipt.triangulation.expect("there is a third voice");
    assert_eq!(found.candidate, found.reference, "they have the same bits");
    assert_eq!(found.median_ratio.kl.map(f64::from), Some(1.0));
    let tokens = receipt.tokens.expect("they were compared");
    let rows = |flags: &[&str]| {
        let logits = evaluate(RUST_ENGINE, &model, &tokens, flags).logits;
        let row = |bits: Vec<u32>| bits.into_iter().map(f32::from_bits).collect();
        logits.into_iter().map(row).collect::<Vec<Vec<f32>>>()
    };
    let (exact, f32) = (rows(&[]), rows(&["--arithmetic", "f32", "--kv", "f32"]));
    assert_eq!((exact.len(), f32.len()), (tokens.len(), tokens.len()));
    let pairs = exact.iter().zip(&f32);
    let distances: Vec<Metrics> = pairs
        .map(|(exact, f32)| metrics::compare(exact, f32).metrics.expect("finite"))
        .collect();
    let largest = |of: fn(&Metrics) -> f64| distances.iter().map(of).fold(0.0, f64::max);
    for (stated, measured) in [
        (found.candidate.kl.max, largest(|it| it.kl.get())),
        (
            found.candidate.mse.max,
            largest(|it| it.shift_removed.mse.get()),
        ),
        (
            found.candidate.max_abs.max,
            largest(|it| it.shift_removed.max_abs.get()),
        ),
    ] {
        assert!(measured > 0.0, "exact is not f32");
        assert_eq!(stated.get(), measured);
    }
}
