//! The limits that a user may choose: which of them make sense in a profile.

use std::fs;
use std::path::Path;

use schemas::limits::{LimitedMetric, LimitsFile};
use schemas::number::Finite;
use schemas::receipt::Profile;

use super::{Override, metric_name, read};
use crate::text::escape_path;

/// The values that were given; none may be given where bits are compared.
pub fn overrides(
    profile: Profile,
    given: &[(LimitedMetric, Option<f64>)],
) -> Result<Vec<Override>, String> {
    let mut overrides = Vec::new();
    for &(metric, value) in given {
        let Some(value) = value else {
            continue;
        };
        let name = metric_name(metric);
        if profile == Profile::Exact {
            return Err(format!(
                "a limit of {name} in profile exact: there bits are compared, and nothing less is \
                 parity (hint: --profile f32 has limits)"
            ));
        }
        let value = Finite::new(value)
            .ok_or_else(|| format!("a limit of {name} must be a finite number"))?;
        overrides.push((metric, value));
    }
    Ok(overrides)
}

/// Whether a file of limits may be named at all.
pub fn may_be_named(profile: Profile) -> Result<(), String> {
    match profile {
        Profile::Exact => Err("in profile exact: there bits are compared".to_owned()),
        Profile::F32 | Profile::Production => Ok(()),
    }
}

/// The file of limits at a path.
pub fn read_from(path: &Path) -> Result<LimitsFile, String> {
    let bad = |problem: String| format!("{}: {problem}", escape_path(path));
    let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    read(&text).map_err(|error| bad(error.to_string()))
}
