//! The flags of `lockstep verify-receipt` and `lockstep judge`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use schemas::receipt::{Profile, Receipt};

use super::Format;
use super::flag_error::FlagError;
use super::limit_flags::read_file;
use crate::conclusion;
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::seal::seal;
use crate::text::{escape_for_terminal, escape_path};
use crate::verify::{self, Demands};

/// The flags of `verify-receipt`.
#[derive(Clone, Debug, Args)]
pub struct VerifyFlags {
    /// The receipts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// One of the kernels that the candidate ran must have these words in its name or, with a * in it, match
    /// it from end to end; given more than once, each must be met
    #[arg(long, value_name = "PATTERN")]
    require_kernel: Vec<String>,
    /// The comparison must have been made no longer ago: a number with s, m, h or d; the time is in
    /// the environment.json beside the receipt, which its digest does not cover
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<Duration>,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

impl VerifyFlags {
    /// What is demanded beside a sound receipt.
    pub fn demands(&self) -> Demands {
        Demands {
            kernels: self
                .require_kernel
                .iter()
                .map(|it| Pattern::new(it))
                .collect(),
            max_age: self.max_age,
        }
    }
}

fn age(words: &str) -> Result<Duration, String> {
    let expected = || format!("`{words}`: expected a number with s, m, h or d, as in 36h");
    let unit = words.chars().next_back().ok_or_else(expected)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(expected()),
    };
    let number: u64 = words[..words.len() - unit.len_utf8()]
        .parse()
        .map_err(|_| expected())?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(expected)
}

/// The flags of `judge`.
#[derive(Clone, Debug, Args)]
pub struct JudgeFlags {
    /// The receipt
    file: PathBuf,
    /// The file of limits to judge its rows by
    #[arg(long, value_name = "FILE")]
    limits: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

impl JudgeFlags {
    /// The receipt as these limits make it. One that cannot be believed is not judged.
    pub fn judge(&self) -> Result<Receipt, FlagError> {
        let limits = read_file(&self.limits)?;
        let verified = verify::verify(&self.file, &Demands::default());
        let stored = match (verified.receipt, verified.findings.first()) {
            (Some(stored), None) => stored,
            (_, finding) => {
                let found = finding.map_or(String::new(), ToString::to_string);
                let found = escape_for_terminal(&found);
                let path = escape_path(&self.file);
                let problem = format!("{path}: {found} (hint: lockstep verify-receipt {path})");
                return Err(FlagError::BadInput(problem));
            }
        };
        if stored.profile == Profile::Exact {
            return Err(FlagError::Usage(
                "--limits on a receipt of profile exact: there bits are compared".to_owned(),
            ));
        }
        // What was never compared is what it was under any limits.
        let limits = Limits::new(Some(&limits), &[]);
        let mut judged = conclusion::judged_anew(&stored, &limits).unwrap_or(stored);
        seal(&mut judged);
        Ok(judged)
    }
}
