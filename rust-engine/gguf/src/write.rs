//! Writes a GGUF file: the header first, whose size follows from the table, then the tensors.

use std::io::{self, Write};

use crate::tensor::TensorType;
use crate::value::{Array, Text, Value};

/// The alignment of the files written here, the format's default.
const ALIGNMENT: u64 = 32;

/// A tensor to be written.
#[derive(Clone, Debug)]
pub struct PlannedTensor {
    /// Its name.
    pub name: String,
    /// Elements along each dimension, the first one contiguous.
    pub dimensions: Vec<u64>,
    /// Its element type.
    pub tensor_type: TensorType,
}

impl PlannedTensor {
    fn bytes(&self) -> io::Result<u64> {
        let rows = self.dimensions[1..].iter().product();
        let bytes = self.tensor_type.bytes(self.dimensions[0], rows);
        bytes.ok_or_else(|| {
            let Self {
                name, dimensions, ..
            } = self;
            io::Error::other(format!(
                "tensor {name:?}: {dimensions:?} has no size in {}",
                self.tensor_type
            ))
        })
    }
}

/// Writes a version 3 file. `data` is asked once for each tensor, in order, and must write exactly
/// that tensor's bytes.
///
/// A `general.alignment` among the entries is left out: the file has its own.
pub fn file<W: Write>(
    out: &mut W,
    entries: &[(String, Value)],
    tensors: &[PlannedTensor],
    mut data: impl FnMut(usize, &mut Counted<'_, W>) -> io::Result<()>,
) -> io::Result<()> {
    let header = header(entries, tensors)?;
    out.write_all(&header)?;
    pad(out, header.len() as u64)?;
    for (number, tensor) in tensors.iter().enumerate() {
        let mut counted = Counted { out, written: 0 };
        data(number, &mut counted)?;
        let (written, expected) = (counted.written, tensor.bytes()?);
        if written != expected {
            return Err(io::Error::other(format!(
                "tensor {:?}: {written} bytes were written, its type and shape need {expected}",
                tensor.name
            )));
        }
        pad(out, written)?;
    }
    Ok(())
}

/// Counts what goes through it.
pub struct Counted<'a, W> {
    out: &'a mut W,
    written: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn pad<W: Write>(out: &mut W, written: u64) -> io::Result<()> {
    let missing = written.next_multiple_of(ALIGNMENT) - written;
    out.write_all(&[0; ALIGNMENT as usize][..missing as usize])
}

/// The header's bytes, without the padding that follows them.
pub fn header(entries: &[(String, Value)], tensors: &[PlannedTensor]) -> io::Result<Vec<u8>> {
    let entries: Vec<_> = entries
        .iter()
        .filter(|(key, _)| key != "general.alignment")
        .collect();
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3u32.to_le_bytes());
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (key, value) in entries {
        string(&mut bytes, key.as_bytes());
        bytes.extend(value_type(value).to_le_bytes());
        put_value(&mut bytes, value);
    }
    let mut offset = 0u64;
    for tensor in tensors {
        string(&mut bytes, tensor.name.as_bytes());
        bytes.extend((tensor.dimensions.len() as u32).to_le_bytes());
        for dimension in &tensor.dimensions {
            bytes.extend(dimension.to_le_bytes());
        }
        bytes.extend(tensor.tensor_type.id().to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        offset += tensor.bytes()?.next_multiple_of(ALIGNMENT);
    }
    Ok(bytes)
}

fn string(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text);
}

fn value_type(value: &Value) -> u32 {
    match value {
        Value::U8(_) => 0,
        Value::I8(_) => 1,
        Value::U16(_) => 2,
        Value::I16(_) => 3,
        Value::U32(_) => 4,
        Value::I32(_) => 5,
        Value::F32(_) => 6,
        Value::Bool(_) => 7,
        Value::String(_) => 8,
        Value::Array(_) => 9,
        Value::U64(_) => 10,
        Value::I64(_) => 11,
        Value::F64(_) => 12,
    }
}

fn put_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::U8(n) => bytes.extend(n.to_le_bytes()),
        Value::I8(n) => bytes.extend(n.to_le_bytes()),
        Value::U16(n) => bytes.extend(n.to_le_bytes()),
        Value::I16(n) => bytes.extend(n.to_le_bytes()),
        Value::U32(n) => bytes.extend(n.to_le_bytes()),
        Value::I32(n) => bytes.extend(n.to_le_bytes()),
        Value::F32(n) => bytes.extend(n.to_le_bytes()),
        Value::Bool(flag) => bytes.push(u8::from(*flag)),
        Value::String(text) => string(bytes, text.as_bytes()),
        Value::Array(array) => put_array(bytes, array),
        Value::U64(n) => bytes.extend(n.to_le_bytes()),
        Value::I64(n) => bytes.extend(n.to_le_bytes()),
        Value::F64(n) => bytes.extend(n.to_le_bytes()),
    }
}

fn elements<T>(bytes: &mut Vec<u8>, type_id: u32, items: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    bytes.extend(type_id.to_le_bytes());
    bytes.extend((items.len() as u64).to_le_bytes());
    for item in items {
        put(bytes, item);
    }
}

fn put_array(bytes: &mut Vec<u8>, array: &Array) {
    match array {
        Array::U8(v) => elements(bytes, 0, v, |b, n| b.push(*n)),
        Array::I8(v) => elements(bytes, 1, v, |b, n| b.extend(n.to_le_bytes())),
        Array::U16(v) => elements(bytes, 2, v, |b, n| b.extend(n.to_le_bytes())),
        Array::I16(v) => elements(bytes, 3, v, |b, n| b.extend(n.to_le_bytes())),
        Array::U32(v) => elements(bytes, 4, v, |b, n| b.extend(n.to_le_bytes())),
        Array::I32(v) => elements(bytes, 5, v, |b, n| b.extend(n.to_le_bytes())),
        Array::F32(v) => elements(bytes, 6, v, |b, n| b.extend(n.to_le_bytes())),
        Array::Bool(v) => elements(bytes, 7, v, |b, flag| b.push(u8::from(*flag))),
        Array::String(v) => elements(bytes, 8, v, |b, text: &Text| string(b, text.as_bytes())),
        Array::Array(v) => elements(bytes, 9, v, put_array),
        Array::U64(v) => elements(bytes, 10, v, |b, n| b.extend(n.to_le_bytes())),
        Array::I64(v) => elements(bytes, 11, v, |b, n| b.extend(n.to_le_bytes())),
        Array::F64(v) => elements(bytes, 12, v, |b, n| b.extend(n.to_le_bytes())),
    }
}
