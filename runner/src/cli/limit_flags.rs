//! The flags that say how far apart two rows may be.

use std::path::{Path, PathBuf};

use clap::Args;
use schemas::limits::{LimitedMetric, LimitsFile};
use schemas::receipt::Profile;

use super::flag_error::FlagError;
use crate::limits::{self, Limits, Override};

/// The flags.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitFlags {
    /// Smallest cosine that passes
    #[arg(long, alias = "cos-similarity-threshold", value_name = "X")]
    cos_tol: Option<f64>,
    /// Largest mean squared difference that passes
    #[arg(long, value_name = "X")]
    mse_tol: Option<f64>,
    /// Largest mean squared difference over the reference's mean square that passes
    #[arg(long, value_name = "X")]
    nmse_tol: Option<f64>,
    /// Largest difference that passes
    #[arg(long, value_name = "X")]
    max_abs_tol: Option<f64>,
    /// Largest KL divergence that passes, in nats
    #[arg(long, value_name = "X")]
    kl_tol: Option<f64>,
    /// Smallest share of the five most likely tokens that passes
    #[arg(long, value_name = "X")]
    top5_tol: Option<f64>,
    /// A file of limits in place of the shipped one
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
}

impl LimitFlags {
    /// The values that were given; none may be given where bits are compared.
    pub(super) fn overrides(&self, profile: Profile) -> Result<Vec<Override>, FlagError> {
        let given = [
            (LimitedMetric::Cosine, self.cos_tol),
            (LimitedMetric::Mse, self.mse_tol),
            (LimitedMetric::Nmse, self.nmse_tol),
            (LimitedMetric::MaxAbs, self.max_abs_tol),
            (LimitedMetric::Kl, self.kl_tol),
            (LimitedMetric::Top5Overlap, self.top5_tol),
        ];
        limits::overrides(profile, &given).map_err(FlagError::Usage)
    }

    /// The file that was named, or the profile's own.
    pub(super) fn file(&self, profile: Profile) -> Result<Option<LimitsFile>, FlagError> {
        let Some(path) = &self.limits else {
            return Ok(Limits::default_file(profile));
        };
        limits::may_be_named(profile)
            .map_err(|problem| FlagError::Usage(format!("--limits {problem}")))?;
        read_file(path).map(Some)
    }
}

/// A file of limits.
pub(super) fn read_file(path: &Path) -> Result<LimitsFile, FlagError> {
    limits::read_from(path).map_err(FlagError::BadInput)
}
