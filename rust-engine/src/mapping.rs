//! Files mapped into memory: a model, the only copy of its weights, and results, which are written where
//! they stay.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe by its nature; this module is the one place"
)]

use std::fs::File;
use std::io::{self, Read};
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Advice;
use rayon::prelude::*;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// The bytes of a file.
pub struct Mapping(memmap2::Mmap);

impl Mapping {
    /// Maps a whole regular file for reading.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        // SAFETY: the bytes behind the mapping are changed by nobody as long as the file is not
        // written to; that a model file stands still while it is evaluated is the condition of
        // every engine that maps one, and the only one under which its result means anything.
        #[cfg(not(feature = "faults"))]
        let map = unsafe { memmap2::Mmap::map(&file) }?;
        // SAFETY: as above. What is changed is changed in this process alone.
        #[cfg(feature = "faults")]
        let map = unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file) }?;
        Ok(Self(map))
    }

    /// With other bytes at `place`; the file keeps its own.
    #[cfg(feature = "faults")]
    pub(crate) fn changed(
        self,
        place: Range<usize>,
        change: impl FnOnce(&mut [u8]),
    ) -> io::Result<Self> {
        let mut map = self.0.make_mut()?;
        change(&mut map[place]);
        Ok(Self(map.make_read_only()?))
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes that are got at once.
const RUN: usize = 1 << 19;

/// A file of a known size whose bytes are written in memory.
pub struct Written(memmap2::MmapMut);

impl Written {
    /// Gives the file its size, on the disk, too: a page that found no room there would end the process.
    pub fn create(file: &File, size: u64) -> io::Result<Self> {
        if let Err(error) = fallocate(file, FallocateFlags::empty(), 0, size) {
            if error != Errno::OPNOTSUPP {
                return Err(error.into());
            }
            fill(file, size)?;
        }
        // SAFETY: the file was made by this process, under a name that no other one knows, and nobody
        // makes it shorter.
        let map = unsafe { memmap2::MmapMut::map_mut(file) }?;
        Ok(Self(map))
    }

    /// Gets the pages of some bytes before these are written: in runs, by all threads, which takes two thirds of
    /// the time that a fault for each of them takes. A system that cannot do so gets them one by one later.
    pub fn prepare(&self, bytes: Range<usize>) {
        let end = bytes.end.min(self.0.len());
        (bytes.start..end)
            .into_par_iter()
            .step_by(RUN)
            .with_max_len(1)
            .for_each(|start| {
                let length = RUN.min(end - start);
                // Read ahead they are single pages, populated alone large ones. Those are quicker still, but
                // what a virtual machine frees of them it may give back to its host, and gets slowly again.
                self.advise(start, length).ok();
            });
    }

    fn advise(&self, start: usize, length: usize) -> io::Result<()> {
        self.0.advise_range(Advice::WillNeed, start, length)?;
        self.0.advise_range(Advice::PopulateWrite, start, length)
    }

    /// Its bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// For file systems that cannot set room aside.
fn fill(mut file: &File, size: u64) -> io::Result<()> {
    io::copy(&mut io::repeat(0).take(size), &mut file).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_in_the_file() {
        for is_filled in [false, true] {
            let file = tempfile::NamedTempFile::new().expect("a file");
            if is_filled {
                fill(file.as_file(), 5000).expect("room");
                assert_eq!(file.as_file().metadata().expect("there").len(), 5000);
            }
            let mut written = Written::create(file.as_file(), 5000).expect("room");
            assert_eq!(written.bytes().len(), 5000);
            // Whole pages, parts of them, and what is not there.
            for range in [0..4096, 100..5000, 4999..5000, 7..7, 4000..1 << 22] {
                written.prepare(range);
            }
            // The system of the tests can do so.
            written.advise(100, 4900).expect("pages");
            assert!(written.bytes().iter().all(|&byte| byte == 0));
            written.bytes()[4999] = 7;
            drop(written);
            let bytes = std::fs::read(file.path()).expect("readable");
            assert_eq!((bytes.len(), bytes[0], bytes[4999]), (5000, 0, 7));
        }
    }

    #[test]
    fn a_file_that_has_no_room_is_an_error_and_no_signal() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let error = Written::create(file.as_file(), 1 << 60)
            .err()
            .expect("no disk is so large");
        let kind = error.kind();
        let known = [io::ErrorKind::StorageFull, io::ErrorKind::FileTooLarge];
        assert!(known.contains(&kind), "{kind:?}");
    }
}
