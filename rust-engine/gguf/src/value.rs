//! Metadata values: thirteen types, arrays of them, and arrays of arrays.

use std::fmt;

use crate::cursor::Cursor;
use crate::error::GgufError;

/// Levels of arrays inside arrays that are read. Files in use have one; recursion on untrusted
/// input needs some bound.
const NESTING_MAX: usize = 8;

/// A string as the file has it: bytes, nearly always UTF-8, but a vocabulary may hold others.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text, with U+FFFD for what is not UTF-8; for people.
    pub fn to_lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl<T: Into<Vec<u8>>> From<T> for Text {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

/// One metadata value.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are the format's own type names")]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    String(Text),
    Array(Array),
    U64(u64),
    I64(i64),
    F64(f64),
}

/// Values of one type.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are the format's own type names")]
pub enum Array {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    Bool(Vec<bool>),
    String(Vec<Text>),
    Array(Vec<Array>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
}

impl Array {
    /// How many values.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::String(v) => v.len(),
            Self::Array(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The format's name of the element type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::I8(_) => "i8",
            Self::U16(_) => "u16",
            Self::I16(_) => "i16",
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::F32(_) => "f32",
            Self::Bool(_) => "bool",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::U64(_) => "u64",
            Self::I64(_) => "i64",
            Self::F64(_) => "f64",
        }
    }
}

impl Value {
    /// The format's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::I8(_) => "i8",
            Self::U16(_) => "u16",
            Self::I16(_) => "i16",
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::F32(_) => "f32",
            Self::Bool(_) => "bool",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::U64(_) => "u64",
            Self::I64(_) => "i64",
            Self::F64(_) => "f64",
        }
    }

    /// An unsigned number of any width, or a signed one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::U8(n) => Some(n.into()),
            Self::U16(n) => Some(n.into()),
            Self::U32(n) => Some(n.into()),
            Self::U64(n) => Some(n),
            Self::I8(n) => n.try_into().ok(),
            Self::I16(n) => n.try_into().ok(),
            Self::I32(n) => n.try_into().ok(),
            Self::I64(n) => n.try_into().ok(),
            _ => None,
        }
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>, key: &str) -> Result<Self, GgufError> {
        let what = "metadata value";
        let type_id = cursor.u32("metadata value type")?;
        Ok(match type_id {
            0 => Self::U8(u8::from_le_bytes(cursor.array(what)?)),
            1 => Self::I8(i8::from_le_bytes(cursor.array(what)?)),
            2 => Self::U16(u16::from_le_bytes(cursor.array(what)?)),
            3 => Self::I16(i16::from_le_bytes(cursor.array(what)?)),
            4 => Self::U32(cursor.u32(what)?),
            5 => Self::I32(i32::from_le_bytes(cursor.array(what)?)),
            6 => Self::F32(f32::from_le_bytes(cursor.array(what)?)),
            7 => Self::Bool(bool_of(cursor.array::<1>(what)?[0], key)?),
            8 => Self::String(cursor.string(what)?.into()),
            9 => Self::Array(read_array(cursor, key, 1)?),
            10 => Self::U64(cursor.u64(what)?),
            11 => Self::I64(i64::from_le_bytes(cursor.array(what)?)),
            12 => Self::F64(f64::from_le_bytes(cursor.array(what)?)),
            found => return Err(unknown_type(key, found)),
        })
    }
}

fn unknown_type(key: &str, found: u32) -> GgufError {
    GgufError::ValueType {
        key: key.to_owned(),
        found,
    }
}

fn bool_of(byte: u8, key: &str) -> Result<bool, GgufError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(GgufError::Bool {
            key: key.to_owned(),
            found,
        }),
    }
}

/// `n` numbers of `N` bytes each.
fn numbers<const N: usize, T>(
    cursor: &mut Cursor<'_>,
    from_le_bytes: fn([u8; N]) -> T,
) -> Result<Vec<T>, GgufError> {
    let n = cursor.count("array elements", N as u64)?;
    let bytes = cursor.take((n * N) as u64, "array elements")?;
    let (elements, _) = bytes.as_chunks::<N>();
    Ok(elements
        .iter()
        .map(|&element| from_le_bytes(element))
        .collect())
}

fn read_array(cursor: &mut Cursor<'_>, key: &str, level: usize) -> Result<Array, GgufError> {
    if level > NESTING_MAX {
        return Err(GgufError::Nesting {
            key: key.to_owned(),
            limit: NESTING_MAX,
        });
    }
    let type_id = cursor.u32("array element type")?;
    Ok(match type_id {
        0 => Array::U8(numbers(cursor, u8::from_le_bytes)?),
        1 => Array::I8(numbers(cursor, i8::from_le_bytes)?),
        2 => Array::U16(numbers(cursor, u16::from_le_bytes)?),
        3 => Array::I16(numbers(cursor, i16::from_le_bytes)?),
        4 => Array::U32(numbers(cursor, u32::from_le_bytes)?),
        5 => Array::I32(numbers(cursor, i32::from_le_bytes)?),
        6 => Array::F32(numbers(cursor, f32::from_le_bytes)?),
        7 => {
            let bytes = numbers(cursor, u8::from_le_bytes)?;
            let bools: Result<_, _> = bytes.into_iter().map(|byte| bool_of(byte, key)).collect();
            Array::Bool(bools?)
        }
        8 => {
            // A string takes the 8 bytes of its length at least.
            let n = cursor.count("array strings", 8)?;
            let strings: Result<_, _> = (0..n)
                .map(|_| cursor.string("array string").map(Text::from))
                .collect();
            Array::String(strings?)
        }
        9 => {
            // An array takes the 12 bytes of its element type and count at least.
            let n = cursor.count("arrays in an array", 12)?;
            let arrays: Result<_, _> = (0..n).map(|_| read_array(cursor, key, level + 1)).collect();
            Array::Array(arrays?)
        }
        10 => Array::U64(numbers(cursor, u64::from_le_bytes)?),
        11 => Array::I64(numbers(cursor, i64::from_le_bytes)?),
        12 => Array::F64(numbers(cursor, f64::from_le_bytes)?),
        found => return Err(unknown_type(key, found)),
    })
}
