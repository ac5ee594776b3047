//! What the gate costs when the tokens match: nanoseconds and allocations for sequences of 10 to
//! 10,000 tokens.
//!
//! `cargo bench -p runner --bench gate`

#[path = "../tests/counting/mod.rs"]
mod counting;

use std::hint::black_box;
use std::time::{Duration, Instant};

use counting::{allocations, tokens};
use runner::gate;

/// Runs for each length.
const RUNS: usize = 201;

fn main() {
    // `cargo test --benches` and nextest only want to know whether it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let runs = if quick { 3 } else { RUNS };
    println!("the gate on equal tokens, {runs} runs each");
    println!("tokens  median ns  slowest ns  allocations in all runs");
    for n in [10, 100, 1000, 10_000] {
        let before = allocations();
        let mut counted = 0;
        let mut times: Vec<_> = (0..runs).map(|_| once(n, &mut counted)).collect();
        assert!(allocations() > before, "the allocator counts");
        times.sort_unstable();
        let median = times[runs / 2].as_nanos();
        let slowest = times[runs - 1].as_nanos();
        println!("{n:>6}  {median:>9}  {slowest:>10}  {counted}");
    }
}

/// One check of two sequences that were made for it: the gate takes them, pieces and all.
fn once(n: u32, counted: &mut u64) -> Duration {
    let (candidate, reference) = (black_box(tokens(n)), black_box(tokens(n)));
    let before = allocations();
    let started = Instant::now();
    let agreed = gate::check(candidate, reference);
    let took = started.elapsed();
    *counted += allocations() - before;
    assert!(black_box(agreed).is_ok(), "they are equal");
    took
}
