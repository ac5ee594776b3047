//! rust-engine against the real llama.cpp, as processes: the same requests, the same answers.

mod bench;
mod bits;
mod changed;
mod extremes;
mod families;
mod fast;
mod full_disk;
mod memory;
mod metadata;
#[path = "../npy/mod.rs"]
mod npy;
mod process;
mod refusals;
mod requests;
mod serving;
mod tensors;
mod tokens;
mod triangulation;
mod twin;
