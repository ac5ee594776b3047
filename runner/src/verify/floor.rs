//! Whether the floor of a receipt can be one, and is that of its rows.

use std::collections::BTreeSet;

use schemas::floor::{ExcessStatistics, FloorRecord, FloorVariant, JudgedDistances};
use schemas::number::Finite;
use schemas::receipt::{Profile, Receipt};

use super::Finding;
use super::hashes::is_digest;
use crate::floor::reading::{self, is_candidate, is_same};

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let Some(floor) = &receipt.floor else {
        if receipt.no_floor.is_some() && receipt.profile != Profile::Production {
            findings.push(Finding::new("no_floor", "is said in `production` alone"));
        }
        return;
    };
    if receipt.profile != Profile::Production || receipt.no_floor.is_some() {
        let problem = "is there in `production` alone, and not beside a reason why not";
        findings.push(Finding::new("floor", problem));
    }
    if !is_digest(&floor.identity) {
        findings.push(Finding::new("floor.identity", "is no digest"));
    }
    check_variants(floor, receipt, findings);
    check_rows(floor, receipt, findings);
}

fn check_variants(floor: &FloorRecord, receipt: &Receipt, findings: &mut Vec<Finding>) {
    let engines = &receipt.engines;
    if let Err(no_floor) = reading::are_enough(&floor.variants, &engines.reference) {
        findings.push(Finding::new("floor.variants", no_floor.to_string()));
    }
    let mut names = BTreeSet::new();
    for (index, variant) in floor.variants.iter().enumerate() {
        let mut problem = |problem: &str| {
            findings.push(Finding::new(format!("floor.variants[{index}]"), problem));
        };
        if !names.insert(&variant.name) {
            problem("has the name of another");
        }
        let FloorVariant {
            engine, left_out, ..
        } = variant;
        if left_out.is_some() {
            continue;
        }
        if engine.version.is_none() || engine.build.is_none() || engine.settings.is_none() {
            problem("does not say all of itself, and it was measured");
        }
        if is_candidate(engine, &engines.candidate, floor.positions.len()) {
            problem("is the candidate, which must not judge itself");
        }
        if is_same(engine, &engines.reference) {
            problem("is the reference itself, from which it differs in nothing");
        }
    }
}

fn check_rows(floor: &FloorRecord, receipt: &Receipt, findings: &mut Vec<Finding>) {
    let (positions, steps) = (&floor.positions, &floor.steps);
    // It may have been measured on more than was compared: its 90th percentile is that of all.
    for (place, found, expected) in [
        ("floor.positions", positions.len(), receipt.positions.len()),
        ("floor.steps", steps.len(), receipt.greedy_steps as usize),
    ] {
        if found < expected {
            let problem = format!("has {found} rows, expected at least {expected}");
            findings.push(Finding::new(place, problem));
        }
    }
    if let (Some(last), Some(first)) = (positions.last(), steps.first())
        && last != first
    {
        let problem = "is not that of the last position, which is the same row";
        findings.push(Finding::new("floor.steps[0]", problem));
    }
    for (place, rows) in [("positions", positions), ("steps", steps)] {
        for (index, row) in rows.iter().enumerate() {
            if let Err(problem) = can_be(row) {
                let place = format!("floor.{place}[{index}]");
                findings.push(Finding::new(place, problem));
            }
        }
    }
    if let Some(own) = &floor.own {
        for (name, own) in [
            ("kl", &own.kl),
            ("mse", &own.mse),
            ("max_abs", &own.max_abs),
        ] {
            if !are_statistics(own) {
                let problem = "are no statistics of one set of rows";
                findings.push(Finding::new(format!("floor.own.{name}"), problem));
            }
        }
    }
    let p90 = reading::p90(positions, steps);
    if floor.p90 != p90 {
        let problem = format!("is {:?}, expected {p90:?}", floor.p90);
        findings.push(Finding::new("floor.p90", problem));
    }
    let largest = reading::largest_difference(positions, steps).get();
    if floor.largest_difference.get() != largest {
        let problem = format!(
            "is {}, its rows have {largest}",
            floor.largest_difference.get()
        );
        findings.push(Finding::new("floor.largest_difference", problem));
    }
}

/// Each figure may be of another variant, and still none is below a smaller percentile.
fn are_statistics(own: &ExcessStatistics) -> bool {
    let beyond_all = |it: Option<Finite>| it.map_or(f64::INFINITY, Finite::get);
    let figures = [own.median, own.p99, own.max].map(beyond_all);
    figures[0] >= 0.0 && figures.is_sorted() && (0.0..=1.0).contains(&own.share_above.get())
}

/// Each is the largest of several rows, and what holds of each row holds of these: a mean of squares is
/// within the square of the largest, and KL within half of it.
pub(super) fn can_be(row: &JudgedDistances) -> Result<(), &'static str> {
    let (kl, mse, max_abs) = (row.kl.get(), row.mse.get(), row.max_abs.get());
    // The rounding of sums over a vocabulary, as in the identities of rows.
    let room = 1.0 + 1e-9;
    if kl < 0.0 || mse < 0.0 || max_abs < 0.0 {
        return Err("a distance is below 0");
    }
    if mse > max_abs * max_abs * room {
        return Err("mse is beyond max_abs squared");
    }
    if kl > max_abs * max_abs / 2.0 * room + 1e-12 {
        return Err("KL is beyond (max δ − min δ)² / 8");
    }
    Ok(())
}
