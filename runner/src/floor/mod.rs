//! How far a reference is from itself when nothing that should matter is changed, and how far a
//! comparison is beyond that.
//!
//! A quantised model rounds activations to codes; the last bit of a sum decides a code, and the
//! layers behind it amplify that. So two right engines differ, by how much depends on the model and
//! on the token, and no constant tells them from a wrong one. The floor of a row is the largest
//! distance that variants of the reference have there. One pair alone is at distance 0 from itself
//! at some rows and says nothing about them, hence several, another build among them, and no row's
//! floor is less than the 90th percentile of all.
//!
//! [`variants`] says what is changed and [`builds`] which other builds are there; [`measure`] compares
//! each with the base, [`store`] keeps what was found, [`obtain`] puts these together for the cases of
//! a comparison. [`reading`] makes the floor of a comparison of what was measured, [`excess`] holds
//! rows against it, and [`own`] its variants against each other; [`percentile`] is their one rule of rank.
//! [`command`] is `lockstep floor`, with its [`self_check`] and its [`plot`].

pub mod builds;
pub mod command;
pub mod excess;
pub mod measure;
pub mod obtain;
pub mod own;
pub mod percentile;
pub mod plot;
pub mod reading;
pub mod self_check;
pub mod store;
pub mod variants;
