//! What comparing two rows of logits costs, beside what reading them costs: 300 rows of 49,152 and 64 of
//! 262,144 numbers that lie as far apart as two correct engines do, and equal rows. They come from
//! memory, since all of them are far larger than the caches; an engine's rows have just been
//! read from a file, so that each is compared once more while it is in the second cache.
//!
//! `cargo bench -p runner --bench metrics`

use std::hint::black_box;
use std::time::Instant;

use runner::metrics::{compare, compare_without_powers};

/// Rounds, of which the median counts.
const ROUNDS: usize = 9;

fn main() {
    // `cargo test --benches` and nextest only want to know whether it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let rounds = if quick { 1 } else { ROUNDS };
    println!(
        "µs for a pair of rows on one thread, median of {rounds} rounds; share of the read bandwidth"
    );
    for (rows, n) in [(300, 49_152), (64, 262_144)] {
        let rows = if quick { 2 } else { rows };
        let reference = row(rows * n);
        let near: Vec<f32> = (0..rows * n)
            .map(|i| reference[i] + noise(i + n) * 1e-2)
            .collect();
        let equal = reference.clone();
        println!("{rows} rows of {n}");
        let read = Read::measure(rounds, n, &near, &reference);
        for (name, candidate) in [("near", &near), ("equal", &equal)] {
            read.line(&format!("{name}, no exponentials"), |again| {
                over(
                    rounds,
                    n,
                    candidate,
                    &reference,
                    again,
                    compare_without_powers,
                )
            });
            read.line(&format!("{name}, all"), |again| {
                over(rounds, n, candidate, &reference, again, compare)
            });
        }
        let us = two_threads(rounds, n, &near, &reference);
        println!("near, all, on two threads  {us:>6.1}");
    }
}

/// What reading a pair of rows takes from memory.
struct Read {
    us: f64,
}

impl Read {
    fn measure(rounds: usize, n: usize, candidate: &[f32], reference: &[f32]) -> Self {
        let us = over(rounds, n, candidate, reference, false, |one, other| {
            [one, other].map(read)
        });
        let bytes = 8.0 * n as f64;
        println!(
            "reading                    {us:>6.1} from memory: {:.1} GB/s",
            bytes / us / 1e3
        );
        Self { us }
    }

    fn line(&self, name: &str, run: impl Fn(bool) -> f64) {
        let [first, again] = [false, true].map(run);
        let share = 100.0 * self.us / first;
        println!("{name:<25}  {first:>6.1} from memory ({share:.0} %), {again:.1} once more");
    }
}

/// Adds up the bits.
fn read(row: &[f32]) -> u32 {
    let mut sums = [0u32; 64];
    for numbers in row.as_chunks::<64>().0 {
        for (sum, number) in sums.iter_mut().zip(numbers) {
            *sum = sum.wrapping_add(number.to_bits());
        }
    }
    sums.iter().fold(0u32, |all, sum| all.wrapping_add(*sum))
}

/// The µs for one pair: the first time, or `again`.
fn over<T>(
    rounds: usize,
    n: usize,
    candidate: &[f32],
    reference: &[f32],
    again: bool,
    run: impl Fn(&[f32], &[f32]) -> T,
) -> f64 {
    let round = || {
        let mut us = 0.0;
        for (candidate, reference) in candidate.chunks(n).zip(reference.chunks(n)) {
            if again {
                black_box(run(black_box(candidate), black_box(reference)));
            }
            let started = Instant::now();
            black_box(run(black_box(candidate), black_box(reference)));
            us += started.elapsed().as_secs_f64() * 1e6;
        }
        us * n as f64 / reference.len() as f64
    };
    median((0..rounds).map(|_| round()).collect())
}

/// The µs for one pair where each thread has half of the pairs.
fn two_threads(rounds: usize, n: usize, candidate: &[f32], reference: &[f32]) -> f64 {
    let half = (reference.len() / n).div_ceil(2) * n;
    let round = || {
        let started = Instant::now();
        std::thread::scope(|scope| {
            for (candidate, reference) in candidate.chunks(half).zip(reference.chunks(half)) {
                scope.spawn(move || over(1, n, candidate, reference, false, compare));
            }
        });
        started.elapsed().as_secs_f64() * 1e6 * n as f64 / reference.len() as f64
    };
    median((0..rounds).map(|_| round()).collect())
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers[numbers.len() / 2]
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
