//! What the sub-commands on sweeps, and `lockstep bench`, do between their flags and their exit code.

pub mod bench;
pub mod gate;
pub mod merge;
pub mod replay;
pub mod run;
pub mod run_comparison;
pub mod sweep;
