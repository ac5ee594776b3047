//! The private folder of one engine process: `tmp/` is its temporary folder, `out/` is where it
//! writes its logits. It is removed with all that is in it when nobody needs it any more.
//!
//! Files in `out/` are opened and removed relative to the folder's own descriptor, so that an
//! engine that swaps the folder for a symbolic link leads nobody elsewhere.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use tempfile::TempDir;

/// The private folder of one engine process.
#[derive(Debug)]
pub(super) struct Scratch {
    out: File,
    // Last, so that the descriptor is closed before the folder is removed.
    folder: TempDir,
}

impl Scratch {
    /// Makes it in `parent`, or in the system's temporary folder.
    pub(super) fn new(parent: Option<&Path>) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("lockstep-");
        let folder = match parent {
            // An absolute path, because the engine may work elsewhere.
            Some(parent) => builder.tempdir_in(std::path::absolute(parent)?)?,
            None => builder.tempdir()?,
        };
        fs::create_dir(folder.path().join("tmp"))?;
        let out = folder.path().join("out");
        fs::create_dir(&out)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let out = File::from(rustix::fs::open(&out, flags, Mode::empty())?);
        Ok(Self { out, folder })
    }

    /// The engine's temporary folder.
    pub(super) fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// Where the engine writes its logits.
    pub(super) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Opens a file in `out/` for reading. A symbolic link is refused, and opening a FIFO
    /// returns at once instead of waiting for somebody to write.
    pub(super) fn open(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(
            &self.out,
            name,
            flags,
            Mode::empty(),
        )?))
    }

    /// Removes a file in `out/`; that there is none is no failure.
    pub(super) fn remove(&self, name: &str) {
        // The whole folder goes in the end, so a file that stays now only costs space.
        let _ = rustix::fs::unlinkat(&self.out, name, AtFlags::empty());
    }
}
