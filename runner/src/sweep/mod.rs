//! Many cases at once: what a sweep plans, who runs which part of it, and what all of it comes to.
//!
//! In reading order: [`keys`] says by what a case is known; [`execute`] runs the cases of a [`shard`],
//! `comparison` by comparison, each [`asked`] for what the plan says: `pipeline` evaluates and compares
//! what a worker has a [`claim`] on, within a [`budget`]. [`folder`] is where runs lie and how they are
//! read back; [`progress`] is what those who wait are told.

pub mod asked;
pub mod budget;
pub mod claim;
mod comparison;
pub mod error;
pub mod execute;
pub mod folder;
pub mod keys;
mod pipeline;
pub mod progress;
pub mod shard;
