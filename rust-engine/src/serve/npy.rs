//! Writes `.npy` files: little-endian f32, C order, two dimensions.
//!
//! ```text
//! "\x93NUMPY" | 1 | 0 | header length u16 | header, padded with blanks, ended by \n | rows
//! ```
//! The data begins at a multiple of 64. Rows are computed in the mapped file, where they stay: there is no
//! second copy of them. A row that comes alone is written instead: the system then need not fill each page
//! with zeros first, when it is touched. A file appears under its name when it is complete.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::mapping::Written;
use crate::output;

/// Magic, version and header length.
const FIXED: usize = 10;
/// What the data is aligned to, by the format's recommendation.
const ALIGNMENT: usize = 64;

/// A file that is being written.
pub(super) struct NpyFile {
    file: NamedTempFile,
    map: Written,
    path: PathBuf,
    header_bytes: usize,
    columns: usize,
}

impl NpyFile {
    /// A file of `rows × columns` numbers, zeros so far, that will be called `folder/name`.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> io::Result<Self> {
        let file = output::temporary_in(folder)?;
        let header = header(rows, columns);
        let size = header.len() + rows * columns * 4;
        let mut map = Written::create(file.as_file(), size as u64)?;
        map.bytes()[..header.len()].copy_from_slice(&header);
        Ok(Self {
            file,
            map,
            path: folder.join(name),
            header_bytes: header.len(),
            columns,
        })
    }

    /// `count` rows from `first` on, all of which are about to be written.
    pub(super) fn new_rows(&mut self, first: usize, count: usize) -> &mut [f32] {
        let of_row = self.columns * 4;
        let start = self.header_bytes + first * of_row;
        self.map.prepare(start..start + count * of_row);
        self.rows(first, count)
    }

    /// `count` rows from `first` on.
    pub(super) fn rows(&mut self, first: usize, count: usize) -> &mut [f32] {
        let numbers = &mut self.map.bytes()[self.header_bytes..];
        // In the machine's own order, which is little-endian wherever this is compiled.
        const { assert!(cfg!(target_endian = "little")) };
        let numbers: &mut [f32] = bytemuck::cast_slice_mut(numbers);
        &mut numbers[first * self.columns..][..count * self.columns]
    }

    /// Writes one row.
    pub(super) fn write_row(&self, row: usize, numbers: &[f32]) -> io::Result<()> {
        let offset = self.header_bytes + row * self.columns * 4;
        let bytes = bytemuck::cast_slice(numbers);
        self.file.as_file().write_all_at(bytes, offset as u64)
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> io::Result<()> {
        self.file.persist(&self.path)?;
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
    fn a_file_appears_when_it_is_finished() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let names = || std::fs::read_dir(folder.path()).expect("folder").count();
        let mut file = NpyFile::create(folder.path(), "a.npy", 3, 3).expect("a file");
        file.rows(1, 1).copy_from_slice(&[1.0, 2.0, 3.0]);
        file.rows(0, 1).fill(-0.5);
        file.write_row(2, &[4.0, 5.0, 6.0]).expect("room");
        file.finish().expect("named");
        let bytes = std::fs::read(folder.path().join("a.npy")).expect("there");
        let data: Vec<f32> = bytes[bytes.len() - 36..]
            .as_chunks::<4>()
            .0
            .iter()
            .map(|number| f32::from_le_bytes(*number))
            .collect();
        let expected = [-0.5, -0.5, -0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(data, expected);
        drop(NpyFile::create(folder.path(), "b.npy", 2, 3).expect("a file"));
        assert_eq!(names(), 1, "nothing may be left behind");
    }

    #[test]
    #[should_panic(expected = "range")]
    fn a_row_too_many_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut file = NpyFile::create(folder.path(), "a.npy", 1, 3).expect("a file");
        file.rows(1, 1);
    }
}
