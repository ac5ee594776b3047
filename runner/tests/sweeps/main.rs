//! Sweeps over small random models, by the command `lockstep` with the real engines.
//!
//! Made ready by `cargo build` of the workspace and scripts/build-references.sh. What is missing fails
//! the test: without it nothing is proved.

mod again;
mod baseline;
mod bench;
mod false_passes;
#[path = "../../src/sweep/testing/files.rs"]
mod files;
mod merged;
mod nights;
mod plan;
mod refusals;
mod running;
mod stopping;
