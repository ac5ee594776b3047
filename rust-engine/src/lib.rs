//! An inference engine that follows llama.cpp's scalar arithmetic bit by bit, or computes fast.
//!
//! In reading order: [`model`] (what is in the file), [`formats`] (how tensors are coded),
//! [`forward`] (the forward pass over [`kernels`]), [`tokenizer`], and [`serve`] (the exchange
//! protocol: describe, tokenize, evaluate). `twin`, `fixture` and
//! `vocabulary_file` write models. `faults` makes mistakes on purpose, if it is built in.
//!
//! Unsafe code is in `mapping` and in the kernels for one CPU feature each, nowhere else.
#![deny(unsafe_code)]
#![expect(
    clippy::needless_range_loop,
    reason = "a loop over positions or strips indexes several arrays, and must stay a plain loop"
)]
#![expect(
    clippy::inline_always,
    reason = "a loop is written once and compiled for each instruction set: only what is inlined is"
)]

#[cfg(feature = "faults")]
pub mod faults;
pub mod fixture;
pub mod formats;
pub mod forward;
pub mod kernels;
pub mod mapping;
pub mod model;
mod output;
pub mod serve;
pub mod tokenizer;
pub mod twin;
pub mod vocabulary_file;
