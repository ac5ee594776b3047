//! Compares two language-model engines and gives a verdict that can be trusted.
//!
//! In reading order: [`run`] tells the order of a comparison, and [`case`] is what goes through it;
//! its stages are [`prompt`], `capability` (can the engines do this?), `ask` (for tokens), [`gate`]
//! with `mismatch_report`, [`twin`] (with `identify`), [`sitting`] and [`pair`] (who evaluate), [`compare`] over
//! [`metrics`], [`judge`] by [`limits`] and a [`floor`], [`triangulation`] by a third voice, and
//! [`outcome`] with its [`conclusion`], [`reason`], `warnings` and [`record`], which [`seal`] closes;
//! [`run_error`] is what comes before any of them. [`engine`] keeps other people's programs at arm's
//! length. [`cli`] turns flags into a [`request`]; [`report`] and [`results`] show and store what came
//! out.
//!
//! [`ladder`] goes through the same stages rung by rung. Commands on many prompts take them from a
//! [`prompt_set`] and ask [`coverage`] whether they were enough. [`verify`] looks whether a stored
//! receipt can be believed; [`symptoms`] says what a failure may come from. [`distort`] spoils answers
//! on purpose, and [`sabotage`] checks by that, and by an engine's own faults, that all this notices
//! them. [`mod@bench`] measures how fast engines are. [`inspect`], [`preflight`] and [`setup_cpp`] are other
//! commands.
#![forbid(unsafe_code)]

mod ask;
pub mod bench;
mod capability;
pub mod case;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod conclusion;
pub mod console;
pub mod coverage;
pub mod distort;
pub mod engine;
pub mod exit;
pub mod floor;
pub mod gate;
pub mod guards;
mod identify;
mod in_turn;
pub mod inspect;
pub mod judge;
pub mod ladder;
pub mod limits;
pub mod metrics;
mod mismatch_report;
pub mod model_file;
pub mod outcome;
pub mod pair;
pub mod pattern;
pub mod preflight;
pub mod prompt;
pub mod prompt_set;
pub mod reason;
pub mod record;
pub mod reference_cache;
pub mod report;
pub mod request;
pub mod results;
pub mod rows;
pub mod run;
pub mod run_error;
pub mod sabotage;
pub mod seal;
pub mod setup_cpp;
pub mod sitting;
mod svg;
pub mod sweep;
pub mod symptoms;
pub mod text;
pub mod triangulation;
pub mod twin;
pub mod verify;
mod warnings;
pub mod watch;
pub mod worst_rows;
