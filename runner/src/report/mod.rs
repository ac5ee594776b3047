//! An outcome for people and for programs.

pub mod ladder;
pub mod text;
