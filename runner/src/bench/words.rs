//! Words for people that text, table and comparison share.

use schemas::bench::{BenchFigureName, Machine};
use schemas::describe::Settings;

use crate::engine::{arithmetic_word, kv_word, on_off};

/// A figure's name, as its field in JSON.
pub(super) fn figure(name: BenchFigureName) -> &'static str {
    match name {
        BenchFigureName::LoadNs => "load_ns",
        BenchFigureName::PrefillAllNs => "prefill_all_ns",
        BenchFigureName::PrefillLastNs => "prefill_last_ns",
        BenchFigureName::DecodeNs => "decode_ns",
        BenchFigureName::AnswerNs => "answer_ns",
        BenchFigureName::PeakResidentBytes => "peak_resident_bytes",
        BenchFigureName::AnonymousBytes => "anonymous_bytes",
    }
}

/// A value of this figure with its unit.
pub(super) fn amount(name: BenchFigureName, value: u64) -> String {
    match name {
        BenchFigureName::PeakResidentBytes | BenchFigureName::AnonymousBytes => memory(value),
        _ => time(value),
    }
}

/// In milliseconds, whatever the size, so that they can be compared at a glance.
fn time(ns: u64) -> String {
    let ms = ns as f64 / 1e6;
    match ns {
        0..1_000_000 => format!("{ms:.4} ms"),
        _ => format!("{ms:.2} ms"),
    }
}

/// In MiB.
pub(super) fn memory(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// How many tokens a second, where a figure is the time of some.
pub(super) fn per_second(
    name: BenchFigureName,
    positions: u32,
    steps: u32,
    ns: u64,
) -> Option<f64> {
    let tokens = match name {
        BenchFigureName::PrefillAllNs | BenchFigureName::PrefillLastNs => positions,
        // The token of the last step is chosen, but not evaluated.
        BenchFigureName::DecodeNs => steps.saturating_sub(1),
        BenchFigureName::LoadNs
        | BenchFigureName::AnswerNs
        | BenchFigureName::PeakResidentBytes
        | BenchFigureName::AnonymousBytes => return None,
    };
    Some(f64::from(tokens) * 1e9 / ns as f64)
}

/// The machine in one line.
pub(super) fn machine(machine: &Machine) -> String {
    let cpu = machine.cpu.as_deref().unwrap_or("an unknown CPU");
    let memory_bytes = machine.memory_bytes.map(memory);
    let memory = memory_bytes.unwrap_or_else(|| "unknown memory".to_owned());
    format!("{cpu}, {} processors, {memory}", machine.processors)
}

/// Settings in one line.
pub(super) fn settings(settings: &Settings) -> String {
    format!(
        "{}, {} threads, micro-batch {}, flash attention {}, repacking {}, {} cache of {}",
        arithmetic_word(settings.arithmetic),
        settings.threads,
        settings.micro_batch,
        on_off(settings.flash_attention),
        repack(settings.repack),
        kv_word(settings.kv),
        settings.context
    )
}

/// A switch that not every engine has.
pub(super) fn repack(repack: Option<bool>) -> &'static str {
    repack.map_or("-", on_off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_what_was_evaluated() {
        let second = 1_000_000_000;
        let of = |name| per_second(name, 300, 32, second);
        assert_eq!(of(BenchFigureName::PrefillAllNs), Some(300.0));
        assert_eq!(of(BenchFigureName::DecodeNs), Some(31.0));
        assert_eq!(of(BenchFigureName::LoadNs), None);
    }

    #[test]
    fn amounts_have_their_unit() {
        let of = amount;
        assert_eq!(of(BenchFigureName::DecodeNs, 1_234_567), "1.23 ms");
        assert_eq!(of(BenchFigureName::DecodeNs, 1_234), "0.0012 ms");
        assert_eq!(of(BenchFigureName::AnonymousBytes, 3 << 19), "1.5 MiB");
    }
}
