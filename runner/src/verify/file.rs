//! A receipt's file: read strictly, and held against what the user demands beside.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemas::environment::Environment;
use schemas::line;
use schemas::receipt::Receipt;

use super::{Finding, findings};
use crate::model_file;
use crate::pattern::Pattern;
use crate::text::escape_path;

/// A position takes about 2 KiB, and contexts have up to 2^17 positions.
const LARGEST_BYTES: u64 = 1 << 28;

/// What is demanded beside a sound receipt.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// For each of these, one of the candidate's kernels has a name like it.
    pub kernels: Vec<Pattern>,
    /// The comparison was made no longer ago.
    pub max_age: Option<Duration>,
}

/// A file that was looked at.
#[derive(Debug)]
pub struct Verified {
    /// Its path.
    pub path: PathBuf,
    /// What it says, if it is a receipt.
    pub receipt: Option<Receipt>,
    /// All that is wrong with it.
    pub findings: Vec<Finding>,
}

/// Looks at one file.
pub fn verify(path: &Path, demands: &Demands) -> Verified {
    let (receipt, findings) = match read(path) {
        Ok(receipt) => {
            let mut findings = findings(&receipt);
            check_kernels(&receipt, demands, &mut findings);
            check_age(path, &receipt, demands, &mut findings);
            (Some(receipt), findings)
        }
        Err(finding) => (None, vec![finding]),
    };
    Verified {
        path: path.to_owned(),
        receipt,
        findings,
    }
}

fn read(path: &Path) -> Result<Receipt, Finding> {
    let unreadable = |error: &dyn ToString| Finding::new("file", error.to_string());
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut text = String::new();
    let mut start = file.take(LARGEST_BYTES + 1);
    let read = start.read_to_string(&mut text);
    read.map_err(|error| unreadable(&error))?;
    if text.len() as u64 > LARGEST_BYTES {
        let problem = format!("is larger than {LARGEST_BYTES} bytes");
        return Err(Finding::new("file", problem));
    }
    line::read_whole(&text).map_err(|error| Finding::new(error.path, error.problem))
}

fn check_kernels(receipt: &Receipt, demands: &Demands, findings: &mut Vec<Finding>) {
    let kernels = receipt.engines.candidate.kernels_in_use();
    let kernels = kernels.unwrap_or_default();
    let is_missing = |it: &&Pattern| !kernels.iter().any(|kernel| it.matches(kernel));
    for pattern in demands.kernels.iter().filter(is_missing) {
        let kernels = kernels.join(", ");
        let problem = format!("are `{kernels}`, expected one like `{}`", pattern.words());
        findings.push(Finding::new("engines.candidate.settings.kernels", problem));
    }
}

/// A stored receipt is the same whenever it is made: the time is in the file beside it.
fn check_age(path: &Path, receipt: &Receipt, demands: &Demands, findings: &mut Vec<Finding>) {
    let Some(max_age) = demands.max_age else {
        return;
    };
    let place = "environment.started_unix_s";
    let started = match started(path, receipt) {
        Ok(started) => started,
        Err(problem) => return findings.push(Finding::new(place, problem)),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    let problem = match now.checked_sub(started) {
        None => "lies in the future".to_owned(),
        Some(age) if age > max_age.as_secs() => {
            format!("is {age} s ago, expected at most {} s", max_age.as_secs())
        }
        Some(_) => return,
    };
    findings.push(Finding::new(place, problem));
}

fn started(path: &Path, receipt: &Receipt) -> Result<u64, String> {
    if let Some(environment) = &receipt.environment {
        return Ok(environment.started_unix_s);
    }
    let beside = path.with_file_name("environment.json");
    let told = |problem: String| format!("{}: {problem}", escape_path(&beside));
    let text =
        model_file::read_text(&beside, LARGEST_BYTES).map_err(|error| told(error.to_string()))?;
    let environment: Environment = line::read(&text).map_err(|error| told(error.to_string()))?;
    Ok(environment.started_unix_s)
}
