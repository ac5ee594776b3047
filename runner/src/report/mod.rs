//! An outcome for people and for programs.

pub mod text;
