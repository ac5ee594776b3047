//! A table that grows row by row and is there when it is complete: as CSV.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use csv::Terminator;
use tempfile::NamedTempFile;

use super::TablesError;
use super::cell::{Cell, Named};
use crate::results::{finish, temporary};
use crate::text::escape_for_terminal;

/// A table that is being written.
pub(super) struct Table {
    path: PathBuf,
    csv: csv::Writer<BufWriter<NamedTempFile>>,
}

impl Table {
    /// `NAME.csv` in a folder; `header` is a row, of which names and kinds count.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        header: &[Named<'_>],
    ) -> Result<Self, TablesError> {
        let path = folder.join(format!("{name}.csv"));
        let file = temporary(folder).map_err(|error| TablesError::write(&path, error))?;
        let csv = csv::WriterBuilder::new()
            .terminator(Terminator::Any(b'\n'))
            .from_writer(BufWriter::new(file));
        let mut table = Self { path, csv };
        table.write(header.iter().map(|(name, _)| name))?;
        Ok(table)
    }

    /// Texts are shown as in messages, so that a row is one line and a terminal obeys none of them.
    pub(super) fn push(&mut self, row: &[Named<'_>]) -> Result<(), TablesError> {
        self.write(row.iter().map(|(_, cell)| shown(cell)))
    }

    fn write(&mut self, fields: impl Iterator<Item = impl AsRef<[u8]>>) -> Result<(), TablesError> {
        let written = self.csv.write_record(fields);
        written.map_err(|error| TablesError::write(&self.path, error.into()))
    }

    /// Puts the table where it belongs.
    pub(super) fn finish(self) -> Result<(), TablesError> {
        let stored = || -> io::Result<()> {
            let buffer = self
                .csv
                .into_inner()
                .map_err(csv::IntoInnerError::into_error)?;
            let file = buffer
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            finish(file, &self.path)
        };
        stored().map_err(|error| TablesError::write(&self.path, error))
    }
}

/// Numbers have the form that canonical JSON gives them.
fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => text.as_deref().map(escape_for_terminal),
        Cell::Count(count) => count.map(|count| count.to_string()),
        Cell::Number(number) => number
            .and_then(serde_json::Number::from_f64)
            .map(|number| number.to_string()),
        Cell::Flag(flag) => flag.map(|flag| flag.to_string()),
    }
    .unwrap_or_default()
}
