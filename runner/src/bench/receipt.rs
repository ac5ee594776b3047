//! The record of a bench, and the machine that it was made on.

use std::fs;
use std::num::NonZero;
use std::thread;

use schemas::bench::{BenchAgreement, BenchEngine, BenchReceipt, BenchRows, Machine};
use schemas::describe::Settings;
use schemas::receipt::FileIdentity;
use schemas::tag::Tag;

use super::Request;
use super::figures;
use super::pilot::Chosen;
use super::plan::{Peer, Plan};
use super::rounds::{Last, Taken};
use crate::engine::supervision::machine_bytes;
use crate::exit::Exit;

/// Of the engines of the plan, each with what was chosen, taken and found of it.
pub(super) fn receipt(
    request: &Request,
    model: FileIdentity,
    plan: &Plan<'_>,
    chosen: Vec<Chosen>,
    taken: Vec<Taken>,
    agreements: Vec<Option<BenchAgreement>>,
) -> BenchReceipt {
    let parts = chosen.into_iter().zip(taken).zip(agreements);
    let engines = plan.peers.iter().zip(parts);
    let engines = engines.filter_map(|(peer, ((chosen, taken), agreement))| {
        engine(request, peer, chosen, taken, agreement)
    });
    BenchReceipt {
        schema: Tag::new(),
        exit: Exit::Parity.record(),
        lockstep_version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine(),
        model,
        work: request.work.clone(),
        engines: engines.collect(),
        against: None,
    }
}

fn engine(
    request: &Request,
    peer: &Peer<'_>,
    chosen: Chosen,
    taken: Taken,
    agreement: Option<BenchAgreement>,
) -> Option<BenchEngine> {
    let Last {
        prefill_settings,
        decode_settings,
        all,
    } = taken.last?;
    Some(BenchEngine {
        name: peer.name().to_owned(),
        version: peer.description.version.clone(),
        build: peer.description.build.clone(),
        kernels: kernels(peer, [&prefill_settings, &decode_settings]),
        prefill_settings,
        decode_settings,
        rows: BenchRows {
            load: 1,
            prefill_all: all.logits.rows() as u64,
            prefill_last: 1,
            decode: u64::from(request.work.steps),
        },
        figures: figures::all(&taken.numbers),
        trials: chosen.trials,
        agreement,
    })
}

/// Those that ran, for prefill or for decode; of an engine that does not say, those that it has.
fn kernels(peer: &Peer<'_>, ran_with: [&Settings; 2]) -> Vec<String> {
    let mut kernels: Vec<String> = Vec::new();
    for kernel in ran_with
        .into_iter()
        .flat_map(|it| it.kernels.iter().flatten())
    {
        if !kernels.contains(kernel) {
            kernels.push(kernel.clone());
        }
    }
    if kernels.is_empty() {
        return peer.description.kernels.clone();
    }
    kernels
}

/// This one.
fn machine() -> Machine {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    Machine {
        cpu: cpu_name(&cpus),
        processors: processors(),
        memory_bytes: machine_bytes(),
    }
}

/// How many processors this process may use at once.
pub(crate) fn processors() -> u32 {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors).unwrap_or(u32::MAX)
}

/// `model name      : Intel(R) Xeon(R) Processor`, which not every kind of CPU has.
fn cpu_name(cpus: &str) -> Option<String> {
    let line = cpus.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_cpus_name() {
        let cpus = "processor\t: 0\nmodel name\t: Fast CPU @ 3: GHz\nmodel name\t: other\n";
        assert_eq!(cpu_name(cpus), Some("Fast CPU @ 3: GHz".to_owned()));
        assert_eq!(cpu_name("processor : 0\n"), None);
        assert_eq!(cpu_name("model name :\n"), None);
    }

    #[test]
    fn this_machine_has_a_processor_and_memory() {
        let machine = machine();
        assert!(machine.processors > 0);
        assert!(machine.memory_bytes.is_some_and(|bytes| bytes > 1 << 26));
    }
}
