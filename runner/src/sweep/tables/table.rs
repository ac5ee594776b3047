//! One table in all its forms, each of which has the same cells.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::TablesError;
use super::cell::{Cell, Named};
use super::csv_file::CsvFile;
use super::parquet_file::ParquetFile;
use crate::results::remove_if_there;
use crate::text::escape_for_terminal;

/// A table that is being written.
pub(super) struct Table {
    csv: (PathBuf, CsvFile),
    parquet: (PathBuf, Option<ParquetFile>),
}

impl Table {
    /// `NAME.csv` in a folder, and `NAME.parquet` where it is wanted; `header` is a row of empty cells.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        header: &[Named<'_>],
        parquet: bool,
    ) -> Result<Self, TablesError> {
        let path = folder.join(format!("{name}.csv"));
        let csv = CsvFile::create(folder, header).map_err(TablesError::write(&path))?;
        let parquet_path = folder.join(format!("{name}.parquet"));
        let parquet = parquet.then(|| ParquetFile::create(folder, header));
        let parquet = parquet
            .transpose()
            .map_err(TablesError::write(&parquet_path))?;
        Ok(Self {
            csv: (path, csv),
            parquet: (parquet_path, parquet),
        })
    }

    pub(super) fn push(&mut self, row: Vec<Named<'_>>) -> Result<(), TablesError> {
        let row: Vec<_> = row
            .into_iter()
            .map(|(name, cell)| (name, plain(cell)))
            .collect();
        let (path, csv) = &mut self.csv;
        csv.push(&row).map_err(TablesError::write(path))?;
        let (path, parquet) = &mut self.parquet;
        match parquet {
            Some(parquet) => parquet.push(&row).map_err(TablesError::write(path)),
            None => Ok(()),
        }
    }

    /// Puts the table where it belongs, and takes away what an earlier run left under a name that is
    /// not wanted now: it would be of other results.
    pub(super) fn finish(self) -> Result<(), TablesError> {
        let (path, csv) = self.csv;
        csv.finish(&path).map_err(TablesError::write(&path))?;
        let (path, parquet) = self.parquet;
        let done = match parquet {
            Some(parquet) => parquet.finish(&path),
            None => remove_if_there(&path),
        };
        done.map_err(TablesError::write(&path))
    }
}

/// A cell whose text is shown as in messages, so that a row of CSV is one line and a terminal obeys
/// none of it. CSV cannot tell an empty text from none: neither does Parquet here.
fn plain(cell: Cell<'_>) -> Cell<'_> {
    match cell {
        Cell::Text(text) => {
            let text = text.filter(|text| !text.is_empty());
            Cell::Text(text.map(|text| Cow::Owned(escape_for_terminal(&text))))
        }
        other => other,
    }
}
