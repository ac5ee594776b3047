//! A file of numbers that an engine wrote, read as what a hostile program may have left there.
//!
//! The name is the one that the protocol gives, never one from an answer. The file is opened
//! once, checked to be a regular file of exactly the size that its shape needs, and read by
//! positioned reads: a mapping would end the runner with SIGBUS if the engine cut the file short
//! later; a read only comes short, which is a fault like any other.
//!
//! What the numbers are, finite or not, is the judge's affair.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use super::fault::{EngineFault, FaultKind};
use super::identity::Identity;
use super::npy::{self, LogitsProblem};
use super::process::is_shortage;
use super::scratch::Scratch;

/// An open file of logits, `[rows][columns]`. It is removed when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct LogitsFile {
    file: Arc<File>,
    place: Arc<Place>,
    rows: usize,
    columns: usize,
    data_offset: u64,
    file_bytes: u64,
    identity: Identity,
}

/// Where a file lies while it is needed.
#[derive(Debug)]
struct Place {
    name: String,
    /// `None`: it is not ours to remove.
    scratch: Option<Arc<Scratch>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(scratch) = &self.scratch {
            scratch.remove(&self.name);
        }
    }
}

impl LogitsFile {
    /// Opens the file `name` of the engine's own folder and checks all but its numbers.
    pub(super) fn open(
        name: String,
        shape: [u64; 2],
        scratch: &Arc<Scratch>,
        identity: &Identity,
    ) -> Result<Self, FaultKind> {
        match Checked::open(scratch, &name, shape) {
            Ok(checked) => Ok(Self::of(checked, name, Some(Arc::clone(scratch)), identity)),
            Err(problem) => {
                scratch.remove(&name);
                Err(FaultKind::BadLogits {
                    file: name,
                    problem,
                })
            }
        }
    }

    /// A file that was kept of an engine's answer; `name` is the one that the answer had.
    pub(super) fn of_kept(
        file: File,
        name: String,
        shape: [u64; 2],
        identity: &Identity,
    ) -> Result<Self, LogitsProblem> {
        Ok(Self::of(Checked::file(file, shape)?, name, None, identity))
    }

    fn of(
        checked: Checked,
        name: String,
        scratch: Option<Arc<Scratch>>,
        identity: &Identity,
    ) -> Self {
        Self {
            file: Arc::new(checked.file),
            place: Arc::new(Place { name, scratch }),
            rows: checked.rows,
            columns: checked.columns,
            data_offset: checked.data_offset,
            file_bytes: checked.file_bytes,
            identity: identity.clone(),
        }
    }

    /// How large the file is.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Hands over the whole file piece by piece, header and all.
    pub fn copy_to(&self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 20];
        let mut offset = 0;
        while offset < self.file_bytes {
            let n = (self.file_bytes - offset).min(buffer.len() as u64) as usize;
            self.file.read_exact_at(&mut buffer[..n], offset)?;
            take(&buffer[..n])?;
            offset += n as u64;
        }
        Ok(())
    }

    /// How many rows there are: one for each position, or for each greedy step.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many numbers a row has: the size of the vocabulary.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Fills `into`, which has room for exactly one row. What it holds after a fault is of no use.
    ///
    /// # Panics
    /// When `row` or the length of `into` is not one of this file: the caller has both from it.
    pub fn read_row(&self, row: usize, into: &mut [f32]) -> Result<(), EngineFault> {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        assert_eq!(into.len(), self.columns, "the buffer holds one row");
        // Neither product overflows: the file has been found to be larger.
        let offset = self.data_offset + (row * self.columns * size_of::<f32>()) as u64;
        self.file
            .read_exact_at(bytemuck::cast_slice_mut(into), offset)
            .map_err(|error| self.fault(row, &error))?;
        // The file's numbers are little-endian; where the machine's are, too, this does nothing.
        for number in into {
            *number = f32::from_bits(u32::from_le(number.to_bits()));
        }
        Ok(())
    }

    /// Stores the file as `to`, under a temporary name until it is complete and synced.
    ///
    /// It is copied, not renamed: the engine may still have the original open for writing, and
    /// the two may lie on different file systems.
    pub fn keep(self, to: &Path) -> io::Result<()> {
        let folder = match to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Readable as any new file is; a temporary file would be private.
        let readable = fs::Permissions::from_mode(0o666);
        let mut copy = tempfile::Builder::new()
            .permissions(readable)
            .tempfile_in(folder)?;
        let mut file = &*self.file;
        file.rewind()?;
        let copied = io::copy(&mut file.take(self.file_bytes), &mut copy)?;
        if copied != self.file_bytes {
            let name = &self.place.name;
            let problem = format!(
                "{name}: {copied} bytes copied, expected {}",
                self.file_bytes
            );
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
        }
        copy.flush()?;
        copy.as_file().sync_all()?;
        copy.persist(to)?;
        Ok(())
    }

    fn fault(&self, row: usize, error: &io::Error) -> EngineFault {
        let problem = match error.kind() {
            io::ErrorKind::UnexpectedEof => LogitsProblem::Shrank { row },
            _ => unreadable(error),
        };
        self.identity.fault(FaultKind::BadLogits {
            file: self.place.name.clone(),
            problem,
        })
    }
}

/// A file whose header and size are right.
struct Checked {
    file: File,
    rows: usize,
    columns: usize,
    data_offset: u64,
    file_bytes: u64,
}

impl Checked {
    fn open(scratch: &Scratch, name: &str, shape: [u64; 2]) -> Result<Self, LogitsProblem> {
        let file = scratch.open(name).map_err(|error| open_problem(&error))?;
        Self::file(file, shape)
    }

    fn file(file: File, shape: [u64; 2]) -> Result<Self, LogitsProblem> {
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err(LogitsProblem::NotAFile);
        }
        let mut prefix = [0; npy::PREFIX_BYTES];
        read_header(&file, &mut prefix, 0)?;
        let mut text = vec![0; npy::text_bytes(prefix)?];
        read_header(&file, &mut text, npy::PREFIX_BYTES as u64)?;
        npy::check_text(&text, shape)?;

        let data_offset = (npy::PREFIX_BYTES + text.len()) as u64;
        let expected_bytes = npy::data_bytes(shape)?.saturating_add(data_offset);
        let found_bytes = metadata.len();
        if found_bytes != expected_bytes {
            return Err(LogitsProblem::Size {
                found_bytes,
                expected_bytes,
            });
        }
        // Both are smaller than the file, whose size the system can address.
        let [rows, columns] = shape.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        Ok(Self {
            file,
            rows,
            columns,
            data_offset,
            file_bytes: found_bytes,
        })
    }
}

fn read_header(file: &File, into: &mut [u8], offset: u64) -> Result<(), LogitsProblem> {
    file.read_exact_at(into, offset)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => LogitsProblem::Header {
                part: "length",
                found: "beyond the end of the file".to_owned(),
                expected: format!("{} bytes from {offset} on", into.len()),
            },
            _ => unreadable(&error),
        })
}

fn open_problem(error: &io::Error) -> LogitsProblem {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => LogitsProblem::Missing,
        // What O_NOFOLLOW makes of a symbolic link; a socket gives NXIO.
        Some(Errno::LOOP | Errno::NXIO) => LogitsProblem::NotAFile,
        _ => unreadable(error),
    }
}

fn unreadable(error: &io::Error) -> LogitsProblem {
    let problem = error.to_string();
    if is_shortage(error) {
        LogitsProblem::NoMeans { problem }
    } else {
        LogitsProblem::Unreadable { problem }
    }
}
