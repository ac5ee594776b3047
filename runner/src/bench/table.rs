//! A bench as a table (CSV): one row for each figure of each engine.

use csv::Terminator;
use schemas::bench::{BenchEngine, BenchFigure, BenchFigureName, BenchReceipt};

use super::BenchError;
use super::figures::ratio;
use super::words::{figure, per_second};
use crate::engine::{arithmetic_word, kv_word};
use crate::text::escape_for_terminal;

/// The ratio's name says which way it is read: other programs have no more than the header.
const HEAD: [&str; 24] = [
    "engine",
    "version",
    "figure",
    "minimum",
    "median",
    "maximum",
    "tokens_per_second",
    "ratio_to_first_engine_above_1_is_worse",
    "output_rows",
    "arithmetic",
    "threads",
    "micro_batch",
    "flash_attention",
    "repack",
    "kv",
    "kernels",
    "cpu",
    "processors",
    "model",
    "positions",
    "steps",
    "rounds",
    "median_before",
    "ratio_to_before_above_1_is_worse",
];

/// The whole table, for standard output.
pub fn csv(receipt: &BenchReceipt) -> Result<String, BenchError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    writer.write_record(HEAD).map_err(BenchError::NotCsv)?;
    for engine in &receipt.engines {
        for (name, of_engine) in engine.figures.each() {
            let row = row(receipt, engine, name, of_engine);
            writer.write_record(row).map_err(BenchError::NotCsv)?;
        }
    }
    let bytes = writer.into_inner();
    let bytes = bytes.map_err(|error| BenchError::NotCsv(error.into_error().into()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(
    receipt: &BenchReceipt,
    engine: &BenchEngine,
    name: BenchFigureName,
    of_engine: &BenchFigure,
) -> [String; 24] {
    let (work, median) = (&receipt.work, of_engine.median);
    let settings = match name {
        BenchFigureName::DecodeNs => &engine.decode_settings,
        _ => &engine.prefill_settings,
    };
    let rows = &engine.rows;
    let output_rows = match name {
        BenchFigureName::LoadNs => Some(rows.load),
        BenchFigureName::PrefillAllNs | BenchFigureName::AnswerNs => Some(rows.prefill_all),
        BenchFigureName::PrefillLastNs => Some(rows.prefill_last),
        BenchFigureName::DecodeNs => Some(rows.decode),
        BenchFigureName::PeakResidentBytes | BenchFigureName::AnonymousBytes => None,
    };
    let first = receipt.engines.first();
    let first = first.and_then(|it| it.figures.each().into_iter().find(|it| it.0 == name));
    let changes = receipt.against.iter().flat_map(|it| &it.changes);
    let change = changes
        .into_iter()
        .find(|it| it.engine == engine.name && it.figure == name);
    [
        escape_for_terminal(&engine.name),
        escape_for_terminal(&engine.version),
        figure(name).to_owned(),
        of_engine.minimum.to_string(),
        median.to_string(),
        of_engine.maximum.to_string(),
        told(per_second(name, work.positions, work.steps, median)),
        told(first.map(|(_, first)| ratio(median, first.median).get())),
        told(output_rows),
        arithmetic_word(settings.arithmetic).to_owned(),
        settings.threads.to_string(),
        settings.micro_batch.to_string(),
        settings.flash_attention.to_string(),
        told(settings.repack),
        kv_word(settings.kv).to_owned(),
        escape_for_terminal(&engine.kernels.join(" ")),
        escape_for_terminal(receipt.machine.cpu.as_deref().unwrap_or_default()),
        receipt.machine.processors.to_string(),
        escape_for_terminal(&receipt.model.label),
        work.positions.to_string(),
        work.steps.to_string(),
        work.repeat.to_string(),
        told(change.map(|it| it.before)),
        told(change.map(|it| it.ratio.get())),
    ]
}

/// Nothing where there is nothing.
fn told<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::testing::{engine, receipt};

    #[test]
    fn each_figure_of_each_engine_has_a_row() {
        let text = csv(&receipt(vec![engine("a", 1000), engine("b,\u{1b}", 2000)]));
        let text = text.expect("CSV");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().expect("a head").clone();
        let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
        assert_eq!(rows.len(), 14);
        let cell = |row: usize, name: &str| {
            let at = head.iter().position(|it| it == name).expect("a column");
            rows[row][at].to_owned()
        };
        assert_eq!(cell(0, "figure"), "load_ns");
        assert_eq!(cell(7, "engine"), "b,\\u{1b}");
        let ratio = "ratio_to_first_engine_above_1_is_worse";
        assert_eq!([cell(0, ratio), cell(7, ratio)], ["1", "2"]);
        assert_eq!(cell(1, "tokens_per_second"), "300000000");
        assert_eq!(cell(1, "output_rows"), "300");
        assert_eq!(cell(5, "output_rows"), "");
        assert_eq!(cell(3, "median_before"), "");
    }
}
