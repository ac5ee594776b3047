//! An outcome for people and for programs.

mod floor;
pub mod ladder;
pub mod text;
