//! A table as Parquet: typed columns, any of whose cells may be null.
//!
//! ```text
//! text -> BYTE_ARRAY (String)   count -> INT64 (unsigned)   number -> DOUBLE   flag -> BOOLEAN
//! ```
//! Parquet stores column after column, so rows are kept until there is a group of them. The file is not
//! compressed: figures do not compress, and the words and zeros that repeat are in dictionaries.

use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use tempfile::NamedTempFile;

use super::cell::{Cell, Named};
use crate::results::{finish, temporary};

/// Rows in a group: at 40 columns of 8 bytes 10 MB are kept. In tests so few that there are several
/// groups.
const GROUP_ROWS: usize = if cfg!(test) { 4 } else { 1 << 15 };

/// A table that is being written.
pub(super) struct ParquetFile {
    writer: SerializedFileWriter<NamedTempFile>,
    columns: Vec<Column>,
    /// How many rows are in the columns and not in the file.
    rows: usize,
}

impl ParquetFile {
    /// One in a folder; of the `header` names and kinds count.
    pub(super) fn create(folder: &Path, header: &[Named<'_>]) -> io::Result<Self> {
        // The crate's own name for itself would have its version in it.
        let properties = WriterProperties::builder()
            .set_created_by("lockstep".to_owned())
            .build();
        let writer = SerializedFileWriter::new(
            temporary(folder)?,
            Arc::new(schema(header)?),
            Arc::new(properties),
        );
        Ok(Self {
            writer: writer?,
            columns: header.iter().map(|(_, cell)| Column::of(cell)).collect(),
            rows: 0,
        })
    }

    pub(super) fn push(&mut self, row: &[Named<'_>]) -> io::Result<()> {
        for (column, (_, cell)) in self.columns.iter_mut().zip(row) {
            column.push(cell);
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        let mut columns = self.columns.iter_mut();
        while let Some(mut writer) = group.next_column()? {
            let column = columns.next().expect("the schema has a column for each");
            column.write(&mut writer)?;
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Puts the table where it belongs.
    pub(super) fn finish(mut self, path: &Path) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        finish(self.writer.into_inner()?, path)
    }
}

fn schema(header: &[Named<'_>]) -> Result<Type, ParquetError> {
    let fields = header.iter().map(|(name, cell)| {
        let (physical, logical) = match cell {
            Cell::Text(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            Cell::Count(_) => (PhysicalType::INT64, Some(LogicalType::integer(64, false))),
            Cell::Number(_) => (PhysicalType::DOUBLE, None),
            Cell::Flag(_) => (PhysicalType::BOOLEAN, None),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        Ok(Arc::new(field.build()?))
    });
    let fields: Result<Vec<_>, ParquetError> = fields.collect();
    Type::group_type_builder("row").with_fields(fields?).build()
}

/// What a column's kind is, with the cells that are not in the file.
enum Column {
    Texts(Cells<ByteArrayType>),
    Counts(Cells<Int64Type>),
    Numbers(Cells<DoubleType>),
    Flags(Cells<BoolType>),
}

impl Column {
    fn of(cell: &Cell<'_>) -> Self {
        match cell {
            Cell::Text(_) => Self::Texts(Cells::new()),
            Cell::Count(_) => Self::Counts(Cells::new()),
            Cell::Number(_) => Self::Numbers(Cells::new()),
            Cell::Flag(_) => Self::Flags(Cells::new()),
        }
    }

    fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Texts(cells), Cell::Text(text)) => {
                cells.push(text.as_deref().map(ByteArray::from));
            }
            // The same 64 bits; the column says that they have no sign.
            (Self::Counts(cells), Cell::Count(count)) => cells.push(count.map(u64::cast_signed)),
            (Self::Numbers(cells), Cell::Number(number)) => cells.push(*number),
            (Self::Flags(cells), Cell::Flag(flag)) => cells.push(*flag),
            _ => unreachable!("one function makes all rows of a table and its header"),
        }
    }

    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        match self {
            Self::Texts(cells) => cells.write(writer.typed()),
            Self::Counts(cells) => cells.write(writer.typed()),
            Self::Numbers(cells) => cells.write(writer.typed()),
            Self::Flags(cells) => cells.write(writer.typed()),
        }
    }
}

/// Cells as Parquet has them: the values that are there, and for each cell 1 if it is there, else 0.
struct Cells<T: DataType> {
    values: Vec<T::T>,
    levels: Vec<i16>,
}

impl<T: DataType> Cells<T> {
    fn new() -> Self {
        Self {
            values: Vec::new(),
            levels: Vec::new(),
        }
    }

    fn push(&mut self, value: Option<T::T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    fn write(&mut self, writer: &mut ColumnWriterImpl<'_, T>) -> Result<(), ParquetError> {
        let (values, levels) = (mem::take(&mut self.values), mem::take(&mut self.levels));
        writer.write_batch(&values, Some(&levels), None)?;
        Ok(())
    }
}
