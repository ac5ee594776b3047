//! Other people's programs, kept at arm's length: everything that starts an engine, talks to it
//! and checks what it says.
//!
//! In reading order: [`spec`] and [`catalogue`] (which engines there are; `config` reads
//! `engines.toml`, [`places`] knows where the built-in ones lie), [`supervision`] (limits and
//! interruption), [`client`] and [`evaluation`] (the three sub-commands of the exchange
//! protocol), [`logits`] (the files of numbers), [`fault`] (every way in which an engine can
//! fail). Below them: `process` (start, group, end), `pipes` (the three streams), `session`
//! (requests out, answers in), `identity` (who a process is, for its faults), `environment` and
//! `scratch` (what an engine may see and use), `memory` (how much it has), `npy` (the header of a
//! logits file), `own` (this program itself under the same supervision).
//!
//! Nothing here compares numbers or judges them, and nothing an engine does can panic the
//! runner: it becomes an [`EngineFault`].

pub mod catalogue;
pub mod client;
mod config;
mod environment;
pub mod evaluation;
pub mod fault;
mod fault_text;
mod identity;
pub mod logits;
mod memory;
pub(crate) mod npy;
mod own;
mod pipes;
pub mod places;
mod process;
pub mod program;
mod scratch;
mod session;
pub mod spec;
pub mod supervision;
#[cfg(test)]
pub(crate) mod testing;
mod tokenization;

pub use catalogue::{Catalogue, UnknownEngine};
pub use client::Client;
pub use config::ConfigError;
pub use evaluation::{EvaluatedItem, Evaluation};
pub use fault::{EngineFault, FaultKind, Wait};
pub use logits::LogitsFile;
pub use memory::Memory;
pub use npy::LogitsProblem;
pub(crate) use own::ask_own_program;
pub use places::Places;
pub use spec::{EngineSettings, EngineSpec, Origin, Threads};
pub(crate) use spec::{arithmetic_word, kv_word, on_off};
pub use supervision::{Interrupt, Supervision};
pub use tokenization::Tokenization;
