//! Whole comparisons by the command `lockstep`, between engines that write down what they are
//! asked: the order of things, the acceptance criteria of the gate, perturbed numbers, every exit
//! code, the stored files, `inspect` with its norm gate. No model is evaluated, and each test has a
//! folder of its own.

mod acceptance_criteria;
mod adopted;
mod artifacts;
mod chat_template_faults;
mod chat_templates;
mod constant_rows;
mod desk;
mod distorted;
mod evidence;
mod exits;
mod exits_unavailable;
mod floors;
mod guards;
mod inspect;
mod interrupt;
mod ladder;
mod limits;
mod model;
#[path = "../models/mod.rs"]
mod models;
mod norms;
mod order;
mod paths;
mod perturbed;
mod prompts;
mod receipt;
mod rerun;
mod stretches;
mod templates;
mod triangulation;
mod verify;
