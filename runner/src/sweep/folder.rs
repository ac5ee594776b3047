//! Where a run lies, and how it is read back: a plan, and a folder for each case that has come to
//! something.
//!
//! ```text
//! RUN/plan.json                     the plan, as it was given
//! RUN/cases/ID/receipt.json         what a case came to; the last file of it but for the next
//! RUN/cases/ID/environment.json     when, where and by which programs
//! RUN/cases/ID/tokens.json          the agreed tokens
//! RUN/cases/ID/worst.json           what both engines find most likely at the worst rows
//! RUN/cases/ID/*.failing.npy        both engines' logits of the first position that diverged
//! ```
//! A folder that shards write into and a merged run look the same; tables and summaries are added by
//! merging. Nothing here is trusted: sizes are bounded, unknown fields refused, digests compared.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schemas::line;
use schemas::plan::{Plan, PlannedCase};
use schemas::receipt::Receipt;

use crate::exit::Exit;
use crate::model_file;
pub use crate::results::{ENVIRONMENT, RECEIPT};
use crate::seal::{self, sha256};
use crate::text::escape_path;

/// The plan of a run.
pub const PLAN: &str = "plan.json";
/// The folders of its cases.
pub const CASES: &str = "cases";

/// A plan has its prompts in it: 100,000 of 10 kB each.
const PLAN_BYTES: u64 = 1 << 30;
/// A position takes about 2 KiB, and contexts have up to 2^17 positions.
pub(super) const RECEIPT_BYTES: u64 = 1 << 28;

/// Why a run cannot be read.
#[derive(Debug)]
pub struct FolderError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl FolderError {
    /// A file that is there and is not what it should be.
    pub fn exit(&self) -> Exit {
        Exit::BadInput
    }
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", escape_path(&self.path), self.problem)
    }
}

impl std::error::Error for FolderError {}

/// A run with its plan. Receipts are read one at a time: all of them may be more than memory holds.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    /// What was planned.
    pub plan: Plan,
    /// `sha256:` and the digest of the plan's file.
    pub plan_sha256: String,
}

impl RunFolder {
    /// The run in a folder.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let (plan, plan_sha256) = read_plan(&root.join(PLAN))?;
        Ok(Self {
            root: root.to_owned(),
            plan,
            plan_sha256,
        })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a case, which may not be there.
    pub fn case(&self, id: &str) -> PathBuf {
        self.root.join(CASES).join(id)
    }

    /// The receipt of a case; `None`: there is none.
    pub fn receipt(&self, case: &PlannedCase) -> Result<Option<Receipt>, FolderError> {
        read_receipt(&self.case(&case.keys.id).join(RECEIPT))
    }

    /// The names of the folders under `cases`, sorted.
    pub fn case_folders(&self) -> Result<Vec<String>, FolderError> {
        case_folders(&self.root)
    }
}

/// The names of the folders under `cases` of a run, sorted.
pub fn case_folders(root: &Path) -> Result<Vec<String>, FolderError> {
    let path = root.join(CASES);
    let names = || -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| {
            let name = entry?.file_name();
            Ok(name.to_string_lossy().into_owned())
        });
        names.collect()
    };
    let mut names = names().map_err(|error| FolderError {
        path: path.clone(),
        problem: error.to_string(),
    })?;
    names.sort();
    Ok(names)
}

/// The text of a plan's file and its digest, without a look at what it says.
pub fn plan_text(path: &Path) -> Result<(String, String), FolderError> {
    let text = model_file::read_text(path, PLAN_BYTES).map_err(|error| FolderError {
        path: path.to_owned(),
        problem: error.to_string(),
    })?;
    let digest = sha256(text.as_bytes());
    Ok((text, digest))
}

/// A plan and the digest of its file.
pub fn read_plan(path: &Path) -> Result<(Plan, String), FolderError> {
    let bad = |problem: String| FolderError {
        path: path.to_owned(),
        problem,
    };
    let (text, digest) = plan_text(path)?;
    let plan = line::read_whole(&text).map_err(|error| bad(error.to_string()))?;
    Ok((plan, digest))
}

/// The text of a file of a run; `None`: there is no such file.
pub(super) fn text_if_there(path: &Path, most_bytes: u64) -> Result<Option<String>, FolderError> {
    match model_file::read_text(path, most_bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FolderError {
            path: path.to_owned(),
            problem: error.to_string(),
        }),
    }
}

/// A receipt that nobody has edited; `None`: there is no such file.
pub fn read_receipt(path: &Path) -> Result<Option<Receipt>, FolderError> {
    let bad = |problem: String| FolderError {
        path: path.to_owned(),
        problem,
    };
    let Some(text) = text_if_there(path, RECEIPT_BYTES)? else {
        return Ok(None);
    };
    // Whoever seals a text of another form by hand could as well have sealed this one.
    if let Some(digest) = seal::of_text(&text)
        && let Ok(receipt) = line::read_unaltered::<Receipt>(&text)
        && receipt.digest == digest
    {
        return Ok(Some(receipt));
    }
    let receipt: Receipt = line::read_whole(&text).map_err(|error| bad(error.to_string()))?;
    let digest = seal::digest(&receipt);
    if receipt.digest != digest {
        return Err(bad(format!(
            "digest is {}, its contents have {digest}",
            receipt.digest
        )));
    }
    Ok(Some(receipt))
}

#[cfg(test)]
mod tests {
    use schemas::canonical;

    use super::*;
    use crate::sweep::testing::{Sweep, Told};

    /// Whichever way its seal is looked at.
    #[test]
    fn a_receipt_is_what_was_sealed_or_refused() {
        let mut receipt = Sweep::of(&[Told::Floors(0.5)]).receipts.remove(0);
        receipt.environment = None;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(RECEIPT);
        let read = |text: &str| {
            fs::write(&path, text).expect("a file");
            let read = read_receipt(&path).map_err(|error| error.problem);
            read.map(|it| it.expect("it is there"))
        };
        let text = canonical::to_string(&receipt).expect("JSON");
        let blanks = text.replace('\n', " \n");
        let compact = serde_json::to_string(&receipt).expect("JSON");
        for form in [&text, &blanks, &compact] {
            assert_eq!(read(form).as_ref(), Ok(&receipt));
            let edited = form.replacen("DRIFT", "MATCH", 1);
            assert_ne!(edited, *form);
            let problem = read(&edited).expect_err("an edited one");
            assert!(problem.contains("its contents have sha256:"), "{problem}");
        }
        let problem = read(&text.replacen("  \"cpp_tokens\": null,\n", "", 1));
        assert_eq!(
            problem.expect_err("it is not whole"),
            "field `cpp_tokens`: is missing"
        );
    }
}
