//! Many cases at once: what a sweep plans, who runs which part of it, and what all of it comes to.
//!
//! In reading order: `file` is the form of `sweep.toml`, whose text is a `source`; `checked` is a sweep
//! whose `values` and `terms` make sense; `expand` makes a plan of it, with `models`, `engines`, `names`
//! and `cases`; [`planning`] is the command, which tells of plans by `listing`. [`keys`] says by what a
//! case is known.
//!
//! [`execute`] runs the cases of a [`shard`], `comparison` by comparison, each [`asked`] for what the plan
//! says: `pipeline` evaluates and compares what a worker has a [`claim`] on, within a [`budget`].
//! [`folder`] is where runs lie and how they are read back; [`progress`] is what those who wait are told.
//!
//! Whoever reads a run goes through it by `in_turn`, and asks [`lookup`] what the plan says of a case,
//! [`belonging`] whether a receipt is of that, [`standing`] which one counts, and [`environments`] where
//! it was made; [`summary`] is what all of them come to. [`merge`] brings
//! the folders of shards together into one run, of which [`gate`] gives the verdict, [`tables`] are for
//! other programs and [`page`] for people. [`rerun`] says which cases are run again, and [`replay`] how
//! one was computed. [`diff`] says what became of the cases of one run in another, and [`trend`] what
//! comparisons came to over several.

pub mod again;
pub mod asked;
pub mod belonging;
pub mod budget;
mod cases;
mod checked;
pub mod claim;
mod comparison;
pub mod diff;
mod engines;
pub mod environments;
mod error;
pub mod execute;
mod expand;
pub mod failure;
mod file;
pub mod folder;
pub mod gate;
pub mod keys;
mod listing;
pub mod lookup;
pub mod merge;
mod models;
mod names;
pub mod page;
mod pipeline;
pub mod planning;
pub mod progress;
pub mod replay;
pub mod rerun;
pub mod shard;
mod source;
pub mod standing;
pub mod summary;
pub mod tables;
mod terms;
#[cfg(test)]
pub(crate) mod testing;
pub mod trend;
mod values;
mod workroom;

pub use error::PlanError;
