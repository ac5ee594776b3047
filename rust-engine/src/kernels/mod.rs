//! The inner loops, with the CPU's features chosen once: [`exact`] for the arithmetics whose bits are
//! prescribed, [`fast`] for the one that has its own order.

pub mod exact;
pub mod fast;

/// What is said of a name that no set of an arithmetic has on this CPU.
fn unknown<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    format!(
        "no kernels {name:?} of this arithmetic on this CPU (there are: {})",
        names.join(", ")
    )
}
