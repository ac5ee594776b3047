//! The operations of arithmetic `fast`: the same graph, with kernels and orders of our own.
//!
//! Activations are quantised as the reference's generic code does it, each product's integer part is
//! exact, and floats are added in whatever order is quickest. No result depends on the number of threads:
//! each number is computed by one of them, in one order.

mod attention;
mod exp;
mod gate;
mod norm;
mod products;

pub use attention::weigh;
pub(super) use attention::{Attention, KEY_BLOCK};
pub(super) use gate::join;
pub use norm::rms_norm;
pub use products::coding_for;
pub(super) use products::{Prepared, Products};
