//! What a receipt says of its floor, as text: who measured it, how far the comparison is beyond it,
//! and what is odd.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use schemas::floor::{CaseExcess, ExcessStatistics, FloorRecord, FloorVariant};
use schemas::number::Finite;
use schemas::receipt::Receipt;

use crate::text::escape_for_terminal;

/// All lines; none where there is no floor and nothing is odd.
pub(super) fn push(text: &mut String, receipt: &Receipt) {
    if let Some(floor) = &receipt.floor {
        push_variants(text, floor, &receipt.engines.reference.name);
    }
    if let Some(excess) = &receipt.excess {
        push_excess(text, excess);
        if excess.flips > 0 {
            let n_rows = receipt.rows().count();
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(
                text,
                "the most likely token is another one in {} of {n_rows} rows",
                excess.flips
            );
        }
    }
    for warning in &receipt.warnings {
        let _ = writeln!(text, "warning: {}", escape_for_terminal(warning));
    }
}

fn push_variants(text: &mut String, floor: &FloorRecord, reference: &str) {
    let is_measured = |variant: &&FloorVariant| variant.left_out.is_none();
    let measured = floor.variants.iter().filter(is_measured);
    let names: Vec<_> = measured.clone().map(|it| it.name.as_str()).collect();
    let builds: BTreeSet<_> = measured.map(|it| it.engine.name.as_str()).collect();
    let builds: Vec<_> = builds.into_iter().collect();
    let _ = writeln!(
        text,
        "floor: how far {} is from itself, by {} variants: {} (engines {}); its logits move by up to \
         {:.3e}",
        escape_for_terminal(reference),
        names.len(),
        escape_for_terminal(&names.join(", ")),
        escape_for_terminal(&builds.join(", ")),
        floor.largest_difference.get()
    );
    for variant in &floor.variants {
        if let Some(why) = &variant.left_out {
            let (name, why) = (escape_for_terminal(&variant.name), escape_for_terminal(why));
            let _ = writeln!(text, "floor: without {name}: {why}");
        }
    }
}

/// A line for each metric.
pub(super) fn push_excess(text: &mut String, excess: &CaseExcess) {
    let _ = writeln!(
        text,
        "distance over the floor (1 is as far as the reference is from itself):\n\
         \x20           median       p99       max  rows above 1"
    );
    let metrics = [
        ("kl", &excess.kl),
        ("mse", &excess.mse),
        ("max_abs", &excess.max_abs),
    ];
    for (name, statistics) in metrics {
        let ExcessStatistics {
            median,
            p99,
            max,
            share_above,
        } = statistics;
        let [median, p99, max] = [median, p99, max].map(|it| multiple(*it));
        let share = 100.0 * share_above.get();
        let _ = writeln!(
            text,
            "  {name:7} {median:>9} {p99:>9} {max:>9}  {share:.1} %"
        );
    }
}

fn multiple(value: Option<Finite>) -> String {
    value.map_or("infinite".to_owned(), |it| format!("{:.3}", it.get()))
}
