//! A model file mapped into memory: the only copy of its weights.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe by its nature; this module is the one place"
)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

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
        place: std::ops::Range<usize>,
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
