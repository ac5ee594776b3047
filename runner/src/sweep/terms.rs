//! What each profile of a sweep judges by.

use schemas::limits::{LimitedMetric, LimitsFile};
use schemas::plan::LimitOverride;
use schemas::receipt::Profile;

use super::error::PlanError;
use super::file::LimitsTable;
use super::source::Source;
use crate::exit::Exit;
use crate::limits::{self, Limits};

/// A profile and what it judges by.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) profile: Profile,
    pub(super) limits: Option<LimitsFile>,
    pub(super) overrides: Vec<LimitOverride>,
}

/// The terms of each profile. Values over a file are for all profiles that have limits; without any
/// such profile they are refused, as is a file for a profile that the sweep has not.
pub(super) fn of_profiles(
    source: &Source,
    profiles: &[Profile],
    table: LimitsTable,
) -> Result<Vec<Terms>, PlanError> {
    let overrides = overrides(source, profiles, &table)?;
    let mut files = [
        (Profile::F32, table.f32),
        (Profile::Production, table.production),
    ];
    let mut all = Vec::new();
    for &profile in profiles {
        let named = files.iter_mut().find(|(its, _)| *its == profile);
        let limits = match named.and_then(|(_, path)| path.take()) {
            None => Limits::default_file(profile),
            Some(path) => {
                let read = limits::read_from(&source.folder().join(path.get_ref()));
                let unusable =
                    |problem| source.unusable(Some(path.span()), problem, Exit::BadInput);
                Some(read.map_err(unusable)?)
            }
        };
        let overrides = match profile {
            Profile::Exact => Vec::new(),
            Profile::F32 | Profile::Production => overrides.clone(),
        };
        all.push(Terms {
            profile,
            limits,
            overrides,
        });
    }
    for (profile, path) in files {
        if let Some(path) = path {
            let name = profile.name();
            let problem = format!("`{name}`: the sweep has no profile {name}");
            return Err(source.mistake(Some(path.span()), &problem));
        }
    }
    Ok(all)
}

fn overrides(
    source: &Source,
    profiles: &[Profile],
    table: &LimitsTable,
) -> Result<Vec<LimitOverride>, PlanError> {
    let has_limits = |profile: &&Profile| **profile != Profile::Exact;
    let judged = profiles.iter().find(has_limits).copied();
    let judged = judged.unwrap_or(Profile::Exact);
    let given = [
        (LimitedMetric::Cosine, &table.cosine),
        (LimitedMetric::Mse, &table.mse),
        (LimitedMetric::Nmse, &table.nmse),
        (LimitedMetric::MaxAbs, &table.max_abs),
        (LimitedMetric::Kl, &table.kl),
        (LimitedMetric::Top5Overlap, &table.top5_overlap),
    ];
    let mut overrides = Vec::new();
    for (metric, value) in given {
        let Some(value) = value else {
            continue;
        };
        let given = [(metric, Some(*value.get_ref()))];
        let checked = limits::overrides(judged, &given)
            .map_err(|problem| source.mistake(Some(value.span()), &problem))?;
        overrides.extend(
            checked
                .into_iter()
                .map(|(metric, value)| LimitOverride { metric, value }),
        );
    }
    Ok(overrides)
}
