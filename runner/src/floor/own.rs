//! What a floor's variants come to themselves, each judged as a candidate would be: by a floor of the
//! others.
//!
//! How far a right engine is from the others' floor depends on how unlike the rows of a text are. Where
//! they are alike, as with random weights, half of the rows of each variant are near the floor of the
//! others, and a limit that rests on other models calls it wrong.

use schemas::floor::{ExcessStatistics, JudgedDistances, MeasuredVariant, OwnExcess};
use schemas::number::Finite;

use super::excess::statistics;
use super::reading::{largest, p90};

/// A figure of fewer rows is one of chance.
const LEAST_ROWS: usize = 64;

/// Of the first `rows` rows of variants that have as many; `None` where no variant has others
/// that differ.
pub(super) fn of(variants: &[&MeasuredVariant], rows: usize) -> Option<OwnExcess> {
    if rows < LEAST_ROWS {
        return None;
    }
    let judged: Vec<_> = (0..variants.len())
        .map(|judged| Judged::new(variants, judged, rows))
        .collect();
    Some(OwnExcess {
        kl: of_metric(&judged, |row| row.kl)?,
        mse: of_metric(&judged, |row| row.mse)?,
        max_abs: of_metric(&judged, |row| row.max_abs)?,
    })
}

/// A variant's rows, and the floor of the others.
struct Judged {
    rows: Vec<JudgedDistances>,
    floors: Vec<JudgedDistances>,
    p90: JudgedDistances,
}

impl Judged {
    fn new(variants: &[&MeasuredVariant], judged: usize, rows: usize) -> Self {
        let mut others = variants.to_vec();
        let variant = [others.remove(judged)];
        let floors: Vec<_> = (0..rows).map(|row| largest(&others, row)).collect();
        Self {
            rows: (0..rows).map(|row| largest(&variant, row)).collect(),
            p90: p90(&floors, &[]),
            floors,
        }
    }
}

fn of_metric(
    judged: &[Judged],
    value: impl Fn(&JudgedDistances) -> Finite,
) -> Option<ExcessStatistics> {
    let value = |row| value(row).get();
    let judged = judged.iter().filter_map(|judged| {
        let least = value(&judged.p90);
        // By others that are next to nowhere apart nothing can be judged.
        if least == 0.0 {
            return None;
        }
        let rows = judged.rows.iter().zip(&judged.floors);
        let excess = |(row, floor)| value(row) / f64::max(value(floor), least);
        statistics(rows.map(excess).collect())
    });
    judged.reduce(|a, b| larger(&a, &b))
}

/// Of each figure the larger one; one that is beyond all numbers is larger than any.
fn larger(a: &ExcessStatistics, b: &ExcessStatistics) -> ExcessStatistics {
    let of = |a: Option<Finite>, b: Option<Finite>| {
        let (a, b) = (a?, b?);
        Some(if a.get() < b.get() { b } else { a })
    };
    ExcessStatistics {
        median: of(a.median, b.median),
        p99: of(a.p99, b.p99),
        max: of(a.max, b.max),
        share_above: of(Some(a.share_above), Some(b.share_above)).unwrap_or(a.share_above),
    }
}

/// The same of all metrics.
pub(crate) fn larger_of_all(a: &OwnExcess, b: &OwnExcess) -> OwnExcess {
    OwnExcess {
        kl: larger(&a.kl, &b.kl),
        mse: larger(&a.mse, &b.mse),
        max_abs: larger(&a.max_abs, &b.max_abs),
    }
}

#[cfg(test)]
mod tests {
    use schemas::floor::{FloorMetrics, FloorVariant};

    use super::*;
    use crate::engine::testing::description;
    use crate::record::engine_record;

    /// A variant whose rows have these distances.
    fn variant(rows: &[f64]) -> MeasuredVariant {
        let finite = |value| Finite::new(value).expect("finite");
        let row = |&of: &f64| FloorMetrics {
            max_abs: finite(of),
            mse: finite(of),
            nmse: None,
            one_minus_cosine: None,
            kl: finite(of),
            kl_reverse: finite(of),
            total_variation: finite(of),
            flip: false,
            differing: u64::from(of != 0.0),
        };
        MeasuredVariant {
            variant: FloorVariant {
                name: String::new(),
                engine: engine_record("native", Some(&description("native")), None),
                left_out: None,
            },
            rows: rows.iter().map(row).collect(),
            distribution: None,
        }
    }

    fn medians(variants: &[&[f64]]) -> Option<(f64, f64)> {
        let variants: Vec<_> = variants.iter().map(|rows| variant(rows)).collect();
        let rows = variants[0].rows.len();
        let own = of(&variants.iter().collect::<Vec<_>>(), rows)?;
        assert_eq!(own.kl, own.mse);
        Some((own.kl.median?.get(), own.kl.share_above.get()))
    }

    #[test]
    fn each_is_judged_by_the_others_and_the_furthest_counts() {
        let (near, far, none) = ([1.0; 64], [3.0; 64], [0.0; 64]);
        // The near one is a third of the far one, which is three times it.
        assert_eq!(medians(&[&near, &far, &none]), Some((3.0, 1.0)));
        assert_eq!(medians(&[&near, &near, &far, &far]), Some((1.0, 0.0)));
    }

    #[test]
    fn where_rows_are_unlike_half_of_them_are_far_below_the_floor() {
        // One row in eight is at 10, the rest at 1; so no row's floor is less than 10.
        let unlike = |shift: usize| -> Vec<f64> {
            let of = |i: usize| {
                if (i + shift).is_multiple_of(8) {
                    10.0
                } else {
                    1.0
                }
            };
            (0..64).map(of).collect()
        };
        let found = medians(&[&unlike(0), &unlike(1), &unlike(2)]);
        assert_eq!(found, Some((0.1, 0.0)));
    }

    #[test]
    fn where_others_do_not_differ_or_rows_are_few_nothing_is_said() {
        let (some, none) = ([1.0; 64], [0.0; 64]);
        assert_eq!(medians(&[&none, &none, &none]), None);
        assert_eq!(medians(&[&some, &none, &none]), Some((0.0, 0.0)));
        assert_eq!(medians(&[&some, &some, &some]), Some((1.0, 0.0)));
        assert_eq!(medians(&[&some[..63], &some[..63]]), None);
    }
}
