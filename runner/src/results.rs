//! Stores an outcome in a folder. Each file appears when it is complete, the receipt last: a
//! folder with a receipt is a whole one.

use std::fs::{self, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use schemas::agreed_tokens::AgreedTokensFile;
use schemas::canonical;
use schemas::receipt::{Receipt, TokensFrom, Verdict};
use schemas::tag::Tag;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::compare::Evaluations;
use crate::floor;
use crate::ladder::Climbed;
use crate::outcome::Outcome;

const LADDER: &str = "ladder.json";
const FLOOR_REPORT: &str = "floors.json";
/// What the names of files begin with that are not complete.
pub(crate) const UNFINISHED: &str = ".unfinished-";
/// What came of a comparison.
pub const RECEIPT: &str = "receipt.json";
/// When, where and by which programs.
pub const ENVIRONMENT: &str = "environment.json";
pub(crate) const TOKENS: &str = "tokens.json";
pub(crate) const WORST: &str = "worst.json";
/// Rows of the positions that diverged, in their order; of a ladder the first row that diverged, be it
/// of a position or of a greedy step.
pub(crate) const FAILING: [&str; 2] = ["candidate.failing.npy", "reference.failing.npy"];
/// All rows, when asked for.
const ALL: [&str; 4] = [
    "candidate.logits.npy",
    "reference.logits.npy",
    "candidate.greedy.npy",
    "reference.greedy.npy",
];

/// Makes the folder, takes an earlier receipt out of it, and makes sure that files can be made there.
/// However this run ends, no other one's verdict is taken for its own.
pub fn prepare_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    remove_if_there(&folder.join(RECEIPT))?;
    remove_if_there(&folder.join(LADDER))?;
    remove_if_there(&folder.join(FLOOR_REPORT))?;
    // Those of an earlier climb's prompts would stand beside another verdict.
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_if_there(&entry.path().join(RECEIPT))?;
        }
    }
    temporary(folder).map(drop)
}

/// Writes `outcome` into `folder`, over what an earlier comparison left there.
pub fn store(outcome: &mut Outcome, folder: &Path, keep_logits: bool) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // The receipt goes first: what stands beside no receipt is of no comparison.
    let names = [RECEIPT, ENVIRONMENT, TOKENS, WORST].into_iter();
    for name in names.chain(FAILING).chain(ALL) {
        remove_if_there(&folder.join(name))?;
    }
    let mut receipt = outcome.receipt.clone();
    if let Some(environment) = receipt.environment.take() {
        write_json(folder, ENVIRONMENT, &environment)?;
    }
    if let Some(tokens) = agreed_tokens(&receipt) {
        write_json(folder, TOKENS, &tokens)?;
    }
    if let Some(worst) = outcome.worst.take() {
        write_json(folder, WORST, &worst)?;
    }
    if let Some(evaluations) = outcome.evaluations.take() {
        store_logits(folder, &receipt, evaluations, keep_logits)?;
    }
    if let Some(row) = outcome.failing.take() {
        for (name, row) in FAILING.iter().zip([row.candidate, row.reference]) {
            write_rows(folder, name, [1, row.len()], |_, out| {
                out.copy_from_slice(&row);
                Ok(())
            })?;
        }
    }
    write_json(folder, RECEIPT, &receipt)
}

/// The same in the folder of a case that may have a result. That one stays until the new one is whole:
/// whatever is broken off in between, or finds no room, takes none away. The environment comes last, since
/// without it no result is taken for one of today's programs.
pub(crate) fn replace(outcome: &mut Outcome, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let new = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(folder)?;
    store(outcome, new.path(), false)?;
    remove_if_there(&folder.join(ENVIRONMENT))?;
    let names = [TOKENS, WORST].into_iter().chain(FAILING).chain(ALL);
    for name in names.chain([RECEIPT, ENVIRONMENT]) {
        let (from, to) = (new.path().join(name), folder.join(name));
        if from.exists() {
            fs::rename(from, to)?;
        } else {
            remove_if_there(&to)?;
        }
    }
    Ok(())
}

/// The tokens that both engines made. What the reference alone made of the prompt is in the receipt and
/// was agreed on by nobody.
pub(crate) fn agreed_tokens(receipt: &Receipt) -> Option<AgreedTokensFile> {
    let agreed = receipt.tokens_from == Some(TokensFrom::Agreed);
    let ids = receipt.tokens.clone().filter(|_| agreed)?;
    Some(AgreedTokensFile {
        schema: Tag::new(),
        ids,
    })
}

/// Removes what a process that was killed had not finished in a folder that nobody else writes into.
pub(crate) fn clear_unfinished(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

/// Writes the record of a climb into `folder`, and what came of each prompt into a folder of its own.
pub fn store_climb(climbed: &mut Climbed, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for outcome in &mut climbed.outcomes {
        // A name of a set is a word of lower-case letters, digits and hyphens.
        if let Some(set) = outcome.receipt.prompt_set.clone() {
            store(outcome, &folder.join(set.prompt), false)?;
        }
    }
    write_json(folder, LADDER, &climbed.ladder)
}

/// Writes what `lockstep floor` found in short, and the floor of each prompt.
pub fn store_floors(found: &floor::command::Found, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (prompt, floor) in &found.floors {
        // A name of a set is a word of lower-case letters, digits and hyphens.
        write_json(folder, &format!("{prompt}.floor.json"), floor)?;
    }
    write_json(folder, FLOOR_REPORT, &found.report)
}

pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn store_logits(
    folder: &Path,
    receipt: &Receipt,
    evaluations: Evaluations,
    keep_logits: bool,
) -> io::Result<()> {
    let Evaluations {
        candidate,
        reference,
    } = evaluations;
    let failing: Vec<usize> = receipt
        .positions
        .iter()
        .filter(|position| position.row.verdict == Verdict::Diverged)
        .map(|position| position.position as usize)
        .collect();
    if !failing.is_empty() {
        for (name, logits) in FAILING.iter().zip([&candidate.logits, &reference.logits]) {
            let shape = [failing.len(), logits.columns()];
            write_rows(folder, name, shape, |at, row| {
                let read = logits.read_row(failing[at], row);
                read.map_err(io::Error::other)
            })?;
        }
    }
    if keep_logits {
        let files = [
            candidate.logits,
            reference.logits,
            candidate.greedy,
            reference.greedy,
        ];
        for (name, file) in ALL.iter().zip(files) {
            file.keep(&folder.join(name))?;
        }
    }
    Ok(())
}

pub(crate) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    // Readable as any new file is; a temporary file would be private.
    tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

pub(crate) fn finish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

pub(crate) fn write_json(folder: &Path, name: &str, object: &impl Serialize) -> io::Result<()> {
    let text = canonical::to_string(object).map_err(io::Error::other)?;
    write_text(folder, name, &text)
}

/// Writes a file whole or not at all.
pub(crate) fn write_text(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = temporary(folder)?;
    file.write_all(text.as_bytes())?;
    finish(file, &folder.join(name))
}

/// Writes rows of logits as `read` gives them, one after the other.
fn write_rows(
    folder: &Path,
    name: &str,
    [rows, columns]: [usize; 2],
    read: impl Fn(usize, &mut [f32]) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(temporary(folder)?);
    out.write_all(&npy_header(rows, columns))?;
    let mut row = vec![0f32; columns];
    for number in 0..rows {
        read(number, &mut row)?;
        for value in &row {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    finish(file, &folder.join(name))
}

/// Magic, version 1.0, header length, header; the data begins at a multiple of 64.
pub(crate) fn npy_header(rows: usize, columns: usize) -> Vec<u8> {
    const FIXED: usize = 10;
    let text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let width = (FIXED + text.len() + 1).next_multiple_of(64) - FIXED - 1;
    let text = format!("{text:width$}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_begins_at_a_multiple_of_64() {
        for (rows, columns) in [(1, 2), (12_345, 262_144)] {
            let header = npy_header(rows, columns);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(header.last(), Some(&b'\n'));
            assert_eq!(
                usize::from(u16::from_le_bytes([header[8], header[9]])),
                header.len() - 10
            );
        }
    }
}
