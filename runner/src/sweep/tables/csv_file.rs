//! A table as CSV that grows row by row and is there when it is complete.

use std::io::{self, BufWriter};
use std::path::Path;

use csv::Terminator;
use tempfile::NamedTempFile;

use super::cell::{Cell, Named};
use crate::results::{finish, temporary};

/// A table that is being written.
pub(super) struct CsvFile(csv::Writer<BufWriter<NamedTempFile>>);

impl CsvFile {
    /// One in a folder; of the `header` the names count.
    pub(super) fn create(folder: &Path, header: &[Named<'_>]) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(Terminator::Any(b'\n'))
            .from_writer(BufWriter::new(temporary(folder)?));
        writer.write_record(header.iter().map(|(name, _)| name))?;
        Ok(Self(writer))
    }

    pub(super) fn push(&mut self, row: &[Named<'_>]) -> io::Result<()> {
        self.0
            .write_record(row.iter().map(|(_, cell)| shown(cell)))?;
        Ok(())
    }

    /// Puts the table where it belongs.
    pub(super) fn finish(self, path: &Path) -> io::Result<()> {
        let buffer = self
            .0
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        let file = buffer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        finish(file, path)
    }
}

/// Numbers have the form that canonical JSON gives them.
fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => text.as_deref().map(str::to_owned),
        Cell::Count(count) => count.map(|count| count.to_string()),
        Cell::Number(number) => number
            .and_then(serde_json::Number::from_f64)
            .map(|number| number.to_string()),
        Cell::Flag(flag) => flag.map(|flag| flag.to_string()),
    }
    .unwrap_or_default()
}
