//! The GGUF container: metadata, tensor table, where the tensors' bytes are.
//!
//! In reading order: [`Header::parse`] (bytes in, facts out), [`Metadata`] and [`Value`],
//! [`TensorInfo`] and [`TensorType`], and [`mod@write`] for the way back. [`GgufError`] says what
//! is wrong with a file and where.
//!
//! Parsing is a pure function on bytes. It believes nothing: every count and every offset is
//! compared with the size of the file before anything is allocated for it. The engine gives it
//! a mapped file; the runner, which maps nothing, gives it a growing piece of the file's head.
//!
//! ```text
//! "GGUF" | version u32 | n_tensors u64 | n_entries u64
//! n_entries × ( key string | value type u32 | value )
//! n_tensors × ( name string | n_dims u32 | n_dims × u64 | type u32 | offset u64 )
//! padding to the alignment | tensor bytes, each offset counted from here
//! ```
//! A string is a `u64` length and that many bytes; all numbers are little-endian.
#![forbid(unsafe_code)]

mod cursor;
mod error;
mod header;
mod tensor;
mod value;
pub mod write;

pub use error::GgufError;
pub use header::{Header, Metadata};
pub use tensor::{TensorInfo, TensorType};
pub use value::{Array, Text, Value};
