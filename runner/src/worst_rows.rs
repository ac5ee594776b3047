//! What both engines find most likely at the rows of a case that are furthest apart: enough to see what
//! a difference means, in a few hundred bytes a row where the logits take a megabyte.

use schemas::number::Finite;
use schemas::row::{GreedyStretch, RowRecord};
use schemas::run_summary::RowPlace;
use schemas::tag::Tag;
use schemas::worst_rows::{LikelyToken, WorstRow, WorstRows};

use crate::compare::{Evaluations, Pair};
use crate::engine::{EngineFault, EvaluatedItem, LogitsFile};
use crate::judge;
use crate::rows::Rows;

/// How many rows are kept of a case.
const MOST_ROWS: usize = 5;
/// How many tokens are kept of a row.
const MOST_TOKENS: usize = 5;

/// A row, and how to read it.
struct Candidate<'r> {
    place: RowPlace,
    file: fn(&EvaluatedItem) -> &LogitsFile,
    index: usize,
    row: &'r RowRecord,
}

/// The worst rows of a case; none where every row has the same bits.
pub fn of(evaluations: &Evaluations, rows: &Rows) -> Result<Option<WorstRows>, EngineFault> {
    let positions = rows.positions.iter().enumerate();
    let positions = positions.map(|(index, position)| Candidate {
        place: RowPlace::Position(position.position),
        file: |item| &item.logits,
        index,
        row: &position.row,
    });
    // Of a single comparison, which has one stretch.
    let steps = rows
        .greedy
        .first()
        .into_iter()
        .flat_map(GreedyStretch::numbered);
    let steps = steps.enumerate().map(|(index, (step, row))| Candidate {
        place: RowPlace::Step(step),
        file: |item| &item.greedy,
        index,
        row,
    });
    let mut different: Vec<_> = positions
        .chain(steps)
        .filter(|it| it.row.differing > 0 && it.row.metrics.is_some())
        .collect();
    // The first of equals, so that the same rows are always kept.
    different.sort_by(|a, b| badness(b.row).partial_cmp(&badness(a.row)).expect("no NaN"));
    different.truncate(MOST_ROWS);
    let read = |it: &Candidate<'_>| {
        let Ok(mut pair) = Pair::new(evaluations, it.file) else {
            return Ok(None);
        };
        pair.read(it.index)?;
        let (candidate, reference) = pair.rows();
        Ok(Some(WorstRow {
            place: it.place,
            candidate: likeliest(candidate),
            reference: likeliest(reference),
        }))
    };
    let rows = different.iter().filter_map(|it| read(it).transpose());
    let rows = rows.collect::<Result<Vec<_>, EngineFault>>()?;
    Ok((!rows.is_empty()).then(|| WorstRows {
        schema: Tag::new(),
        rows,
    }))
}

/// Verdict, then excess where there is one, then divergence.
fn badness(row: &RowRecord) -> (u8, f64, f64) {
    let excess = row.excess.as_ref();
    // An excess that no number holds is larger than any.
    let excess = excess.map_or(0.0, |it| it.kl.map_or(f64::INFINITY, Finite::get));
    let metrics = row.metrics.as_ref();
    let max_abs = metrics.map_or(0.0, |it| it.shift_removed.max_abs.get());
    (judge::badness(row.verdict), excess, max_abs)
}

/// The likeliest tokens of a row of finite logits; of equals the lowest id.
fn likeliest(row: &[f32]) -> Vec<LikelyToken> {
    let mut ids: Vec<u32> = (0..row.len() as u32).collect();
    let logit = |id: u32| row[id as usize];
    let order = |a: &u32, b: &u32| logit(*b).total_cmp(&logit(*a)).then(a.cmp(b));
    if ids.len() > MOST_TOKENS {
        ids.select_nth_unstable_by(MOST_TOKENS, order);
        ids.truncate(MOST_TOKENS);
    }
    ids.sort_by(order);
    let largest = ids.first().map_or(0.0, |&id| f64::from(logit(id)));
    let sum: f64 = row.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
    let known = |value: f64| Finite::new(value).expect("of finite logits");
    let tokens = ids.into_iter().map(|id| LikelyToken {
        id,
        logit: known(logit(id).into()),
        probability: known((f64::from(logit(id)) - largest).exp() / sum),
    });
    tokens.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_of_equals_the_lowest_id() {
        let tokens = likeliest(&[0.0, 2.0, -1.0, 2.0, 1.0, 0.0, -0.0]);
        let ids: Vec<_> = tokens.iter().map(|token| token.id).collect();
        assert_eq!(ids, [1, 3, 4, 0, 5]);
        assert_eq!(tokens[0].probability, tokens[1].probability);
        let one = likeliest(&[7.0]);
        assert_eq!(
            (one.len(), one[0].id, one[0].probability.get()),
            (1, 0, 1.0)
        );
    }

    #[test]
    fn probabilities_are_those_of_the_whole_row() {
        let row: Vec<f32> = (0..100).map(|n| (n % 10) as f32 / 10.0).collect();
        let sum: f64 = likeliest(&row).iter().map(|it| it.probability.get()).sum();
        assert!(sum > 0.05 && sum < 0.5, "{sum}");
        let huge = likeliest(&[3e38, -3e38]);
        assert_eq!(huge[0].probability.get(), 1.0);
        assert_eq!(huge[1].probability.get(), 0.0);
    }
}
