//! A large run, for `scripts/measure-runs.sh`, which times what reads it.

use std::path::PathBuf;

use super::{Sweep, Told};

/// Rows of each case.
const POSITIONS: u64 = 300;

/// Asked for by its name alone: it takes a minute and a gigabyte.
#[test]
#[ignore = "writes a large run into $LOCKSTEP_LARGE_RUN, of $LOCKSTEP_LARGE_RUN_CASES cases"]
fn write_a_large_run() {
    let wanted = |name: &str| std::env::var(name).expect("the variable is set");
    let n_cases = wanted("LOCKSTEP_LARGE_RUN_CASES");
    let n_cases: usize = n_cases.parse().expect("a number of cases");
    let root = PathBuf::from(wanted("LOCKSTEP_LARGE_RUN"));
    Sweep::long(&vec![Told::Floors(0.25); n_cases], POSITIONS).write(&root);
}
