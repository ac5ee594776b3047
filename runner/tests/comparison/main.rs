//! `lockstep per-token` as a user meets it, on stand-ins that log what they are asked.

mod artifacts;
mod desk;
mod gate;
mod order;
mod perturbed;
mod usage;
