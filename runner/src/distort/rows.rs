//! A file of rows that is changed in place: one row in memory at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Magic, version and the length of the text.
const PREFIX_BYTES: u64 = 10;

/// An open file, `[rows][columns]`.
pub(super) struct Rows {
    file: File,
    pub(super) count: usize,
    columns: usize,
    data_offset: u64,
}

impl Rows {
    /// Opens the file, which must have as many numbers as the shape says.
    pub(super) fn open(path: &Path, [rows, columns]: [u64; 2]) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut length = [0; 2];
        file.read_exact_at(&mut length, PREFIX_BYTES - 2)?;
        let data_offset = PREFIX_BYTES + u64::from(u16::from_le_bytes(length));
        let bytes = rows.checked_mul(columns).and_then(|numbers| {
            numbers
                .checked_mul(size_of::<f32>() as u64)?
                .checked_add(data_offset)
        });
        let found = file.metadata()?.len();
        if bytes != Some(found) || columns == 0 {
            let problem = format!("{found} bytes, expected {rows} rows of {columns} numbers");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(Self {
            file,
            count: rows as usize,
            columns: columns as usize,
            data_offset,
        })
    }

    /// The same rows in a file without a name.
    pub(super) fn copy(&self) -> io::Result<Self> {
        let mut copy = tempfile::tempfile()?;
        (&self.file).rewind()?;
        io::copy(&mut &self.file, &mut copy)?;
        Ok(Self {
            file: copy,
            ..*self
        })
    }

    pub(super) fn read(&self, row: usize) -> io::Result<Vec<f32>> {
        let mut bytes = vec![0; self.columns * size_of::<f32>()];
        self.file.read_exact_at(&mut bytes, self.offset(row))?;
        let (quads, _) = bytes.as_chunks();
        Ok(quads.iter().map(|&quad| f32::from_le_bytes(quad)).collect())
    }

    pub(super) fn write(&self, row: usize, logits: &[f32]) -> io::Result<()> {
        let bytes: Vec<u8> = logits
            .iter()
            .flat_map(|logit| logit.to_le_bytes())
            .collect();
        self.file.write_all_at(&bytes, self.offset(row))
    }

    pub(super) fn edit(&self, row: usize, edit: impl FnOnce(&mut [f32])) -> io::Result<()> {
        let mut logits = self.read(row)?;
        edit(&mut logits);
        self.write(row, &logits)
    }

    /// Edits every row.
    pub(super) fn edit_each(&self, edit: impl Fn(&mut [f32])) -> io::Result<()> {
        (0..self.count).try_for_each(|row| self.edit(row, &edit))
    }

    /// Lets the file end before this row.
    pub(super) fn end_before(&self, row: usize) -> io::Result<()> {
        self.file.set_len(self.offset(row))
    }

    /// Lets the file end in the middle of its numbers.
    pub(super) fn end_in_the_middle(&self) -> io::Result<()> {
        let bytes = self.offset(self.count) - self.data_offset;
        self.file.set_len(self.data_offset + bytes / 2)
    }

    /// Lets the header say that there are so many rows; fewer digits leave more blanks.
    pub(super) fn say(&self, rows: usize) -> io::Result<()> {
        let columns = self.columns;
        let text =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        let width = (self.data_offset - PREFIX_BYTES) as usize - 1;
        let text = format!("{text:width$}\n");
        self.file.write_all_at(text.as_bytes(), PREFIX_BYTES)
    }

    fn offset(&self, row: usize) -> u64 {
        self.data_offset + (row * self.columns * size_of::<f32>()) as u64
    }
}
