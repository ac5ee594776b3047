//! Many cases at once: what a sweep plans, who runs which part of it, and what all of it comes to.
//!
//! In reading order: [`keys`] says by what a case is known; [`folder`] is where runs lie and how they
//! are read back.

pub mod folder;
pub mod keys;
