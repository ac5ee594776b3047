//! How near the engines' logits are to the first one's, so that a fast wrong engine is seen. It judges
//! nothing: that takes a floor, agreed tokens and all that `lockstep per-token` does.

use schemas::bench::BenchAgreement;
use schemas::number::Finite;

use super::BenchError;
use super::plan::Plan;
use super::rounds::Taken;
use crate::engine::{LogitsFile, Supervision};
use crate::metrics;

/// An engine's rows, by its name.
#[derive(Clone, Copy)]
struct Rows<'a> {
    engine: &'a str,
    file: &'a LogitsFile,
}

/// One for each engine of the plan, `None` for the first; all rows of the last round are looked at.
pub(super) fn with_first(
    plan: &Plan<'_>,
    taken: &[Taken],
    supervision: &Supervision,
) -> Result<Vec<Option<BenchAgreement>>, BenchError> {
    let rows = plan.peers.iter().zip(taken).filter_map(|(peer, taken)| {
        Some(Rows {
            engine: peer.name(),
            file: &taken.last.as_ref()?.all.logits,
        })
    });
    let rows: Vec<Rows<'_>> = rows.collect();
    let Some(&first) = rows.first() else {
        return Ok(Vec::new());
    };
    let each = rows.iter().enumerate().map(|(index, &rows)| {
        // The first beside itself: so that its numbers are looked at when it is alone, too.
        let agreement = compare(first, rows, supervision)?;
        Ok((index > 0).then_some(agreement))
    });
    each.collect()
}

fn compare(
    first: Rows<'_>,
    other: Rows<'_>,
    supervision: &Supervision,
) -> Result<BenchAgreement, BenchError> {
    let columns = first.file.columns();
    if other.file.columns() != columns {
        return Err(BenchError::BadOutput(format!(
            "{}: rows of {} logits, those of {} have {columns}",
            other.engine,
            other.file.columns(),
            first.engine
        )));
    }
    let (mut row, mut first_row) = (vec![0.0; columns], vec![0.0; columns]);
    let n_rows = first.file.rows();
    let (mut sum_kl, mut top1_equal) = (0.0, 0);
    for position in 0..n_rows {
        if supervision.interrupt.is_raised() {
            return Err(BenchError::Interrupted);
        }
        first.file.read_row(position, &mut first_row)?;
        other.file.read_row(position, &mut row)?;
        let found = metrics::compare(&row, &first_row);
        let Some(metrics) = found.metrics else {
            let (engine, bad) = match found.reference_non_finite {
                bad if bad.count > 0 => (first.engine, bad),
                _ => (other.engine, found.candidate_non_finite),
            };
            return Err(BenchError::BadOutput(format!(
                "{engine}: position {position}: {} of {columns} logits are not finite, the first is \
                 that of token {}",
                bad.count,
                bad.first_index.unwrap_or_default()
            )));
        };
        sum_kl += metrics.kl.get();
        top1_equal += u64::from(metrics.top1_equal);
    }
    Ok(BenchAgreement {
        rows: n_rows as u64,
        mean_kl: Finite::new(sum_kl / n_rows as f64)
            .expect("distances of finite rows are finite, and there is a row"),
        top1_equal,
    })
}
