//! Who works on a case: of several workers on one folder, one at a time.
//!
//! A claim is a lock on a file, which the system lets go of when its holder ends in whatever way: what
//! a worker that was killed had claimed is free at once. The files stay, for to remove one would let
//! two workers hold locks of the same name. A file system without locks gives an error, not a race.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// The folder of the claims.
pub const CLAIMS: &str = "claims";

/// The claims on a folder's cases.
#[derive(Debug)]
pub struct Claims {
    folder: PathBuf,
}

/// A case is ours until this is dropped.
#[derive(Debug)]
pub struct Claim {
    _locked: File,
}

impl Claims {
    /// In a folder that is made if it is not there.
    pub fn new(run: &Path) -> io::Result<Self> {
        let folder = run.join(CLAIMS);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The claim on a case, unless somebody else has it.
    pub fn take(&self, id: &str) -> io::Result<Option<Claim>> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.folder.join(id))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Claim { _locked: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_claimed_once_until_it_is_let_go() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, other) = (Claims::new(folder.path()), Claims::new(folder.path()));
        let (one, other) = (one.expect("claims"), other.expect("claims"));
        let claim = one.take("a").expect("a lock").expect("free");
        assert!(other.take("a").expect("a lock").is_none());
        assert!(one.take("a").expect("a lock").is_none());
        assert!(other.take("b").expect("a lock").is_some());
        drop(claim);
        assert!(other.take("a").expect("a lock").is_some());
    }
}
