//! `preflight`: what is there, what is not, what mends it, and when a comparison can begin.

mod failures;
mod machine;
mod ready;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod with_a_model;
