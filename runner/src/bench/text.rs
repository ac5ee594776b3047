//! A bench as text, at most 100 columns wide with names of an ordinary length.
//!
//! ```text
//!                   minimum       median      maximum        at the median   ratio
//! decode: 31 tokens, one after the other
//!   rust-engine   100.00 ms    101.00 ms    109.00 ms       306.9 tokens/s    1.00
//!   llama-native  200.00 ms    202.00 ms    218.00 ms       153.5 tokens/s    2.00
//! ```

use std::fmt::Write as _;

use schemas::bench::{
    BenchAgainst, BenchAgreement, BenchEngine, BenchFigureName, BenchReceipt, BenchTrial, BenchWork,
};
use schemas::describe::Settings;

use super::figures::ratio;
use super::words::{amount, figure, machine, per_second, repack};
use crate::engine::{arithmetic_word, kv_word, on_off};
use crate::text::escape_for_terminal;

/// Lines that can be broken are.
const COLUMNS: usize = 100;

/// The whole text, for standard output.
pub fn text(receipt: &BenchReceipt) -> String {
    let mut text = String::new();
    push_head(&mut text, receipt);
    push_figures(&mut text, receipt);
    push_settings(&mut text, receipt);
    push_kernels(&mut text, receipt);
    push_agreements(&mut text, receipt);
    if let Some(against) = &receipt.against {
        push_against(&mut text, against);
    }
    text
}

fn push_head(text: &mut String, receipt: &BenchReceipt) {
    let work = &receipt.work;
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "{}: {} positions, {} steps, {} threads, {} rounds in turn\nlockstep {} on {}\n",
        escape_for_terminal(&receipt.model.label),
        work.positions,
        work.steps,
        work.threads,
        work.repeat,
        escape_for_terminal(&receipt.lockstep_version),
        escape_for_terminal(&machine(&receipt.machine)),
    );
}

fn push_figures(text: &mut String, receipt: &BenchReceipt) {
    let Some(first) = receipt.engines.first() else {
        return;
    };
    let name = escape_for_terminal(&first.name);
    let _ = writeln!(
        text,
        "ratio: a median over that of {name}; above 1 {name} is faster or smaller\n"
    );
    let width = width(receipt);
    let _ = writeln!(
        text,
        "  {:width$}  {:>11}  {:>11}  {:>11}  {:>18}  {:>6}",
        "", "minimum", "median", "maximum", "at the median", "ratio"
    );
    for (index, (name, of_first)) in first.figures.each().into_iter().enumerate() {
        let _ = writeln!(text, "{}", title(name, &receipt.work));
        for engine in &receipt.engines {
            let (_, own) = engine.figures.each()[index];
            let rate = per_second(name, receipt.work.positions, receipt.work.steps, own.median);
            let rate = rate.map_or(String::new(), |rate| format!("{rate:.1} tokens/s"));
            let _ = writeln!(
                text,
                "  {:width$}  {:>11}  {:>11}  {:>11}  {rate:>18}  {:>6.2}",
                escape_for_terminal(&engine.name),
                amount(name, own.minimum),
                amount(name, own.median),
                amount(name, own.maximum),
                ratio(own.median, of_first.median).get()
            );
        }
    }
}

fn width(receipt: &BenchReceipt) -> usize {
    let names = receipt.engines.iter();
    let widths = names.map(|engine| escape_for_terminal(&engine.name).chars().count());
    widths.max().unwrap_or_default()
}

fn title(name: BenchFigureName, work: &BenchWork) -> String {
    let positions = work.positions;
    match name {
        BenchFigureName::LoadNs => {
            "load: from the start of the process to the answer to one token".to_owned()
        }
        BenchFigureName::PrefillAllNs => {
            format!("prefill, all logits: {positions} tokens, {positions} rows")
        }
        BenchFigureName::PrefillLastNs => {
            format!("prefill, the last logits: {positions} tokens, 1 row")
        }
        BenchFigureName::DecodeNs => {
            let evaluated = work.steps.saturating_sub(1);
            format!("decode: {evaluated} tokens, one after the other")
        }
        BenchFigureName::AnswerNs => {
            "answer with all logits: as the runner waits for it, with its file".to_owned()
        }
        BenchFigureName::PeakResidentBytes => {
            "peak of resident memory: mapped files among it, such as the model".to_owned()
        }
        BenchFigureName::AnonymousBytes => "memory of its own after an answer".to_owned(),
    }
}

fn push_settings(text: &mut String, receipt: &BenchReceipt) {
    let width = width(receipt).max("engine".len());
    let _ = writeln!(
        text,
        "\n{:width$}  {:14}  {:10}  {:>7}  {:>11}  {:5}  {:6}  {:3}  rows of logits",
        "engine", "settings for", "arithmetic", "threads", "micro-batch", "flash", "repack", "kv"
    );
    for engine in &receipt.engines {
        let rows = &engine.rows;
        let of_prefill = format!("{} or {}", rows.prefill_all, rows.prefill_last);
        let of_decode = rows.decode.to_string();
        let mut push = |what: &str, settings: &Settings, rows: &str| {
            let _ = writeln!(
                text,
                "{:width$}  {what:14}  {:10}  {:>7}  {:>11}  {:5}  {:6}  {:3}  {rows}",
                escape_for_terminal(&engine.name),
                arithmetic_word(settings.arithmetic),
                settings.threads,
                settings.micro_batch,
                on_off(settings.flash_attention),
                repack(settings.repack),
                kv_word(settings.kv),
            );
        };
        if engine.prefill_settings == engine.decode_settings {
            let rows = format!("{of_prefill}; {of_decode}");
            push("all", &engine.prefill_settings, &rows);
        } else {
            push("all but decode", &engine.prefill_settings, &of_prefill);
            push("decode", &engine.decode_settings, &of_decode);
        }
    }
    for engine in &receipt.engines {
        push_left_out(text, engine);
    }
}

/// Which combinations could not be tried, each reason once.
fn push_left_out(text: &mut String, engine: &BenchEngine) {
    let mut reasons: Vec<&str> = Vec::new();
    for reason in engine.trials.iter().filter_map(|it| it.left_out.as_deref()) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        let with = |trial: &&BenchTrial| trial.left_out.as_deref() == Some(reason);
        let line = format!(
            "{}: {} of {} combinations of settings left out: {reason}",
            engine.name,
            engine.trials.iter().filter(with).count(),
            engine.trials.len()
        );
        push_wrapped(text, &line);
    }
}

fn push_kernels(text: &mut String, receipt: &BenchReceipt) {
    text.push('\n');
    for engine in &receipt.engines {
        let kernels = match engine.kernels.as_slice() {
            [] => "none named".to_owned(),
            kernels => kernels.join(", "),
        };
        let simd = engine.build.simd.join(" ");
        let line = format!(
            "{} {}: kernels {kernels}; built for {simd}",
            engine.name, engine.version
        );
        push_wrapped(text, line.trim_end_matches("; built for "));
    }
}

fn push_agreements(text: &mut String, receipt: &BenchReceipt) {
    let Some((first, others)) = receipt.engines.split_first() else {
        return;
    };
    if others.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\nagreement with {} in the last round\n(not judged here: lockstep per-token --profile production \
         does)",
        escape_for_terminal(&first.name)
    );
    let width = width(receipt);
    for engine in others {
        let Some(BenchAgreement {
            rows,
            mean_kl,
            top1_equal,
        }) = &engine.agreement
        else {
            continue;
        };
        let share = 100.0 * *top1_equal as f64 / *rows as f64;
        let _ = writeln!(
            text,
            "  {:width$}  mean KL {:.3e}, the same likeliest token in {share:.1} % of {rows} rows",
            escape_for_terminal(&engine.name),
            mean_kl.get(),
        );
    }
}

fn push_against(text: &mut String, against: &BenchAgainst) {
    let _ = writeln!(
        text,
        "\nagainst the earlier bench of lockstep {}; ratio: now over before, above 1 is worse",
        escape_for_terminal(&against.lockstep_version)
    );
    let names = against
        .changes
        .iter()
        .map(|it| escape_for_terminal(&it.engine));
    let width = names
        .map(|name| name.chars().count())
        .max()
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "  {:width$}  {:19}  {:>11}  {:>11}  {:>6}",
        "", "median of", "before", "now", "ratio"
    );
    for change in &against.changes {
        let line = format!(
            "  {:width$}  {:19}  {:>11}  {:>11}  {:>6.2}  {}",
            escape_for_terminal(&change.engine),
            figure(change.figure),
            amount(change.figure, change.before),
            amount(change.figure, change.now),
            change.ratio.get(),
            if change.is_slower { "WORSE" } else { "" }
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if let Some(most) = against.slower_than {
        let worse = against.changes.iter().filter(|it| it.is_slower).count();
        let (most, all) = (most.get(), against.changes.len());
        let _ = writeln!(text, "{worse} of {all} figures got worse than by {most}");
    }
}

/// One line, broken at blanks; what goes on is set in.
fn push_wrapped(text: &mut String, line: &str) {
    let line = escape_for_terminal(line);
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > COLUMNS {
            text.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use schemas::bench::BenchChange;
    use schemas::number::Finite;

    use super::*;
    use crate::bench::testing::{engine, receipt};

    fn three() -> BenchReceipt {
        let mut first = engine("rust-engine", 1_000_000);
        first.agreement = None;
        let mut hostile = engine("ik\u{1b}[2J", 2_000_000);
        hostile.decode_settings.flash_attention = true;
        hostile.trials = vec![
            BenchTrial {
                flash_attention: true,
                repack: None,
                micro_batch: 128,
                prefill_all_ns: None,
                decode_ns: None,
                left_out: Some("a long reason ".repeat(20)),
            };
            2
        ];
        receipt(vec![first, engine("llama-native", 1_500_000), hostile])
    }

    #[test]
    fn it_fits_a_terminal_and_moves_nothing_there() {
        let text = text(&three());
        for line in text.lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }

    #[test]
    fn it_names_settings_threads_rows_and_kernels() {
        let text = text(&three());
        for part in [
            "300 positions, 32 steps, 2 threads, 3 rounds in turn",
            "a CPU, 2 processors, 8192.0 MiB",
            "above 1 rust-engine is faster or smaller",
            "all but decode  fast              2          512  off    -       f16  300 or 1\n",
            "decode          fast              2          512  on     -       f16  32\n",
            "2 of 2 combinations of settings left out: a long reason",
            "llama-native 1: kernels scalar\n",
            "mean KL 1.000e-3, the same likeliest token in 96.7 % of 300 rows",
            "lockstep per-token --profile production",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        let ratios = text.lines().filter(|line| line.ends_with("  1.50")).count();
        assert_eq!(ratios, 7);
    }

    #[test]
    fn an_engine_alone_agrees_with_nobody() {
        let text = text(&receipt(vec![engine("mine", 5)]));
        assert!(!text.contains("agreement"), "{text}");
    }

    #[test]
    fn what_got_worse_is_marked() {
        let mut receipt = three();
        let finite = |number| Finite::new(number).expect("finite");
        let change = |now: u64, is_slower| BenchChange {
            engine: "rust-engine".to_owned(),
            figure: BenchFigureName::DecodeNs,
            before: 1_000_000,
            now,
            ratio: finite(now as f64 / 1e6),
            is_slower,
        };
        receipt.against = Some(BenchAgainst {
            lockstep_version: "0.0.9".to_owned(),
            differs: Vec::new(),
            slower_than: Some(finite(1.1)),
            changes: vec![change(1_050_000, false), change(1_200_000, true)],
        });
        let text = text(&receipt);
        let marked: Vec<_> = text.lines().filter(|it| it.ends_with("WORSE")).collect();
        assert_eq!(marked.len(), 1);
        assert!(marked[0].contains("1.20 ms    1.20  WORSE"), "{marked:?}");
        assert!(text.contains("1 of 2 figures got worse than by 1.1"));
    }
}
