//! Parses a header and checks everything that can be checked without the tensors' bytes.

use std::collections::{HashMap, HashSet};

use crate::cursor::Cursor;
use crate::error::GgufError;
use crate::tensor::{TensorInfo, TensorType};
use crate::value::{Array, Text, Value};

/// `ggml` keeps names in 64 bytes, the last one zero.
const TENSOR_NAME_MAX: usize = 63;
/// The format's own limit.
const KEY_MAX: usize = 65_535;
const DIMENSIONS_MAX: u32 = 4;
const ALIGNMENT_DEFAULT: u64 = 32;
const ALIGNMENT_KEY: &str = "general.alignment";

/// What the head of a file says.
#[derive(Clone, Debug)]
pub struct Header {
    version: u32,
    metadata: Metadata,
    tensors: Vec<TensorInfo>,
    places: HashMap<String, usize>,
    alignment: u64,
    data_offset: u64,
}

impl Header {
    /// Parses the header in `head`, the first bytes of a file of `file_bytes` bytes.
    ///
    /// A head that ends too early gives [`GgufError::Incomplete`] as long as the file goes on.
    pub fn parse(head: &[u8], file_bytes: u64) -> Result<Self, GgufError> {
        let mut cursor = Cursor::new(head, file_bytes);
        let version = read_version(&mut cursor)?;
        // A tensor's line takes 32 bytes at least: name length, n_dims, a dimension, type, offset.
        let count_offset = cursor.offset();
        let n_tensors = cursor.u64("tensor count")?;
        // An entry takes 13 bytes at least: key length, value type, one byte of value.
        let n_entries = cursor.count("metadata entries", 13)?;
        let metadata = Metadata::read(&mut cursor, n_entries)?;
        let alignment = alignment(&metadata)?;
        let n_tensors = cursor.check_count(n_tensors, "tensors", 32, count_offset)?;
        let tensors: Vec<_> = (0..n_tensors)
            .map(|number| read_tensor(&mut cursor, number))
            .collect::<Result<_, _>>()?;
        let data_offset = cursor.offset().next_multiple_of(alignment);
        check_places(&tensors, alignment, data_offset, file_bytes)?;
        let names = tensors.iter().map(|tensor| tensor.name.clone());
        Ok(Self {
            version,
            metadata,
            places: names.zip(0..).collect(),
            tensors,
            alignment,
            data_offset,
        })
    }

    /// The format's version, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The tensor table, in the file's order.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.places.get(name).map(|&place| &self.tensors[place])
    }

    /// Each tensor's bytes begin at a multiple of it.
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// Where the data section begins, in bytes from the file's start.
    pub fn data_offset(&self) -> u64 {
        self.data_offset
    }
}

fn read_version(cursor: &mut Cursor<'_>) -> Result<u32, GgufError> {
    let present = cursor.file_bytes().min(4);
    let magic = cursor.take(present, "magic")?;
    if magic != b"GGUF" {
        return Err(GgufError::Magic {
            found: magic.to_vec(),
        });
    }
    match cursor.u32("version")? {
        version @ 2..=3 => Ok(version),
        swapped if matches!(swapped.swap_bytes(), 1..=3) => Err(GgufError::BigEndian),
        found => Err(GgufError::Version { found }),
    }
}

fn alignment(metadata: &Metadata) -> Result<u64, GgufError> {
    match metadata.get(ALIGNMENT_KEY) {
        None => Ok(ALIGNMENT_DEFAULT),
        Some(Value::U32(n)) if n.is_power_of_two() => Ok(u64::from(*n)),
        Some(other) => Err(GgufError::Alignment {
            found: format!("{other:?}"),
        }),
    }
}

fn read_tensor(cursor: &mut Cursor<'_>, number: usize) -> Result<TensorInfo, GgufError> {
    let name = cursor.string("tensor name")?;
    let name = match std::str::from_utf8(name) {
        Ok(text) if !text.is_empty() && text.len() <= TENSOR_NAME_MAX => text.to_owned(),
        _ => {
            return Err(GgufError::Tensor {
                name: format!("number {number}"),
                problem: format!(
                    "its name has {} bytes, expected 1 to {TENSOR_NAME_MAX} bytes of UTF-8",
                    name.len()
                ),
            });
        }
    };
    let fail = |problem: String| GgufError::Tensor {
        name: name.clone(),
        problem,
    };
    let n_dimensions = cursor.u32("tensor dimensions")?;
    if !(1..=DIMENSIONS_MAX).contains(&n_dimensions) {
        return Err(fail(format!(
            "{n_dimensions} dimensions, expected 1 to {DIMENSIONS_MAX}"
        )));
    }
    let dimensions: Vec<u64> = (0..n_dimensions)
        .map(|_| cursor.u64("tensor dimension"))
        .collect::<Result<_, _>>()?;
    let tensor_type = TensorType::from_id(cursor.u32("tensor type")?);
    let offset = cursor.u64("tensor offset")?;
    let elements = dimensions.iter().try_fold(1u64, |n, &d| n.checked_mul(d));
    // Signed, as ggml counts; 0 would make a tensor without a first row.
    let Some(1..=0x7fff_ffff_ffff_ffff) = elements else {
        return Err(fail(format!(
            "dimensions {dimensions:?}: none may be 0, their product must fit 63 bits"
        )));
    };
    let bytes = match tensor_type.block_elements() {
        None => None,
        Some(block) => {
            let rows = dimensions[1..].iter().product();
            let bytes = tensor_type.bytes(dimensions[0], rows);
            Some(bytes.ok_or_else(|| {
                fail(format!(
                    "rows of {} elements, {tensor_type} has blocks of {block}",
                    dimensions[0]
                ))
            })?)
        }
    };
    Ok(TensorInfo {
        name,
        dimensions,
        tensor_type,
        offset,
        bytes,
    })
}

/// Every tensor lies inside the file, on the alignment, and on nobody else's bytes.
fn check_places(
    tensors: &[TensorInfo],
    alignment: u64,
    data_offset: u64,
    file_bytes: u64,
) -> Result<(), GgufError> {
    let fail = |tensor: &TensorInfo, problem: String| {
        Err(GgufError::Tensor {
            name: tensor.name.clone(),
            problem,
        })
    };
    let mut names = HashSet::new();
    let mut places = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        if !names.insert(&tensor.name) {
            return fail(tensor, "given twice".to_owned());
        }
        if !tensor.offset.is_multiple_of(alignment) {
            let offset = tensor.offset;
            return fail(
                tensor,
                format!("offset {offset} is no multiple of {alignment}"),
            );
        }
        let start = data_offset.checked_add(tensor.offset);
        // Of an unknown type only the first byte can be checked.
        let end = start.and_then(|start| start.checked_add(tensor.bytes.unwrap_or(1)));
        let (Some(_), Some(_)) = (start, end.filter(|&end| end <= file_bytes)) else {
            return fail(
                tensor,
                format!(
                    "the file ends before its data: {} bytes at offset {} of the data section, \
                     which begins at byte {data_offset} of a file of {file_bytes}",
                    tensor.bytes.unwrap_or(1),
                    tensor.offset
                ),
            );
        };
        places.push(tensor);
    }
    places.sort_by_key(|tensor| tensor.offset);
    for pair in places.windows(2) {
        // No overflow: both ends were found to be inside the file.
        if pair[0].offset + pair[0].bytes.unwrap_or(1) > pair[1].offset {
            return fail(pair[1], format!("overlaps tensor {:?}", pair[0].name));
        }
    }
    Ok(())
}

/// The metadata entries, in the file's order.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    entries: Vec<(String, Value)>,
    places: HashMap<String, usize>,
}

impl Metadata {
    fn read(cursor: &mut Cursor<'_>, n_entries: usize) -> Result<Self, GgufError> {
        let mut metadata = Self::default();
        for _ in 0..n_entries {
            let offset = cursor.offset();
            let key = read_key(cursor.string("metadata key")?)
                .map_err(|problem| GgufError::Key { offset, problem })?;
            if metadata.places.contains_key(key) {
                return Err(GgufError::DuplicateKey {
                    key: key.to_owned(),
                });
            }
            let value = Value::read(cursor, key)?;
            metadata
                .places
                .insert(key.to_owned(), metadata.entries.len());
            metadata.entries.push((key.to_owned(), value));
        }
        Ok(metadata)
    }

    /// Keys and values.
    pub fn entries(&self) -> &[(String, Value)] {
        &self.entries
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.places.get(key).map(|&place| &self.entries[place].1)
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &'static str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, GgufError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match convert(value) {
            Some(converted) => Ok(Some(converted)),
            None => Err(GgufError::WrongType {
                key: key.to_owned(),
                expected,
                found: value.type_name().to_owned(),
            }),
        }
    }

    /// A whole number from 0 to 2^32 - 1, of whatever width the file has it.
    pub fn u32(&self, key: &str) -> Result<Option<u32>, GgufError> {
        self.typed(key, "a whole number below 2^32", |value| {
            value.as_u64()?.try_into().ok()
        })
    }

    /// A 32-bit float.
    pub fn f32(&self, key: &str) -> Result<Option<f32>, GgufError> {
        self.typed(key, "f32", |value| match value {
            Value::F32(number) => Some(*number),
            _ => None,
        })
    }

    /// A boolean.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, GgufError> {
        self.typed(key, "bool", |value| match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A UTF-8 string.
    pub fn str(&self, key: &str) -> Result<Option<&str>, GgufError> {
        self.typed(key, "a UTF-8 string", |value| match value {
            Value::String(text) => text.as_str(),
            _ => None,
        })
    }

    /// An array of strings.
    pub fn strings(&self, key: &str) -> Result<Option<&[Text]>, GgufError> {
        self.typed(key, "an array of strings", |value| match value {
            Value::Array(Array::String(texts)) => Some(texts.as_slice()),
            _ => None,
        })
    }

    /// An array of 32-bit floats.
    pub fn f32s(&self, key: &str) -> Result<Option<&[f32]>, GgufError> {
        self.typed(key, "an array of f32", |value| match value {
            Value::Array(Array::F32(numbers)) => Some(numbers.as_slice()),
            _ => None,
        })
    }

    /// An array of 32-bit signed numbers.
    pub fn i32s(&self, key: &str) -> Result<Option<&[i32]>, GgufError> {
        self.typed(key, "an array of i32", |value| match value {
            Value::Array(Array::I32(numbers)) => Some(numbers.as_slice()),
            _ => None,
        })
    }
}

fn read_key(bytes: &[u8]) -> Result<&str, &'static str> {
    match std::str::from_utf8(bytes) {
        Err(_) => Err("not UTF-8"),
        Ok("") => Err("empty"),
        Ok(key) if key.len() > KEY_MAX => Err("longer than 65535 bytes"),
        Ok(key) => Ok(key),
    }
}
