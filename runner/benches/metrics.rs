//! What comparing two rows of logits costs: rows of 49,152 and of 262,144 numbers that lie as far
//! apart as two correct engines do, equal rows, and rows read from a file.
//!
//! `cargo bench -p runner --bench metrics`

use std::hint::black_box;
use std::time::{Duration, Instant};

use runner::metrics::compare;

/// Runs of each kind.
const RUNS: usize = 201;

fn main() {
    // `cargo test --benches` and nextest only want to know whether it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let runs = if quick { 3 } else { RUNS };
    println!("comparing a pair of rows, {runs} runs each");
    println!("numbers  rows are  median µs  fastest µs  slowest µs");
    for n in [49_152, 262_144] {
        let reference = row(n);
        let near: Vec<f32> = (0..n).map(|i| reference[i] + noise(i + n) * 1e-2).collect();
        for (name, candidate) in [("near", &near), ("equal", &reference)] {
            let mut times: Vec<_> = (0..runs).map(|_| once(candidate, &reference)).collect();
            times.sort_unstable();
            let [median, fastest, slowest] =
                [runs / 2, 0, runs - 1].map(|at| times[at].as_secs_f64() * 1e6);
            println!("{n:>7}  {name:>8}  {median:>9.1}  {fastest:>10.1}  {slowest:>10.1}");
        }
    }
}

fn once(candidate: &[f32], reference: &[f32]) -> Duration {
    let (candidate, reference) = (black_box(candidate), black_box(reference));
    let started = Instant::now();
    black_box(compare(candidate, reference));
    started.elapsed()
}

/// Logits as of a language model: about normal, of a width of 3.
fn row(n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| (0..12).map(|part| noise(i * 12 + part)).sum::<f32>() * 1.5)
        .collect()
}

/// From -1 to 1, the same for the same seed.
fn noise(seed: usize) -> f32 {
    let mut bits = (seed as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (bits >> 40) as f32 / 8_388_608.0 - 1.0
}
