//! The types of every object that Lockstep exchanges or stores.
//!
//! In reading order: [`tag`] (the `schema` field that begins every object), [`describe`],
//! [`tokenize`] and [`evaluate`] (what engines and the runner say to each other), then the
//! stored objects and what the other commands show. [`mod@line`] reads and writes one message, [`canonical`] writes an artifact so
//! that equal contents give equal bytes, and [`catalogue`] lists every kind with its JSON
//! Schema; the files under `json/` and `examples/` are checked against it.
//!
//! Nothing here opens a file or starts a process.
#![forbid(unsafe_code)]

pub mod agreed_tokens;
pub mod bench;
pub mod canonical;
pub mod catalogue;
pub mod coverage;
pub mod describe;
pub mod diff;
pub mod environment;
pub mod evaluate;
pub mod failure;
pub mod faults;
pub mod floor;
pub mod floor_report;
pub mod inspection;
pub mod ladder;
pub mod limits;
pub mod line;
pub mod norms;
pub mod number;
pub mod plan;
pub mod preflight;
pub mod prompt;
pub mod receipt;
pub mod reference_answer;
pub mod row;
pub mod run_summary;
pub mod sabotage;
pub mod symptom;
pub mod tag;
pub mod tokenize;
pub mod trend;
pub mod triangulation;
pub mod verification;
pub mod worst_rows;
