//! Where the engines of one worker leave their logits for a moment: a folder that goes with the worker,
//! be it that the next one removes it.
//!
//! Whoever is killed cannot tidy up, and a worker that is killed every night would fill the disk. So a
//! worker holds a lock in its folder; what nobody holds a lock in was left by a dead one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

/// What the names of these folders begin with.
const PREFIX: &str = "lockstep-run-";
/// The same before the lock is held.
const NEW_PREFIX: &str = "lockstep-new-";
const LOCK: &str = "lock";

/// The folder of a worker, which goes with it.
#[derive(Debug)]
pub(super) struct Workroom {
    folder: PathBuf,
    _lock: File,
}

impl Workroom {
    /// Makes one in `parent`, and removes those of the dead.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        remove_those_of_the_dead(parent);
        let new = tempfile::Builder::new()
            .prefix(NEW_PREFIX)
            .tempdir_in(parent)?;
        let lock = File::create_new(new.path().join(LOCK))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        let name = new.path().file_name().unwrap_or_default().to_string_lossy();
        let folder = parent.join(name.replacen(NEW_PREFIX, PREFIX, 1));
        fs::rename(new.path(), &folder)?;
        // It has another name now, so there is nothing to remove.
        let _ = new.keep();
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Workroom {
    fn drop(&mut self) {
        // If that fails, the next worker does it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A courtesy to the disk: a folder in which names cannot be listed is good enough to work in.
fn remove_those_of_the_dead(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten();
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Other users' folders are theirs.
        let Ok(lock) = File::options().write(true).open(entry.path().join(LOCK)) else {
            continue;
        };
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).expect("a folder").count()
    }

    #[test]
    fn a_dead_workers_folder_is_removed_and_a_living_ones_is_not() {
        let parent = tempfile::tempdir().expect("folder");
        let living = Workroom::new(parent.path()).expect("a room");
        let dead = parent.path().join("lockstep-run-dead");
        fs::create_dir(&dead).expect("a folder");
        fs::write(dead.join(LOCK), "").expect("written");
        fs::write(dead.join("logits.npy"), "much").expect("written");
        fs::create_dir(parent.path().join("lockstep-running")).expect("a folder");
        let other = Workroom::new(parent.path()).expect("a room");
        assert!(living.path().is_dir() && other.path().is_dir());
        assert!(!dead.exists());
        assert_eq!(names(parent.path()), 3, "what is not ours stays");
        drop((living, other));
        assert_eq!(names(parent.path()), 1);
    }
}
