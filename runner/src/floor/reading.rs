//! From what was measured to the floor that a comparison is judged by, or why it is none.

use std::fmt;

use schemas::floor::{
    FloorDistribution, FloorFile, FloorMetrics, FloorRecord, FloorVariant, JudgedDistances,
    MeasuredVariant,
};
use schemas::number::Finite;
use schemas::receipt::{EngineRecord, SettingsRecord};

use super::own;
use super::percentile::Sorted;
use crate::metrics::Comparison;

/// Counted up whenever [`metrics_of`] would give other distances for the same rows.
pub const METRICS_VERSION: u32 = 3;
/// With fewer variants the largest distance is too often that of one lucky pair.
pub const LEAST_VARIANTS: usize = 5;
/// No row's floor is below this percentile of all rows.
const LEAST_PERCENTILE: usize = 90;

/// The distances of a variant's row, or `None` if it is not finite.
pub fn metrics_of(found: &Comparison) -> Option<FloorMetrics> {
    let metrics = found.metrics.as_ref()?;
    let shift_removed = &metrics.shift_removed;
    let from_one = |cosine: Finite| known(1.0 - cosine.get());
    Some(FloorMetrics {
        max_abs: shift_removed.max_abs,
        mse: shift_removed.mse,
        nmse: shift_removed.nmse,
        one_minus_cosine: shift_removed.cosine.map(from_one),
        kl: metrics.kl,
        kl_reverse: metrics.kl_reverse,
        total_variation: metrics.total_variation,
        flip: !metrics.top1_equal,
        differing: found.differing,
    })
}

/// Of finite numbers, none of them near the end of their range.
fn known(value: f64) -> Finite {
    Finite::new(value).expect("a difference or a maximum of finite numbers of like size")
}

/// How the distances of rows are distributed; `None` of no rows.
pub fn distribution(rows: &[FloorMetrics]) -> Option<FloorDistribution> {
    let of = |value: fn(&FloorMetrics) -> Option<Finite>| {
        let values = rows.iter().filter_map(value).map(Finite::get);
        Sorted::new(values).quantiles()
    };
    Some(FloorDistribution {
        max_abs: of(|row| Some(row.max_abs))?,
        mse: of(|row| Some(row.mse))?,
        nmse: of(|row| row.nmse),
        one_minus_cosine: of(|row| row.one_minus_cosine),
        kl: of(|row| Some(row.kl))?,
        kl_reverse: of(|row| Some(row.kl_reverse))?,
        total_variation: of(|row| Some(row.total_variation))?,
        flips: rows.iter().filter(|row| row.flip).count() as u64,
    })
}

/// Why there is no floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFloor {
    /// It was measured against another engine, or with other settings.
    OtherReference,
    /// It was measured on fewer tokens than are judged.
    TooShort {
        /// What was measured.
        rows: usize,
        /// What is judged.
        needed: usize,
    },
    /// A variant has another number of rows than the rest.
    Ragged(String),
    /// Too few variants are left.
    TooFew(usize),
    /// All variants are of the reference's own build.
    NoOtherBuild,
}

impl fmt::Display for NoFloor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherReference => f.write_str("the one there is belongs to another reference"),
            Self::TooShort { rows, needed } => {
                write!(f, "it has {rows} rows, and {needed} are judged")
            }
            Self::Ragged(name) => write!(f, "the variant {name} has not a row for each token"),
            Self::TooFew(n) => write!(
                f,
                "{n} variants of the reference were measured, at least {LEAST_VARIANTS} make a floor"
            ),
            Self::NoOtherBuild => f.write_str(
                "no other build of the reference was measured, and one build can be wrong alone \
                 (hint: scripts/build-references.sh makes others)",
            ),
        }
    }
}

/// The floor of a comparison of `candidate` with the base of `floor`. The candidate itself, should
/// it be among the variants, is left out: what is judged must not judge itself.
pub fn read(
    floor: &FloorFile,
    candidate: &EngineRecord,
    reference: &EngineRecord,
    greedy_steps: u32,
) -> Result<FloorRecord, NoFloor> {
    if !is_same(&floor.base, reference) {
        return Err(NoFloor::OtherReference);
    }
    // [agreed tokens][greedy tokens but the last]; the row of the last agreed token chooses the
    // first greedy one, so it is of a position and of a step.
    let n_positions = floor.agreed_tokens as usize;
    let needed = n_positions.saturating_add((greedy_steps as usize).saturating_sub(1));
    if n_positions == 0 || floor.tokens.len() < needed {
        let rows = floor.tokens.len();
        return Err(NoFloor::TooShort { rows, needed });
    }
    let mut variants: Vec<_> = floor
        .variants
        .iter()
        .map(|it| told(it, candidate, n_positions))
        .collect();
    leave_out_outliers(&floor.variants, &mut variants, &floor.base);
    let pairs = floor.variants.iter().zip(&variants);
    let measured: Vec<&MeasuredVariant> = pairs
        .filter(|(_, told)| told.left_out.is_none())
        .map(|(measured, _)| measured)
        .collect();
    if let Some(ragged) = measured
        .iter()
        .find(|it| it.rows.len() != floor.tokens.len())
    {
        return Err(NoFloor::Ragged(ragged.variant.name.clone()));
    }
    are_enough(&variants, reference)?;
    let rows: Vec<_> = (0..needed).map(|row| largest(&measured, row)).collect();
    let positions = rows[..n_positions].to_vec();
    let steps = match greedy_steps {
        0 => Vec::new(),
        _ => rows[n_positions - 1..].to_vec(),
    };
    Ok(FloorRecord {
        identity: floor.identity.clone(),
        p90: p90(&positions, &steps),
        largest_difference: largest_difference(&positions, &steps),
        own: own::of(&measured, needed),
        variants,
        positions,
        steps,
    })
}

/// Another build whose distances are so many times those of every other variant computes something
/// else: it would make the floor so wide that wrong engines pass. Measured: on SmolLM2 Q4_1 the
/// medians of KL of all variants that differ at all are within 1.5 of each other, and on small random
/// models `ik` is at most 1.7 times as far as the next one. It was 300 times as far where it leaves out
/// divisors of the rotation from 1 to 8, but 4 times with LLaMA 3.1's and 300 tokens: what is known to
/// compute something else belongs into [`crate::guards`].
const OUTLIER: f64 = 5.0;

/// The base's own program under other settings is never one.
fn leave_out_outliers(
    measured: &[MeasuredVariant],
    told: &mut [FloorVariant],
    base: &EngineRecord,
) {
    let median = |it: &MeasuredVariant| {
        let kl = it
            .distribution
            .as_ref()
            .map_or(0.0, |it| it.kl.median.get());
        kl.max(0.0)
    };
    let medians: Vec<f64> = measured.iter().map(median).collect();
    let is_in = |told: &[FloorVariant], index: usize| told[index].left_out.is_none();
    // The furthest first: beside it, a second one might look ordinary.
    let mut order: Vec<usize> = (0..medians.len()).collect();
    order.sort_by(|&a, &b| medians[b].total_cmp(&medians[a]));
    for &index in &order {
        if !is_in(told, index) || told[index].engine.build == base.build {
            continue;
        }
        let others = (0..medians.len()).filter(|&other| other != index && is_in(told, other));
        let next = others.map(|other| medians[other]).fold(0.0, f64::max);
        // Where no other variant differs at all, there is nothing to be out of line with.
        if next == 0.0 || medians[index] <= OUTLIER * next {
            continue;
        }
        told[index].left_out = Some(format!(
            "its median KL is {:.1} times that of any other variant: it computes something else",
            medians[index] / next
        ));
    }
}

fn told(measured: &MeasuredVariant, candidate: &EngineRecord, n_positions: usize) -> FloorVariant {
    let mut variant = measured.variant.clone();
    if variant.left_out.is_none() && is_candidate(&variant.engine, candidate, n_positions) {
        variant.left_out = Some("it is the candidate".to_owned());
    }
    variant
}

/// Whether a variant is the candidate under another name, on so many agreed tokens: a micro-batch that
/// takes them all together computes what any larger one does. Threads are left aside, too: that they
/// change nothing would only make the same pair twice.
pub fn is_candidate(variant: &EngineRecord, candidate: &EngineRecord, n_positions: usize) -> bool {
    let n_positions = u32::try_from(n_positions).unwrap_or(u32::MAX);
    let essence = |engine: &EngineRecord| {
        let mut engine = engine.clone();
        if let Some(settings) = &mut engine.settings {
            settings.threads = None;
            settings.micro_batch = settings.micro_batch.min(n_positions);
        }
        engine
    };
    is_same(&essence(variant), &essence(candidate))
}

/// Whether two records are of one build that ran with the same settings. How many tokens the cache
/// had room for is left aside: the room that is not used changes nothing.
pub fn is_same(a: &EngineRecord, b: &EngineRecord) -> bool {
    let settings = |engine: &EngineRecord| {
        let settings = engine.settings.clone();
        settings.map(|settings| SettingsRecord {
            context: 0,
            ..settings
        })
    };
    a.build.is_some() && a.build == b.build && settings(a) == settings(b)
}

/// Whether variants make a floor: enough of them, another build among them.
pub fn are_enough(variants: &[FloorVariant], reference: &EngineRecord) -> Result<(), NoFloor> {
    let measured = || variants.iter().filter(|variant| variant.left_out.is_none());
    let n_measured = measured().count();
    if n_measured < LEAST_VARIANTS {
        return Err(NoFloor::TooFew(n_measured));
    }
    let is_other =
        |it: &FloorVariant| it.engine.build.is_some() && it.engine.build != reference.build;
    if !measured().any(is_other) {
        return Err(NoFloor::NoOtherBuild);
    }
    Ok(())
}

/// The largest distances of one row over all variants. Rounding can take a KL below 0.
pub(super) fn largest(variants: &[&MeasuredVariant], row: usize) -> JudgedDistances {
    let of = |value: fn(&FloorMetrics) -> Finite| {
        let values = variants
            .iter()
            .map(|variant| value(&variant.rows[row]).get());
        known(values.fold(0.0, f64::max))
    };
    JudgedDistances {
        kl: of(|row| row.kl),
        mse: of(|row| row.mse),
        max_abs: of(|row| row.max_abs),
    }
}

/// Below which no row's floor is: of all positions and steps.
pub fn p90(positions: &[JudgedDistances], steps: &[JudgedDistances]) -> JudgedDistances {
    let of = |value: fn(&JudgedDistances) -> Finite| {
        let rows = positions.iter().chain(steps);
        let sorted = Sorted::new(rows.map(|row| value(row).get()));
        known(sorted.percentile(LEAST_PERCENTILE).unwrap_or(0.0))
    };
    JudgedDistances {
        kl: of(|row| row.kl),
        mse: of(|row| row.mse),
        max_abs: of(|row| row.max_abs),
    }
}

/// By which ties are judged: of all positions and steps.
pub fn largest_difference(positions: &[JudgedDistances], steps: &[JudgedDistances]) -> Finite {
    let rows = positions.iter().chain(steps);
    known(rows.map(|row| row.max_abs.get()).fold(0.0, f64::max))
}
