//! An outcome for people and for programs.

mod floor;
pub mod floors;
pub mod ladder;
pub mod run;
pub mod sabotage;
pub mod text;
mod triangulation;
