//! What the CPU can do at best: loops of one instruction that touch registers alone, and plain reading.

#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
use x86 as of_this_cpu;

#[cfg(not(target_arch = "x86_64"))]
mod other;
#[cfg(not(target_arch = "x86_64"))]
use other as of_this_cpu;

use std::num::NonZero;
use std::thread;

use rust_engine::kernels::fast::Fast;

use crate::clock;

/// A loop and how much it did.
#[derive(Clone, Copy)]
pub(crate) struct Peak {
    pub(crate) instruction: &'static str,
    /// GOPS, a product and its sum being two; GB/s of reading.
    pub(crate) rate: f64,
}

/// Peaks of one set.
pub(crate) struct OfSet {
    set: &'static str,
    /// Products of bytes.
    pub(crate) dot: Option<Peak>,
    /// Products of BF16 numbers, where they are used for others.
    pub(crate) parts: Option<Peak>,
    /// Products of floats.
    pub(crate) multiply_add: Option<Peak>,
}

/// Peaks of this CPU.
pub(crate) struct Peaks {
    sets: Vec<OfSet>,
    /// Of memory that no cache of a core holds, one thread.
    pub(crate) reading: Peak,
    /// The same of all processors together, and how many threads that are.
    reading_by_all: (f64, usize),
}

impl Peaks {
    /// Those of the sets, each of which this CPU has the instructions of.
    pub(crate) fn measured(sets: &[Fast], memory: &[u8]) -> Self {
        let of = |&set: &Fast| OfSet {
            set: set.name(),
            dot: of_this_cpu::dot_loop(set).map(Loop::measured),
            parts: of_this_cpu::parts_loop(set).map(Loop::measured),
            multiply_add: of_this_cpu::multiply_add_loop(set).map(Loop::measured),
        };
        Self {
            sets: sets.iter().map(of).collect(),
            reading: of_this_cpu::reading(memory),
            reading_by_all: reading_by_all(memory),
        }
    }

    pub(crate) fn of(&self, set: &str) -> Option<&OfSet> {
        self.sets.iter().find(|it| it.set == set)
    }

    pub(crate) fn print(&self) {
        println!("peaks of one thread");
        for of_set in &self.sets {
            let peaks = [&of_set.dot, &of_set.parts, &of_set.multiply_add];
            for peak in peaks.into_iter().flatten() {
                println!(
                    "{:18} {:>8.1} GOPS  {}",
                    of_set.set, peak.rate, peak.instruction
                );
            }
        }
        let Peak { instruction, rate } = self.reading;
        println!("{:18} {rate:>8.1} GB/s  {instruction}", "reading");
        println!(
            "{:18} {:>8.1} GB/s  {} threads at once\n",
            "reading by all", self.reading_by_all.0, self.reading_by_all.1
        );
    }
}

/// What as many threads as there are processors read at once, each its own part of the memory, and how many
/// there are.
fn reading_by_all(memory: &[u8]) -> (f64, usize) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let rate = thread::scope(|scope| {
        let parts = memory.chunks_exact(memory.len() / threads);
        let running: Vec<_> = parts
            .map(|part| scope.spawn(move || of_this_cpu::reading(part).rate))
            .collect();
        let ended = running.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|rate| rate.expect("reading does not panic"))
            .sum()
    });
    (rate, threads)
}

/// Turns of a loop between two looks at the clock.
const TURNS: u64 = 100_000;

struct Loop {
    instruction: &'static str,
    run: fn(turns: u64),
    /// Products of a turn.
    products: usize,
}

impl Loop {
    fn measured(self) -> Peak {
        let rate = clock::best(|| {
            (self.run)(TURNS);
            2 * self.products * TURNS as usize
        });
        Peak {
            instruction: self.instruction,
            rate,
        }
    }
}
