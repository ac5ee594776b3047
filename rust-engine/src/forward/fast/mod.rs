//! The operations of arithmetic `fast`: the same graph, with kernels and orders of our own.
//!
//! Activations are quantised as the reference's generic code does it, each product's integer part is
//! exact, and floats are added in whatever order is quickest. No result depends on the number of threads:
//! each number is computed by one of them, in one order.

mod attention;
mod gate;
mod norm;
mod per_thread;
mod prepared;
mod products;

pub(super) use attention::KEY_BLOCK;
pub(super) use gate::join;
pub use norm::rms_norm;
pub(super) use prepared::Prepared;
pub(super) use products::Products;
