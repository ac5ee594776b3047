//! Tensors of a file by name, checked against the shape that a model of its sizes has.

use std::collections::HashSet;
use std::ops::Range;

use gguf::{TensorInfo, TensorType};

use super::{ModelError, ModelFile};
use crate::formats::{self, Matrix, i2_s};

/// Where a matrix is in the file.
#[derive(Clone, Debug)]
pub struct Weight {
    pub(crate) tensor_type: TensorType,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Of whole rows: what stands behind the last one is not part of it.
    pub(crate) place: Range<usize>,
    pub(crate) scale: f32,
}

impl Weight {
    /// The matrix with its bytes.
    pub fn of<'a>(&self, file: &'a ModelFile) -> Matrix<'a> {
        Matrix {
            tensor_type: self.tensor_type,
            columns: self.columns,
            rows: self.rows,
            bytes: &file.bytes[self.place.clone()],
            scale: self.scale,
        }
    }

    /// The same rows as several matrices, one after another: `rows` of each, all of them together.
    pub(super) fn split<const N: usize>(&self, rows: [usize; N]) -> [Self; N] {
        let row_bytes = self.place.len() / self.rows;
        let mut start = self.place.start;
        rows.map(|rows| {
            let end = start + rows * row_bytes;
            let place = std::mem::replace(&mut start, end)..end;
            Self {
                rows,
                place,
                ..self.clone()
            }
        })
    }
}

/// Finds tensors and keeps book of them.
pub(super) struct Finder<'a> {
    file: &'a ModelFile,
    found: HashSet<String>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(file: &'a ModelFile) -> Self {
        Self {
            file,
            found: HashSet::new(),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.file.header.tensor(name).is_some()
    }

    /// The tensor of this name, of a type that can be read and of this shape.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<&'a TensorInfo, ModelError> {
        let tensor = self.file.header.tensor(name);
        let tensor =
            tensor.ok_or_else(|| ModelError::unsupported(format!("tensor {name:?} is missing")))?;
        if !formats::SUPPORTED.contains(&tensor.tensor_type) {
            let known: Vec<_> = formats::SUPPORTED.iter().map(ToString::to_string).collect();
            return Err(ModelError::unsupported(format!(
                "tensor {name:?} has type {} (known: {})",
                tensor.tensor_type,
                known.join(", ")
            )));
        }
        // A file may write trailing dimensions of 1.
        let mut dimensions = tensor.dimensions.clone();
        while dimensions.len() > shape.len() && dimensions.last() == Some(&1) {
            dimensions.pop();
        }
        if !dimensions
            .iter()
            .eq(shape.iter().map(|&n| n as u64).collect::<Vec<_>>().iter())
        {
            return Err(ModelError::unsupported(format!(
                "tensor {name:?} has the shape {:?}, expected {shape:?}",
                tensor.dimensions
            )));
        }
        self.found.insert(name.to_owned());
        Ok(tensor)
    }

    fn place(&self, tensor: &TensorInfo) -> Range<usize> {
        // The header was checked against the file, which is mapped: both fit a usize.
        let start = (self.file.header.data_offset() + tensor.offset) as usize;
        let bytes = tensor.bytes.expect("every supported type has a size");
        start..start + bytes as usize
    }

    pub(super) fn weight(
        &mut self,
        name: &str,
        columns: usize,
        rows: usize,
    ) -> Result<Weight, ModelError> {
        let tensor = self.tensor(name, &[columns, rows])?;
        let place = self.place(tensor);
        let bytes = &self.file.bytes[place.clone()];
        let matrix = Matrix::of_tensor(tensor.tensor_type, columns, rows, bytes);
        if tensor.tensor_type == TensorType::I2_S {
            i2_s::check_codes(matrix.bytes)
                .map_err(|found| ModelError::unsupported(format!("tensor {name:?}: {found}")))?;
        }
        Ok(Weight {
            tensor_type: tensor.tensor_type,
            columns,
            rows,
            place: place.start..place.start + matrix.bytes.len(),
            scale: matrix.scale,
        })
    }

    /// A short tensor, decoded.
    pub(super) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.tensor(name, &[length])?;
        if tensor.tensor_type != TensorType::F32 {
            return Err(ModelError::unsupported(format!(
                "tensor {name:?} has type {}: norms, biases and factors are F32",
                tensor.tensor_type
            )));
        }
        let mut values = vec![0.0; length];
        let bytes = &self.file.bytes[self.place(tensor)];
        Matrix::of_tensor(tensor.tensor_type, length, 1, bytes).decode_row(0, &mut values);
        Ok(values)
    }

    pub(super) fn optional_vector(
        &mut self,
        name: &str,
        length: usize,
    ) -> Result<Option<Vec<f32>>, ModelError> {
        self.has(name)
            .then(|| self.vector(name, length))
            .transpose()
    }

    pub(super) fn check_nothing_left(&self) -> Result<(), ModelError> {
        let mut tensors = self.file.header.tensors().iter();
        match tensors.find(|tensor| !self.found.contains(&tensor.name)) {
            None => Ok(()),
            Some(tensor) => Err(ModelError::unsupported(format!(
                "tensor {:?} is not part of the architecture as it is known here",
                tensor.name
            ))),
        }
    }
}
