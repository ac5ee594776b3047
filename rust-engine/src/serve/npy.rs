//! Writes `.npy` files row by row: little-endian f32, C order, two dimensions.
//!
//! ```text
//! "\x93NUMPY" | 1 | 0 | header length u16 | header, padded with blanks, ended by \n | rows
//! ```
//! The data begins at a multiple of 64. A file appears under its name when it is complete.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::output;

/// Magic, version and header length.
const FIXED: usize = 10;
/// What the data is aligned to, by the format's recommendation.
const ALIGNMENT: usize = 64;

/// A file that is being written.
pub(super) struct NpyWriter {
    out: BufWriter<NamedTempFile>,
    path: PathBuf,
    missing: usize,
}

impl NpyWriter {
    /// A file of `rows × columns` numbers that will be called `folder/name`.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> io::Result<Self> {
        let mut out = BufWriter::new(output::temporary_in(folder)?);
        out.write_all(&header(rows, columns))?;
        Ok(Self {
            out,
            path: folder.join(name),
            missing: rows * columns,
        })
    }

    /// Appends whole rows.
    pub(super) fn write(&mut self, numbers: &[f32]) -> io::Result<()> {
        self.missing = self
            .missing
            .checked_sub(numbers.len())
            .ok_or_else(|| io::Error::other("more rows than were announced"))?;
        let mut bytes = [0u8; 4096];
        for numbers in numbers.chunks(bytes.len() / 4) {
            let (places, _) = bytes.as_chunks_mut::<4>();
            for (place, number) in places.iter_mut().zip(numbers) {
                *place = number.to_le_bytes();
            }
            self.out.write_all(&bytes[..numbers.len() * 4])?;
        }
        Ok(())
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> io::Result<()> {
        if self.missing != 0 {
            return Err(io::Error::other("fewer rows than were announced"));
        }
        let file = self
            .out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

fn header(rows: usize, columns: usize) -> Vec<u8> {
    let mut text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let size = (FIXED + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(' ', size - FIXED - text.len() - 1));
    text.push('\n');
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
        for (rows, columns) in [(0, 1), (1, 49_152), (123_456, 262_144)] {
            let header = header(rows, columns);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(header.last(), Some(&b'\n'));
            let declared = u16::from_le_bytes([header[8], header[9]]);
            assert_eq!(usize::from(declared), header.len() - 10);
        }
    }

    #[test]
    fn a_file_with_missing_rows_never_appears() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut file = NpyWriter::create(folder.path(), "a.npy", 2, 3).expect("a file");
        file.write(&[0.0; 3]).expect("one row");
        assert!(file.finish().is_err());
        let left = std::fs::read_dir(folder.path()).expect("folder").count();
        assert_eq!(left, 0, "nothing may be left behind");
    }

    #[test]
    fn a_row_too_many_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut file = NpyWriter::create(folder.path(), "a.npy", 1, 3).expect("a file");
        assert!(file.write(&[0.0; 6]).is_err());
    }
}
