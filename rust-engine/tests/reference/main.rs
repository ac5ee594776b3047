//! rust-engine against the real llama.cpp, as processes: the same requests, the same answers.

mod bits;
mod metadata;
mod process;
mod requests;
mod serving;
mod tokens;
mod twin;
