//! Whether what a receipt says of a third voice can be so, beside its rows.

use schemas::describe::{Arithmetic, KvType};
use schemas::floor::{JudgedDistances, Quantiles};
use schemas::number::Finite;
use schemas::receipt::{EngineRecord, Profile, Receipt};
use schemas::row::Metrics;
use schemas::triangulation::{DistancesFromThird, Triangulation};

use super::Finding;
use super::floor::can_be;
use crate::triangulation::median_ratio;

/// The rounding of sums over a vocabulary, as in the identities of rows.
const ROOM: f64 = 1e-9;

pub(super) fn check(receipt: &Receipt, findings: &mut Vec<Finding>) {
    let is_told = receipt.triangulation.is_some() || receipt.no_triangulation.is_some();
    if is_told && receipt.profile == Profile::F32 {
        let problem = "is told, and in `f32` both sides compute what the third would";
        findings.push(Finding::new("triangulation", problem));
    }
    let Some(found) = &receipt.triangulation else {
        return;
    };
    let mut problem = |place: &str, problem: String| {
        findings.push(Finding::new(format!("triangulation{place}"), problem));
    };
    if receipt.no_triangulation.is_some() {
        let what = "is there, beside a reason why not";
        problem("", what.to_owned());
    }
    if !is_f32(&found.third) {
        let what = "is not all told, or not as a third computes: f32, with such a KV cache";
        problem(".third", what.to_owned());
    }
    if found.rows != receipt.positions.len() as u64 {
        let n_positions = receipt.positions.len();
        problem(
            ".rows",
            format!("is {}, {n_positions} positions were compared", found.rows),
        );
    }
    let sides = [
        (".candidate", &found.candidate),
        (".reference", &found.reference),
    ];
    for (place, side) in sides {
        if let Err(what) = is_distribution(side, found.rows) {
            problem(place, what.to_owned());
        }
    }
    let ratio = median_ratio(&found.candidate, &found.reference);
    if found.median_ratio != ratio {
        let what = format!("is {:?}, expected {ratio:?}", found.median_ratio);
        problem(".median_ratio", what);
    }
    if let Err(what) = fits_rows(found, receipt) {
        problem("", what.to_owned());
    }
}

fn is_f32(third: &EngineRecord) -> bool {
    let is_all = third.version.is_some() && third.build.is_some() && third.kernels.is_some();
    let settings = third.settings.as_ref();
    is_all
        && settings.is_some_and(|it| {
            (it.arithmetic, it.kv, it.flash_attention) == (Arithmetic::F32, KvType::F32, false)
        })
}

fn is_distribution(side: &DistancesFromThird, rows: u64) -> Result<(), &'static str> {
    let (kl, mse, max_abs) = (
        in_order(&side.kl)?,
        in_order(&side.mse)?,
        in_order(&side.max_abs)?,
    );
    // What bounds one metric by another at each row bounds their percentiles.
    for rank in 0..kl.len() {
        can_be(&JudgedDistances {
            kl: kl[rank],
            mse: mse[rank],
            max_abs: max_abs[rank],
        })?;
    }
    if side.flips > rows {
        return Err("has more flips than rows");
    }
    Ok(())
}

fn in_order(quantiles: &Quantiles) -> Result<[Finite; 4], &'static str> {
    let values = [
        quantiles.median,
        quantiles.p90,
        quantiles.p99,
        quantiles.max,
    ];
    if values.is_sorted() {
        Ok(values)
    } else {
        Err("a percentile is below a smaller one")
    }
}

/// What the rows of the comparison allow: they are the third side of a triangle.
fn fits_rows(found: &Triangulation, receipt: &Receipt) -> Result<(), &'static str> {
    let positions = receipt.positions.iter();
    let rows: Option<Vec<&Metrics>> = positions.map(|it| it.row.metrics.as_ref()).collect();
    let rows = rows.ok_or("is there, and a row is not finite")?;
    let (candidate, reference) = (&found.candidate, &found.reference);
    fits_distances(candidate, reference, &rows)?;
    let flipped = rows.iter().filter(|metrics| !metrics.top1_equal).count() as u64;
    let (a, b) = (candidate.flips, reference.flips);
    if a.abs_diff(b) > flipped || flipped > a.saturating_add(b) {
        return Err("has flips that do not fit those of the rows");
    }
    let is_equal = receipt.positions.iter().all(|it| it.row.differing == 0);
    if is_equal && candidate != reference {
        return Err("has two sides of the same bits at other distances");
    }
    Ok(())
}

/// At each row, no side of a triangle is longer than the other two together. So no percentiles of the
/// two sides lie further apart than the widest row, nor is that wider than both largest ones together.
fn fits_distances(
    candidate: &DistancesFromThird,
    reference: &DistancesFromThird,
    rows: &[&Metrics],
) -> Result<(), &'static str> {
    let widest = |of: fn(&Metrics) -> f64| rows.iter().map(|it| of(it)).fold(0.0, f64::max);
    // A constant shift that was taken out leaves its rounding.
    let raw = widest(|metrics| metrics.max_abs.get());
    let triangles = [
        (
            corners(&candidate.max_abs, |it| it),
            corners(&reference.max_abs, |it| it),
            widest(|metrics| metrics.shift_removed.max_abs.get()),
        ),
        (
            corners(&candidate.mse, f64::sqrt),
            corners(&reference.mse, f64::sqrt),
            widest(|metrics| metrics.shift_removed.mse.get().sqrt()),
        ),
    ];
    for (a, b, between) in triangles {
        let room = ROOM * (a[3] + b[3] + raw);
        let is_wider = |(x, y): (&f64, &f64)| (x - y).abs() > between + room;
        if a.iter().zip(&b).any(is_wider) {
            return Err("has two sides that are further apart than the rows");
        }
        if between > a[3] + b[3] + room {
            return Err("has two sides that are nearer than the rows are apart");
        }
    }
    Ok(())
}

fn corners(quantiles: &Quantiles, of: fn(f64) -> f64) -> [f64; 4] {
    quantiles.ascending().map(of)
}
