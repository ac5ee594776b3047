//! `rust-engine f32-twin`: the same model with every weight decoded to F32.
//!
//! The reference evaluates the twin without quantising activations, which is what arithmetic
//! `f32` computes from the original.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use gguf::write::{self, PlannedTensor};
use gguf::{TensorInfo, TensorType, Value};

use crate::formats::{self, Matrix};
use crate::model::{ModelError, ModelFile};
use crate::output;
use crate::serve::{ServeError, io_error};

/// `general.file_type` of a file whose weights are all F32.
const ALL_F32: Value = Value::U32(0);

/// Writes the twin of `model` to `out`, which appears when it is complete.
pub fn write(model: &Path, out: &Path) -> Result<(), ServeError> {
    let failed = |error| ServeError::Model {
        path: model.display().to_string(),
        error,
    };
    output::check_target(out).map_err(ServeError::Usage)?;
    let file = ModelFile::open(model).map_err(failed)?;
    if fs::canonicalize(out).is_ok_and(|out| fs::canonicalize(model).is_ok_and(|m| m == out)) {
        return Err(ServeError::Usage(format!(
            "{}: the twin would take the model's own place",
            out.display()
        )));
    }
    check_types(file.header.tensors()).map_err(failed)?;
    write_file(&file, out).map_err(io_error(format!("writing {}", out.display())))
}

fn check_types(tensors: &[TensorInfo]) -> Result<(), ModelError> {
    let unknown = |tensor: &&TensorInfo| !formats::SUPPORTED.contains(&tensor.tensor_type);
    match tensors.iter().find(unknown) {
        None => Ok(()),
        Some(tensor) => Err(ModelError::unsupported(format!(
            "tensor {:?} has type {}, which cannot be decoded here",
            tensor.name, tensor.tensor_type
        ))),
    }
}

fn write_file(file: &ModelFile, out: &Path) -> io::Result<()> {
    let mut entries = file.header.metadata().entries().to_vec();
    for (key, value) in &mut entries {
        if key == "general.file_type" {
            *value = ALL_F32;
        }
    }
    let tensors = file.header.tensors();
    let planned: Vec<_> = tensors
        .iter()
        .map(|tensor| PlannedTensor {
            name: tensor.name.clone(),
            dimensions: tensor.dimensions.clone(),
            tensor_type: TensorType::F32,
        })
        .collect();
    let mut writer = BufWriter::new(output::temporary_beside(out)?);
    write::file(&mut writer, &entries, &planned, |number, sink| {
        decode_tensor(file, &tensors[number], sink)
    })?;
    let twin = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    twin.as_file().sync_all()?;
    twin.persist(out)?;
    Ok(())
}

fn decode_tensor(file: &ModelFile, tensor: &TensorInfo, sink: &mut impl Write) -> io::Result<()> {
    // The header was checked against the mapped file, so its sizes fit.
    let start = (file.header.data_offset() + tensor.offset) as usize;
    let size = tensor.bytes.expect("every supported type has a size") as usize;
    let bytes = &file.bytes[start..start + size];
    let (columns, rows) = (tensor.columns() as usize, tensor.rows() as usize);
    let matrix = Matrix::of_tensor(tensor.tensor_type, columns, rows, bytes);
    let mut values = vec![0f32; columns];
    for row in 0..rows {
        matrix.decode_row(row, &mut values);
        for value in &values {
            sink.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(())
}
