//! What was found: as text, a line for each file and one for each thing that is wrong with it, and as
//! an object.

use std::fmt::Write as _;

use schemas::tag::Tag;
use schemas::verification::{Verification, VerificationFinding, VerifiedFile};

use super::{Finding, Verified};
use crate::exit::Exit;
use crate::judge::word;
use crate::text::{escape_for_terminal, escape_path};

/// Findings of one file that are shown.
const SHOWN: usize = 20;

/// The object for standard output.
pub fn object(files: &[Verified], exit: Exit) -> Verification {
    let finding = |finding: &Finding| VerificationFinding {
        place: finding.place.clone(),
        problem: finding.problem.clone(),
    };
    let file = |file: &Verified| VerifiedFile {
        path: file.path.display().to_string(),
        verdict: file.receipt.as_ref().map(|receipt| receipt.verdict),
        findings: file.findings.iter().map(finding).collect(),
    };
    Verification {
        schema: Tag::new(),
        exit: exit.record(),
        files: files.iter().map(file).collect(),
    }
}

/// The text for standard output.
pub fn report(files: &[Verified]) -> String {
    let mut text = String::new();
    for file in files {
        let path = escape_path(&file.path);
        // Writing to a string cannot fail, here and below.
        let _ = match (&file.receipt, file.findings.as_slice()) {
            (Some(receipt), []) => {
                let reason = escape_for_terminal(&receipt.reason);
                writeln!(text, "✓ {path}: {}: {reason}", word(receipt.verdict))
            }
            _ => writeln!(text, "✗ {path}"),
        };
        let n_findings = file.findings.len();
        for finding in file.findings.iter().take(SHOWN) {
            let _ = writeln!(
                text,
                "    {}: {}",
                escape_for_terminal(&finding.place),
                escape_for_terminal(&finding.problem)
            );
        }
        if n_findings > SHOWN {
            let _ = writeln!(text, "    and {} more", n_findings - SHOWN);
        }
    }
    text
}
