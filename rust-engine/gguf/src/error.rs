//! What can be wrong with a GGUF file.

use std::fmt;

/// A fact about a file that makes it unusable. Offsets are bytes from the file's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GgufError {
    /// The first four bytes are not `GGUF`.
    Magic {
        /// What is there, as far as the file goes.
        found: Vec<u8>,
    },
    /// The numbers of the file are big-endian.
    BigEndian,
    /// A version that has another layout.
    Version {
        /// The version that the file declares.
        found: u32,
    },
    /// The file ends inside something.
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it begins.
        offset: u64,
        /// How many bytes it needs.
        needed: u64,
        /// Size of the file.
        file_bytes: u64,
    },
    /// The piece of the file that was given ends, but the file goes on.
    Incomplete {
        /// How many bytes of the file are needed at least.
        needed: u64,
    },
    /// A count that the file is too small to hold.
    Count {
        /// What is counted.
        what: &'static str,
        /// The declared count.
        count: u64,
        /// Where it stands.
        offset: u64,
        /// Size of the file.
        file_bytes: u64,
    },
    /// A number that stands for no value type.
    ValueType {
        /// The key, as far as it is known.
        key: String,
        /// The number.
        found: u32,
    },
    /// A boolean that is neither 0 nor 1.
    Bool {
        /// The key.
        key: String,
        /// The byte.
        found: u8,
    },
    /// Arrays inside arrays inside arrays …
    Nesting {
        /// The key.
        key: String,
        /// The deepest level that is read.
        limit: usize,
    },
    /// A key that is empty, too long, or not UTF-8.
    Key {
        /// Where it stands.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two entries with one key.
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// `general.alignment` is not a power of two, or not a `u32`.
    Alignment {
        /// What it is.
        found: String,
    },
    /// Something about one tensor.
    Tensor {
        /// The tensor's name, or its number when the name itself is wrong.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A key that is needed is not there.
    MissingKey {
        /// The key.
        key: String,
    },
    /// A value of another type than the key's meaning asks for.
    WrongType {
        /// The key.
        key: String,
        /// What was expected.
        expected: &'static str,
        /// What is there.
        found: String,
    },
}

impl GgufError {
    /// Whether more bytes of the same file could mend it.
    pub fn is_incomplete(&self) -> bool {
        matches!(self, Self::Incomplete { .. })
    }
}

impl fmt::Display for GgufError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic { found } if found.is_empty() => f.write_str("no GGUF file: it is empty"),
            Self::Magic { found } => {
                write!(
                    f,
                    "no GGUF file: begins with \"{}\", expected \"GGUF\"",
                    found.escape_ascii()
                )
            }
            Self::BigEndian => {
                f.write_str("big-endian GGUF file: only little-endian ones are read")
            }
            Self::Version { found } => {
                write!(f, "GGUF version {found}: versions 2 and 3 are read")
            }
            Self::Truncated {
                what,
                offset,
                needed,
                file_bytes,
            } => write!(
                f,
                "truncated file: {what} at byte {offset} needs {needed} bytes, the file has {file_bytes}"
            ),
            Self::Incomplete { needed } => {
                write!(
                    f,
                    "the header goes on: at least {needed} bytes of the file are needed"
                )
            }
            Self::Count {
                what,
                count,
                offset,
                file_bytes,
            } => write!(
                f,
                "absurd count: {count} {what} declared at byte {offset} of a file of {file_bytes} bytes"
            ),
            Self::ValueType { key, found } => {
                write!(f, "metadata {key:?}: unknown value type {found}")
            }
            Self::Bool { key, found } => {
                write!(f, "metadata {key:?}: boolean is {found}, expected 0 or 1")
            }
            Self::Nesting { key, limit } => {
                write!(
                    f,
                    "metadata {key:?}: arrays nested deeper than {limit} levels"
                )
            }
            Self::Key { offset, problem } => {
                write!(f, "metadata key at byte {offset}: {problem}")
            }
            Self::DuplicateKey { key } => write!(f, "metadata {key:?}: given twice"),
            Self::Alignment { found } => write!(
                f,
                "metadata \"general.alignment\": {found}, expected a power of two as u32"
            ),
            Self::Tensor { name, problem } => write!(f, "tensor {name:?}: {problem}"),
            Self::MissingKey { key } => write!(f, "metadata {key:?}: missing"),
            Self::WrongType {
                key,
                expected,
                found,
            } => write!(f, "metadata {key:?}: found {found}, expected {expected}"),
        }
    }
}

impl std::error::Error for GgufError {}
