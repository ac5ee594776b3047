//! `lockstep bench` between stand-ins, which claim times by their settings: whose turn it is, which
//! settings are taken, every exit code, an earlier bench, the three formats. Real engines are measured
//! by rust-engine's tests of the references.

mod against;
mod faults;
mod formats;
mod memory;
mod order;
mod settings;
mod stage;
#[path = "../stand_in/mod.rs"]
mod stand_in;
